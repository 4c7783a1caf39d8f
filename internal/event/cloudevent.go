// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"net/url"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
)

// The types of CloudEvents. The number is the version of the data: fields may be added within one, nothing else.
const (
	// TypeRecording is the first event of its type from the provider.
	TypeRecording = "dev.meetingops.recording.state.v1"
	// TypeProcessing is a state that post-processing came to.
	TypeProcessing = "dev.meetingops.recording.processing.v1"
	// TypeOutputs is a step that succeeded and has outputs.
	TypeOutputs = "dev.meetingops.recording.outputs.v1"
)

// Data is what a CloudEvent carries: docs/reference/cloudevents.schema.json. Which of the parts it has depends on its type.
type Data struct {
	Recording  Recording    `json:"recording"`
	State      string       `json:"state,omitempty"`
	Source     string       `json:"source,omitempty"`
	File       *events.File `json:"file,omitempty"`
	Processing *Processing  `json:"processing,omitempty"`
	Step       *Step        `json:"step,omitempty"`
}

// Recording identifies the recording.
type Recording struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	MeetingID string `json:"meetingID"`
	SessionID string `json:"sessionID"`
	Segment   int32  `json:"segment"`
}

// Processing is the state that post-processing came to.
type Processing struct {
	State string `json:"state"`
}

// Step is the step that succeeded.
type Step struct {
	Pipeline string                `json:"pipeline"`
	Name     string                `json:"name"`
	Attempt  int32                 `json:"attempt"`
	Outputs  []v1alpha1.StepOutput `json:"outputs"`
}

// Source returns the CloudEvents source of a recording: its path in the API.
func Source(namespace, name string) string {
	return (&url.URL{Path: "/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/" + namespace + "/meetingrecordings/" + name}).String()
}

// RecordingOf returns what identifies an object.
func RecordingOf(object *v1alpha1.MeetingRecording) Recording {
	return Recording{
		Name: object.Name, Namespace: object.Namespace, UID: string(object.UID),
		MeetingID: object.Spec.MeetingID, SessionID: object.Spec.SessionID, Segment: object.Spec.Segment,
	}
}

// CloudEvent is what identifies a CloudEvent beside its recording.
type CloudEvent struct {
	ID, Type string
	Time     time.Time
	Data     Data
}

// Encode returns the CloudEvent of a recording. It fails only if the outputs are not valid JSON.
func (c CloudEvent) Encode() (cloudevents.Event, error) {
	event := cloudevents.New()
	event.SetID(c.ID)
	event.SetType(c.Type)
	event.SetSource(Source(c.Data.Recording.Namespace, c.Data.Recording.Name))
	event.SetSubject(c.Data.Recording.Name)
	event.SetTime(c.Time)
	if err := event.SetData(cloudevents.ApplicationJSON, c.Data); err != nil {
		return cloudevents.Event{}, fmt.Errorf("encode CloudEvent %s: %w", c.ID, err)
	}
	if err := event.Validate(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("encode CloudEvent %s: %w", c.ID, err)
	}
	return event, nil
}
