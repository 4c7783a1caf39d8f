// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// TestStatusIsTheSidecars: the status of each event is what the operator's own rules make of it, but for the times.
func TestStatusIsTheSidecars(t *testing.T) {
	recording := script.Script{Tag: "00000001"}.Recording(7)
	raw := json.RawMessage(`{"events":[]}`)
	var want v1alpha1.RecordingStatus
	for _, event := range script.Lifecycle {
		got, err := withEvent(raw, recording, event)
		if err != nil {
			t.Fatal(err)
		}
		want = lifecycle.Apply(want, lifecycle.Event{
			Type: states[event], Source: v1alpha1.EventSourceWebhook, FilePath: recording.FilePath, FileURL: recording.FileURL,
			ReceivedAt: got.Events[len(got.Events)-1].ReceiveTime.Time,
		})
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(), cmpopts.IgnoreTypes(metav1.Time{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", event, diff)
		}
		if raw, err = json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := withEvent(json.RawMessage(`[]`), recording, script.Stopped); err == nil {
		t.Error("a status that is none is no error")
	}
}

// TestStarted: a recording is finished once, whether its Job completes before it waits or after.
func TestStarted(t *testing.T) {
	s := started{waiting: map[string]*v1alpha1.MeetingRecording{}, complete: map[string]bool{}}
	recording := &v1alpha1.MeetingRecording{}
	if !s.await("late", recording) {
		t.Error("a Job that is at work is taken for complete")
	}
	if s.end("late") != recording || s.end("late") != nil {
		t.Error("a recording is not finished once")
	}
	if s.end("early") != nil || s.await("early", recording) {
		t.Error("a Job that completed early is waited for")
	}
}

func TestNewRefuses(t *testing.T) {
	good := script.Script{Tag: "00000001", Recordings: 1, Senders: 1, Events: script.Lifecycle}
	steps := func(n int) *v1alpha1.RecordingPipeline {
		return &v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{Steps: make([]v1alpha1.PipelineStep, n)}}
	}
	for name, options := range map[string]Options{
		"no script": {Pipeline: steps(1)},
		"two steps": {Script: good, Pipeline: steps(2)},
		"no step":   {Script: good, Pipeline: steps(0)},
	} {
		if _, err := New(&rest.Config{}, options); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(&rest.Config{}, Options{Script: good, Pipeline: steps(1)}); err != nil {
		t.Error(err)
	}
}
