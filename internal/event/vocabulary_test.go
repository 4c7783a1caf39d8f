// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// A stream and a CloudEvent have one name and one value for each thing that both say of a recording, its file and its outputs.
func TestOneVocabulary(t *testing.T) {
	at := metav1.NewMicroTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	size := int64(7)
	object := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "meetings", Name: "rec", UID: "u"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 2},
		Status: v1alpha1.MeetingRecordingStatus{
			Recording: v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "a.mp4", URL: "https://example.com/a.mp4"},
				Events: []v1alpha1.RecordingEvent{{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at}},
			},
			Processing: v1alpha1.ProcessingStatus{Steps: []v1alpha1.StepStatus{{
				Pipeline: "p", Step: "a", Attempt: 1, State: v1alpha1.StepSucceeded,
				Outputs: []v1alpha1.StepOutput{{Name: "o", URL: "x:y", MediaType: "video/mp4", SizeBytes: &size, SHA256: "0"}},
			}}},
		},
	}
	stopped := fieldsOf(t, event.Received(object, object.Status.Recording.Events[0]).Data)
	made := fieldsOf(t, event.Made(object, &object.Status.Processing.Steps[0]).Data)
	of := stopped["recording"].(map[string]any)
	step := made["step"].(map[string]any)
	output := step["outputs"].([]any)[0].(map[string]any)
	changes := event.Between(nil, object)
	if len(changes) != 2 {
		t.Fatalf("%d changes, want that of the recording and its output", len(changes))
	}
	for i, want := range []map[string]any{
		{"namespace": of["namespace"], "meetingID": of["meetingID"], "sessionID": of["sessionID"], "segment": of["segment"], "recording": of["name"],
			"source": stopped["source"], "file": stopped["file"]},
		{"namespace": of["namespace"], "meetingID": of["meetingID"], "sessionID": of["sessionID"], "segment": of["segment"], "recording": of["name"],
			"pipeline": step["pipeline"], "attempt": step["attempt"], "name": output["name"], "url": output["url"], "mediaType": output["mediaType"],
			"sizeBytes": output["sizeBytes"], "sha256": output["sha256"]},
	} {
		got := fieldsOf(t, changes[i].Data)
		for field, value := range want {
			if diff := cmp.Diff(value, got[field]); value == nil || diff != "" {
				t.Errorf("%s: %s (-CloudEvent +stream):\n%s", changes[i].Name, field, diff)
			}
		}
	}
}

func fieldsOf(t *testing.T, data any) map[string]any {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	fields := make(map[string]any)
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}
