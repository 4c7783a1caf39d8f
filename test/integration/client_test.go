// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const clientToken = "a-token-for-the-apps"

// tell forwards a client event to the sidecar, as an app does.
func (o *operator) tell(t *testing.T, w harness.Webhook, status, result string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"meetingId": w.MeetingID, "sessionId": w.SessionID, "status": status})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+o.webhooks+"/events/recordingStateChanged", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+clientToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var got harness.Answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || got.Result != result {
		t.Fatalf("%s was answered %d %+v, want 200 %s", status, response.StatusCode, got, result)
	}
}

// TestClientEventsLaunchNothing: a client's word shows at once, and no Job comes of it, not even of RECORDING_STOPPED; then the webhooks
// come, and one Job does.
func TestClientEventsLaunchNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(clientToken), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t, "--client-token-file", file)
	name, webhooks := newSession(t)
	other, othersWebhooks := newSession(t)
	status := func() v1alpha1.RecordingStatus {
		t.Helper()
		recording := &v1alpha1.MeetingRecording{}
		if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, recording); err != nil {
			t.Fatal(err)
		}
		return recording.Status.Recording
	}

	o.tell(t, webhooks[0], "RECORDING_STARTED", "recorded")
	if got := status(); got.State != v1alpha1.RecordingStarted || got.Events[0].Source != v1alpha1.EventSourceClient {
		t.Errorf("status %+v", got)
	}
	o.tell(t, webhooks[0], "RECORDING_STOPPED", "recorded")
	o.tell(t, webhooks[0], "RECORDING_STOPPED", "duplicate")
	if got := status(); got.State != v1alpha1.RecordingStopping || got.EndTime != nil {
		t.Errorf("status %+v", got)
	}

	// By the time that a later recording has its Job, the manager has seen this one.
	for _, w := range othersWebhooks {
		o.mustSend(t, w, "recorded")
	}
	awaitJob(t, other)
	if jobs, err := jobsOf(t.Context(), name); err != nil || len(jobs) != 0 {
		t.Fatalf("a client has launched %d Jobs (%v)", len(jobs), err)
	}

	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	o.tell(t, webhooks[0], "RECORDING_STOPPED", "duplicate")
	complete(t, awaitJob(t, name))
	recording := awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	want := []v1alpha1.RecordingEvent{
		{Type: v1alpha1.EventStarting, Source: v1alpha1.EventSourceWebhook, Deliveries: 1},
		{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, Deliveries: 1},
		{Type: v1alpha1.EventStopping, Source: v1alpha1.EventSourceWebhook, Deliveries: 1},
		{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, Deliveries: 1},
	}
	if diff := cmp.Diff(want, recording.Status.Recording.Events, cmpopts.IgnoreFields(v1alpha1.RecordingEvent{}, "ReceiveTime", "LastReceiveTime")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	onlyObject(t, webhooks[0].SessionID, name)
	if jobs, err := jobsOf(t.Context(), name); err != nil || len(jobs) != 1 {
		t.Errorf("there are %d Jobs (%v), want 1", len(jobs), err)
	}
}
