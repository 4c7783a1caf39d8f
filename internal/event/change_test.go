// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

var begin = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func object(status v1alpha1.MeetingRecordingStatus) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "meetings", Name: "m-s"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 1},
		Status:     status,
	}
}

var recording = events.Recording{Namespace: "meetings", Name: "m-s", MeetingID: "m", SessionID: "s", Segment: 1}

// entry is an event of the provider that arrived so many seconds after the beginning.
func entry(eventType v1alpha1.EventType, seconds int) v1alpha1.RecordingEvent {
	at := metav1.NewMicroTime(begin.Add(time.Duration(seconds) * time.Second))
	return v1alpha1.RecordingEvent{Type: eventType, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at}
}

func change(status events.Status, seconds int, file *events.File) event.Change {
	return event.Change{Name: events.NameRecordingStateChanged, Data: events.RecordingChange{
		Recording: recording, Status: status, At: begin.Add(time.Duration(seconds) * time.Second), Source: "Webhook", File: file,
	}}
}

func TestBetween(t *testing.T) {
	size := int64(7)
	ended, changed := metav1.NewTime(begin.Add(time.Minute)), metav1.NewMicroTime(begin.Add(time.Minute))
	archived := []v1alpha1.StepStatus{{
		Pipeline: "archive", Step: "copy", Attempt: 1, State: v1alpha1.StepSucceeded, CompletionTime: &ended,
		Outputs: []v1alpha1.StepOutput{{Name: "archive", URL: "s3://b/k", MediaType: "video/mp4", SizeBytes: &size}},
	}}
	copied := events.Step{Pipeline: "archive", Step: "copy", Attempt: 1, State: "Succeeded"}
	archive := event.Change{Name: events.NameOutputReady, Data: events.Output{
		Recording: recording, Pipeline: "archive", Step: "copy", Attempt: 1, Name: "archive", URL: "s3://b/k", MediaType: "video/mp4",
		SizeBytes: &size, At: ended.UTC(),
	}}
	processing := func(state string) event.Change {
		return event.Change{Name: events.NameProcessingStateChanged, Data: events.ProcessingChange{
			Recording: recording, State: state, At: ended.UTC(), Steps: []events.Step{copied},
		}}
	}
	started := v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted, Events: []v1alpha1.RecordingEvent{
		entry(v1alpha1.EventStarting, 1), entry(v1alpha1.EventStarted, 2),
	}}
	for name, test := range map[string]struct {
		old      *v1alpha1.MeetingRecordingStatus
		now      v1alpha1.MeetingRecordingStatus
		expected []event.Change
	}{
		"a new object without events": {now: v1alpha1.MeetingRecordingStatus{
			Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting},
		}},
		"two events in one write": {
			now:      v1alpha1.MeetingRecordingStatus{Recording: started},
			expected: []event.Change{change(events.RecordingStarting, 1, nil), change(events.RecordingStarted, 2, nil)},
		},
		"a redelivery": {
			old: &v1alpha1.MeetingRecordingStatus{Recording: started},
			now: v1alpha1.MeetingRecordingStatus{Recording: started},
		},
		"the end, with the file": {
			old: &v1alpha1.MeetingRecordingStatus{Recording: started},
			now: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "p", URL: "u"},
				Events: append(slices.Clone(started.Events), entry(v1alpha1.EventStopping, 3), entry(v1alpha1.EventStopped, 4)),
			}},
			expected: []event.Change{
				change(events.RecordingStopping, 3, nil), change(events.RecordingStopped, 4, &events.File{Path: "p", URL: "u"}),
			},
		},
		"an event that came too late to matter": {
			old: &v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, Events: []v1alpha1.RecordingEvent{entry(v1alpha1.EventStopped, 4)},
			}},
			now: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
				State:  v1alpha1.RecordingStopped,
				Events: []v1alpha1.RecordingEvent{entry(v1alpha1.EventStopped, 4), entry(v1alpha1.EventStopping, 5)},
			}},
		},
		"a failure, which a file undoes": {
			now: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
				State:  v1alpha1.RecordingStopped,
				Events: []v1alpha1.RecordingEvent{entry(v1alpha1.EventFailed, 1), entry(v1alpha1.EventStopped, 2)},
			}},
			expected: []event.Change{change(events.RecordingFailed, 1, nil), change(events.RecordingStopped, 2, nil)},
		},
		"an event that goes beyond the state, as one that a client sent": {
			now: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
				State:  v1alpha1.RecordingStarted,
				Events: []v1alpha1.RecordingEvent{entry(v1alpha1.EventStarted, 1), entry(v1alpha1.EventStopped, 2)},
			}},
			expected: []event.Change{change(events.RecordingStarted, 1, nil)},
		},
		"a state without an event": {
			now: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted}},
			expected: []event.Change{{Name: events.NameRecordingStateChanged, Data: events.RecordingChange{
				Recording: recording, Status: events.RecordingStarted,
			}}},
		},
		"the end of processing comes after its outputs": {
			old:      &v1alpha1.MeetingRecordingStatus{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning}},
			now:      v1alpha1.MeetingRecordingStatus{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingSucceeded, LastTransitionTime: &changed, Steps: archived}},
			expected: []event.Change{archive, processing("Succeeded")},
		},
		"a step's outputs while others run": {
			old:      &v1alpha1.MeetingRecordingStatus{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingQueued}},
			now:      v1alpha1.MeetingRecordingStatus{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, LastTransitionTime: &changed, Steps: archived}},
			expected: []event.Change{processing("Running"), archive},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var old *event.State
			if test.old != nil {
				old = event.Of(object(*test.old))
			}
			if difference := cmp.Diff(test.expected, event.Between(old, object(test.now))); difference != "" {
				t.Error(difference)
			}
		})
	}
}

// Of a recording that is not held all that is known is that its processing was over: a rerun is reported, what was made before is not.
func TestAsEnded(t *testing.T) {
	rerun := object(v1alpha1.MeetingRecordingStatus{
		Recording: v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, Events: []v1alpha1.RecordingEvent{entry(v1alpha1.EventStopped, 1)}},
		Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{{
			Pipeline: "archive", Step: "copy", Attempt: 1, State: v1alpha1.StepSucceeded, Outputs: []v1alpha1.StepOutput{{Name: "archive"}},
		}}},
	})
	var names []string
	for _, event := range event.Between(event.Of(rerun).AsEnded(), rerun) {
		names = append(names, event.Name)
	}
	if difference := cmp.Diff([]string{events.NameProcessingStateChanged}, names); difference != "" {
		t.Error(difference)
	}
}

func TestPresent(t *testing.T) {
	if present := event.Of(object(v1alpha1.MeetingRecordingStatus{})).Present(); present != nil {
		t.Errorf("of a recording without events: %v", present)
	}
	present := event.Of(object(v1alpha1.MeetingRecordingStatus{
		Recording: v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, Events: []v1alpha1.RecordingEvent{
			entry(v1alpha1.EventStarted, 1), entry(v1alpha1.EventStopped, 2),
		}},
		Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingQueued},
	})).Present()
	expected := []event.Change{
		{Name: events.NameRecordingStateChanged, Data: events.RecordingChange{
			Recording: recording, Status: events.RecordingStopped, At: begin.Add(2 * time.Second), Source: "Webhook", Snapshot: true,
		}},
		{Name: events.NameProcessingStateChanged, Data: events.ProcessingChange{Recording: recording, State: "Queued", Snapshot: true}},
	}
	if difference := cmp.Diff(expected, present); difference != "" {
		t.Error(difference)
	}
}

// told is what a client is reported, in short.
func told(path []*v1alpha1.MeetingRecording) (statuses, processing, outputs []string) {
	var old *event.State
	for _, now := range path {
		for _, event := range event.Between(old, now) {
			switch data := event.Data.(type) {
			case events.RecordingChange:
				statuses = append(statuses, string(data.Status))
			case events.ProcessingChange:
				processing = append(processing, data.State)
			case events.Output:
				outputs = append(outputs, data.Name)
			}
		}
		old = event.Of(now)
	}
	return statuses, processing, outputs
}

// world draws the writes of a recording's life: events in any order, many in a write, twice, late, and then processing.
func world(t *rapid.T, late bool) []*v1alpha1.MeetingRecording {
	types := []v1alpha1.EventType{
		v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped, v1alpha1.EventFailed,
	}
	var path []*v1alpha1.MeetingRecording
	var status v1alpha1.MeetingRecordingStatus
	for i := range rapid.IntRange(1, 8).Draw(t, "events") {
		at := i * 10
		if late {
			at -= rapid.IntRange(0, 30).Draw(t, "late by")
		}
		status.Recording = lifecycle.Apply(status.Recording, lifecycle.Event{
			Type: rapid.SampledFrom(types).Draw(t, "type"), Source: v1alpha1.EventSourceWebhook,
			ReceivedAt: begin.Add(time.Duration(at) * time.Second),
		})
		path = append(path, object(*status.DeepCopy()))
	}
	states := rapid.SliceOf(rapid.SampledFrom([]v1alpha1.ProcessingState{
		v1alpha1.ProcessingQueued, v1alpha1.ProcessingRunning, v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed,
	})).Draw(t, "processing")
	for i, state := range states {
		status.Processing.State = state
		status.Processing.Steps = append(status.Processing.Steps, v1alpha1.StepStatus{
			Pipeline: "p", Step: string(rune('a' + i)), Attempt: 1, Outputs: []v1alpha1.StepOutput{{Name: string(rune('a' + i))}},
		})
		path = append(path, object(*status.DeepCopy()))
	}
	return path
}

// seen draws which of the writes were seen, the last one always.
func seen(t *rapid.T, path []*v1alpha1.MeetingRecording) []*v1alpha1.MeetingRecording {
	var some []*v1alpha1.MeetingRecording
	for i, one := range path {
		if i == len(path)-1 || rapid.Bool().Draw(t, "seen") {
			some = append(some, one)
		}
	}
	return some
}

var order = []string{"RECORDING_STARTING", "RECORDING_STARTED", "RECORDING_STOPPING", "RECORDING_FAILED", "RECORDING_STOPPED"}

// Whatever writes are merged, a status never goes back nor comes twice, every state that was seen is reported, and so is every output.
func TestEveryPathIsToldOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := seen(t, world(t, true))
		statuses, processing, outputs := told(path)
		ranks := make([]int, len(statuses))
		for i, status := range statuses {
			ranks[i] = slices.Index(order, status)
		}
		if !slices.IsSorted(ranks) || len(slices.Compact(ranks)) != len(statuses) {
			t.Fatalf("statuses %v", statuses)
		}
		var states []string
		for _, one := range path {
			if status := string(event.StatusOf(one.Status.Recording.State)); !slices.Contains(statuses, status) {
				t.Fatalf("%s is missing from %v", status, statuses)
			}
			states = append(states, string(one.Status.Processing.State))
		}
		states = slices.DeleteFunc(slices.Compact(states), func(s string) bool { return s == "" })
		if difference := cmp.Diff(states, append([]string{}, processing...)); difference != "" {
			t.Fatalf("processing: %s", difference)
		}
		var made []string
		for _, step := range path[len(path)-1].Status.Processing.Steps {
			made = append(made, step.Outputs[0].Name)
		}
		if difference := cmp.Diff(made, outputs); difference != "" {
			t.Fatalf("outputs: %s", difference)
		}
	})
}

// Where events are written in the order in which they came, it does not matter at all which writes are merged.
func TestMergedWritesTellTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := world(t, false)
		all, _, _ := told(path)
		some, _, _ := told(seen(t, path))
		if difference := cmp.Diff(all, some); difference != "" {
			t.Fatal(difference)
		}
	})
}
