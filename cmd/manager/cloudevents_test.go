// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// newSink returns the flags of a sink of events, and what tells of the ids of those that it gets.
func newSink(t *testing.T) (flags []string, ids <-chan string) {
	t.Helper()
	got := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("ce-id") }))
	t.Cleanup(server.Close)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--cloudevents-sink-url=" + server.URL, "--cloudevents-signing-key-file=" + key, "--cloudevents-mode=binary"}, got
}

// expectDelivery has a webhook come for a recording, and waits until the sink is told.
func expectDelivery(t *testing.T, config *rest.Config, ids <-chan string) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	admin, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: 1},
	}
	if err := admin.Create(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	old, at := recording.DeepCopy(), metav1.NowMicro()
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted, Events: []v1alpha1.RecordingEvent{
		{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at},
	}}
	if err := admin.Status().Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
	select {
	case id := <-ids:
		if want := string(recording.UID) + "-recording-started"; id != want {
			t.Errorf("the sink got %q, want %q", id, want)
		}
	case <-time.After(time.Minute):
		t.Error("the sink is told nothing")
	}
}
