// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"fmt"
	"net/url"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// The types of events. The number is that of the data's form: fields may be added within one, nothing else.
const (
	// TypeRecording tells of a webhook of the provider, the first of its type.
	TypeRecording = "dev.meetingops.recording.state.v1"
	// TypeProcessing tells of a state that processing came to.
	TypeProcessing = "dev.meetingops.recording.processing.v1"
	// TypeOutputs tells that a step has succeeded and what it made.
	TypeOutputs = "dev.meetingops.recording.outputs.v1"
)

// Data is what an event carries: docs/cloudevents.schema.json. Which of the parts it has depends on its type.
type Data struct {
	Recording  Recording   `json:"recording"`
	State      string      `json:"state,omitempty"`
	File       *File       `json:"file,omitempty"`
	Processing *Processing `json:"processing,omitempty"`
	Step       *Step       `json:"step,omitempty"`
}

// Recording says which recording the event is about.
type Recording struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	MeetingID string `json:"meetingID"`
	SessionID string `json:"sessionID"`
	Segment   int32  `json:"segment"`
}

// File is the recorded file at the provider. Its URL may be signed, and so a secret between us and the sink.
type File struct {
	Path string `json:"path"`
	URL  string `json:"url,omitempty"`
}

// Processing is the state that processing came to.
type Processing struct {
	State    string `json:"state"`
	Sequence int64  `json:"sequence"`
}

// Step is the step that succeeded. Outputs are empty where they have been dropped from the recording's history meanwhile.
type Step struct {
	Pipeline string                `json:"pipeline"`
	Name     string                `json:"name"`
	Attempt  int32                 `json:"attempt"`
	Outputs  []v1alpha1.StepOutput `json:"outputs"`
}

// Event returns the CloudEvent for an item of the recording. It fails only where the outputs are not JSON.
func Event(recording *v1alpha1.MeetingRecording, item Item) (cloudevents.Event, error) {
	kind, data := describe(recording, item)
	event := cloudevents.New()
	event.SetID(item.ID(recording))
	event.SetType(kind)
	event.SetSource((&url.URL{Path: "/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/" + recording.Namespace +
		"/meetingrecordings/" + recording.Name}).String())
	event.SetSubject(recording.Name)
	event.SetTime(item.At())
	if err := event.SetData(cloudevents.ApplicationJSON, data); err != nil {
		return cloudevents.Event{}, fmt.Errorf("write the event %s: %w", event.ID(), err)
	}
	if err := event.Validate(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("write the event %s: %w", event.ID(), err)
	}
	return event, nil
}

func describe(recording *v1alpha1.MeetingRecording, item Item) (string, Data) {
	data := Data{Recording: Recording{
		Name: recording.Name, Namespace: recording.Namespace, UID: string(recording.UID),
		MeetingID: recording.Spec.MeetingID, SessionID: recording.Spec.SessionID, Segment: recording.Spec.Segment,
	}}
	switch transition := item.Transition; {
	case transition == nil:
		data.State = string(item.Event.Type)
		if file := recording.Status.Recording.File; file != nil && item.Event.Type == v1alpha1.EventStopped {
			data.File = &File{Path: file.Path, URL: file.URL}
		}
		return TypeRecording, data
	case transition.Step == "":
		data.Processing = &Processing{State: string(transition.State), Sequence: transition.Sequence}
		return TypeProcessing, data
	default:
		data.Step = &Step{
			Pipeline: transition.Pipeline, Name: transition.Step, Attempt: transition.Attempt,
			Outputs: outputsOf(recording.Status.Processing, transition),
		}
		return TypeOutputs, data
	}
}

// outputsOf returns what an attempt at a step made; it is in the history where another came after it.
func outputsOf(status v1alpha1.ProcessingStatus, of *v1alpha1.Transition) []v1alpha1.StepOutput {
	for i := range status.Steps {
		if step := &status.Steps[i]; step.Pipeline == of.Pipeline && step.Step == of.Step && step.Attempt == of.Attempt && step.Outputs != nil {
			return step.Outputs
		}
	}
	for i := range status.History {
		if was := &status.History[i]; was.Pipeline == of.Pipeline && was.Step == of.Step && was.Attempt == of.Attempt && was.Outputs != nil {
			return was.Outputs
		}
	}
	return []v1alpha1.StepOutput{}
}
