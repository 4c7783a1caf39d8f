// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
)

// Change is one change of a recording, as sent in streams.
type Change struct {
	// Name is one of the names in package events.
	Name string
	// Data is an events.RecordingChange, an events.ProcessingChange or an events.Output.
	Data any
}

// ranks orders the states of a recording. A file wins over a failure.
var ranks = map[v1alpha1.RecordingState]int{
	v1alpha1.RecordingStarting: 1,
	v1alpha1.RecordingStarted:  2,
	v1alpha1.RecordingStopping: 3,
	v1alpha1.RecordingFailed:   4,
	v1alpha1.RecordingStopped:  5,
}

var statuses = map[v1alpha1.RecordingState]events.Status{
	v1alpha1.RecordingStarting: events.RecordingStarting,
	v1alpha1.RecordingStarted:  events.RecordingStarted,
	v1alpha1.RecordingStopping: events.RecordingStopping,
	v1alpha1.RecordingFailed:   events.RecordingFailed,
	v1alpha1.RecordingStopped:  events.RecordingStopped,
}

// StatusOf is the state as the provider's SDKs spell it; "" if the recording has no event yet.
func StatusOf(state v1alpha1.RecordingState) events.Status { return statuses[state] }

// Between returns the changes from a state, nil if the recording is new, to an object: first the recording's state, then processing while it
// goes on, then outputs, and last the end of processing. One write may contain several of the provider's events: each that advanced the
// recording is reported, in the order of arrival; a late one is not. The object contains its whole past, so the number of writes between the
// two does not matter.
func Between(old *State, object *v1alpha1.MeetingRecording) []Change {
	if old == nil {
		old = &State{processing: v1alpha1.ProcessingWaiting}
	}
	now := Of(object)
	changes := recordingChanges(old, now, object.Status.Recording)
	processing := processingChanges(old, now)
	if !now.Ended() {
		changes = append(changes, processing...)
	}
	for _, step := range object.Status.Processing.Steps {
		for _, output := range step.Outputs {
			if _, known := old.outputs[outputKey{step.Pipeline, step.Step, output.Name, step.Attempt}]; !known {
				changes = append(changes, Change{events.NameOutputReady, outputOf(now.Recording, step, output)})
			}
		}
	}
	if now.Ended() {
		changes = append(changes, processing...)
	}
	return changes
}

// recordingChanges walks the entries, in the order of their first arrival. An entry beyond the state has not counted.
func recordingChanges(old, now *State, recording v1alpha1.RecordingStatus) []Change {
	var changes []Change
	reached, last := ranks[old.recording], ranks[now.recording]
	for _, entry := range recording.Events {
		state := v1alpha1.RecordingState(entry.Type)
		if ranks[state] <= reached || ranks[state] > last {
			continue
		}
		reached = ranks[state]
		changes = append(changes, Change{events.NameRecordingStateChanged,
			recordingChange(now, state, entry.ReceiveTime.UTC(), string(entry.Source))})
	}
	if reached < last { // a state without an entry: nobody writes that, but whoever does is believed
		changes = append(changes, Change{events.NameRecordingStateChanged, recordingChange(now, now.recording, now.at, now.source)})
	}
	return changes
}

func recordingChange(now *State, state v1alpha1.RecordingState, at time.Time, source string) events.RecordingChange {
	change := events.RecordingChange{Recording: now.Recording, Status: statuses[state], At: at, Source: source}
	if state == v1alpha1.RecordingStopped {
		change.File = now.file
	}
	return change
}

func processingChanges(old, now *State) []Change {
	if now.processing == old.processing || now.processing == "" || now.processing == v1alpha1.ProcessingWaiting {
		return nil
	}
	return []Change{{events.NameProcessingStateChanged, processingChange(now)}}
}

func processingChange(now *State) events.ProcessingChange {
	return events.ProcessingChange{Recording: now.Recording, State: string(now.processing), At: now.processingAt, Steps: now.steps}
}

func outputOf(recording events.Recording, step v1alpha1.StepStatus, output v1alpha1.StepOutput) events.Output {
	made := events.Output{
		Recording: recording, Pipeline: step.Pipeline, Step: step.Step, Attempt: step.Attempt, Name: output.Name, URL: output.URL,
		MediaType: output.MediaType, SizeBytes: output.SizeBytes, SHA256: output.SHA256,
	}
	if step.CompletionTime != nil {
		made.At = step.CompletionTime.UTC()
	}
	return made
}

// Present returns the state as events whose Snapshot is true: the recording's state, and that of processing if it has begun.
func (s *State) Present() []Change {
	var present []Change
	if s.recording != "" {
		change := recordingChange(s, s.recording, s.at, s.source)
		change.Snapshot = true
		present = append(present, Change{events.NameRecordingStateChanged, change})
	}
	if s.processing != "" && s.processing != v1alpha1.ProcessingWaiting {
		change := processingChange(s)
		change.Snapshot = true
		present = append(present, Change{events.NameProcessingStateChanged, change})
	}
	return present
}
