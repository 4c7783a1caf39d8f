// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// sinkFlags have the manager deliver to a sink.
func sinkFlags(t *testing.T, sink *harness.Sink) []string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--cloudevents-sink-url=" + sink.URL, "--cloudevents-signing-key-file=" + key, "--cloudevents-mode=binary"}
}

// expectDelivery has a webhook come for a recording, and waits until the sink has its event.
func expectDelivery(t *testing.T, api *controlplane.ControlPlane, sink *harness.Sink) {
	t.Helper()
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: 1},
	}
	if err := api.Client.Create(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	old, at := recording.DeepCopy(), metav1.NowMicro()
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted, Events: []v1alpha1.RecordingEvent{
		{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at},
	}}
	if err := api.Client.Status().Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
	if got, want := sink.Await(t, 1)[0].Header.Get("ce-id"), string(recording.UID)+"-recording-started"; got != want {
		t.Errorf("the sink got %q, want %q", got, want)
	}
}
