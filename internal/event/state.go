// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package event computes what changed between two states of a MeetingRecording, for streams, and the data of CloudEvents. It uses the types of
// the public package events. It is pure.
package event

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
)

// State is the part of a recording that is needed to report its next changes and its current state. It is immutable.
type State struct {
	events.Recording
	// recording is the recording's status; "" before its first event.
	recording v1alpha1.RecordingState
	at        time.Time
	source    string
	file      *events.File

	processing   v1alpha1.ProcessingState
	processingAt time.Time
	steps        []events.Step
	// outputs are the existing outputs.
	outputs map[outputKey]struct{}
}

// outputKey is an output of one attempt of a step.
type outputKey struct {
	pipeline, step, output string
	attempt                int32
}

// Of returns the state of an object.
func Of(object *v1alpha1.MeetingRecording) *State {
	status := &object.Status
	state := &State{
		Recording:  recordingOf(object),
		recording:  status.Recording.State,
		file:       fileOf(status),
		processing: status.Processing.State,
		steps:      stepsOf(status),
	}
	if changed := status.Processing.LastTransitionTime; changed != nil {
		state.processingAt = changed.UTC()
	}
	for _, entry := range status.Recording.Events {
		if v1alpha1.RecordingState(entry.Type) == state.recording {
			state.at, state.source = entry.ReceiveTime.UTC(), string(entry.Source)
		}
	}
	for _, step := range status.Processing.Steps {
		for _, output := range step.Outputs {
			if state.outputs == nil {
				state.outputs = map[outputKey]struct{}{}
			}
			state.outputs[outputKey{step.Pipeline, step.Step, output.Name, step.Attempt}] = struct{}{}
		}
	}
	return state
}

func recordingOf(object *v1alpha1.MeetingRecording) events.Recording {
	return events.Recording{
		Name: object.Name, Namespace: object.Namespace, UID: string(object.UID),
		MeetingID: object.Spec.MeetingID, SessionID: object.Spec.SessionID, Segment: object.Spec.Segment,
	}
}

// Key is the object's name.
func (s *State) Key() types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
}

// At is when the recording reached its state; the zero time before its first event.
func (s *State) At() time.Time { return s.at }

// Ended reports whether processing has ended, so that only a rerun changes the state.
func (s *State) Ended() bool { return s.processing.IsFinal() }

// AsEnded returns an assumed earlier state of a recording, if it is only known that its processing had ended: the same, with a processing
// state that equals no state that is not final.
func (s *State) AsEnded() *State {
	before := *s
	if !s.Ended() {
		before.processing = v1alpha1.ProcessingSucceeded
	}
	return &before
}

func fileOf(status *v1alpha1.MeetingRecordingStatus) *events.File {
	if file := status.Recording.File; file != nil {
		return &events.File{Path: file.Path, URL: file.URL}
	}
	return nil
}

func stepsOf(status *v1alpha1.MeetingRecordingStatus) []events.Step {
	if len(status.Processing.Steps) == 0 {
		return nil
	}
	steps := make([]events.Step, 0, len(status.Processing.Steps))
	for _, step := range status.Processing.Steps {
		steps = append(steps, events.Step{
			Pipeline: step.Pipeline, Step: step.Step, State: string(step.State), Attempt: step.Attempt, Message: step.Message,
		})
	}
	return steps
}
