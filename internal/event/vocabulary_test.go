// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"encoding/json"
	"strings"
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
	object.Status.Processing.State, object.Status.Processing.LastTransitionTime = v1alpha1.ProcessingSucceeded, &at
	changes := event.Between(nil, object)
	step := &object.Status.Processing.Steps[0]
	sent := []event.CloudEvent{event.Received(object, object.Status.Recording.Events[0]), event.Made(object, step), event.Processed(object)}
	if len(changes) != len(sent) {
		t.Fatalf("%d changes and %d CloudEvents", len(changes), len(sent))
	}
	for i, want := range []string{"recording source file", "recording pipeline step attempt", "recording state"} {
		streamed, delivered := fieldsOf(t, changes[i].Data), fieldsOf(t, sent[i].Data)
		for field := range strings.FieldsSeq(want) {
			if diff := cmp.Diff(delivered[field], streamed[field]); delivered[field] == nil || diff != "" {
				t.Errorf("%s: %s (-CloudEvent +stream):\n%s", changes[i].Name, field, diff)
			}
		}
	}
	if streamed, delivered := fieldsOf(t, changes[0].Data), fieldsOf(t, sent[0].Data); streamed["status"] != "RECORDING_"+strings.ToUpper(delivered["state"].(string)) {
		t.Errorf("the stream has status %s, the CloudEvent state %s", streamed["status"], delivered["state"])
	}
	outputs, ok := fieldsOf(t, sent[1].Data)["outputs"].([]any)
	if !ok || len(outputs) != 1 {
		t.Fatalf("the CloudEvent has the outputs %v", outputs)
	}
	output, streamed := fieldsOf(t, outputs[0]), fieldsOf(t, changes[1].Data)
	for field, value := range output {
		if diff := cmp.Diff(value, streamed[field]); diff != "" {
			t.Errorf("output: %s (-CloudEvent +stream):\n%s", field, diff)
		}
	}
	// The steps of the API, of the stream and of CloudEvents have the same names for what identifies them.
	stored, reported := fieldsOf(t, step), fieldsOf(t, fieldsOf(t, changes[2].Data)["steps"].([]any)[0])
	for field, value := range reported {
		if diff := cmp.Diff(stored[field], value); diff != "" {
			t.Errorf("step: %s (-API +stream):\n%s", field, diff)
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
