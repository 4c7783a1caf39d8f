// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event/cloudevent"
)

// The types of CloudEvents. The number is the version of the data: fields may be added within one, nothing else.
const (
	// TypeRecording is the first event of its type from the provider.
	TypeRecording = "dev.meetingops.recording.state.v1"
	// TypeProcessing is a new state of post-processing.
	TypeProcessing = "dev.meetingops.recording.processing.v1"
	// TypeOutputs is a step that succeeded and has outputs.
	TypeOutputs = "dev.meetingops.recording.outputs.v1"
)

// Data is the data of a CloudEvent: docs/reference/cloudevents.schema.json. Its type decides which fields are set.
type Data struct {
	Recording events.Recording `json:"recording"`
	// State is the recording's state in TypeRecording, and the state of post-processing in TypeProcessing.
	State    string                `json:"state,omitempty"`
	Source   string                `json:"source,omitempty"`
	File     *events.File          `json:"file,omitempty"`
	Pipeline string                `json:"pipeline,omitempty"`
	Step     string                `json:"step,omitempty"`
	Attempt  int32                 `json:"attempt,omitempty"`
	Outputs  []v1alpha1.StepOutput `json:"outputs,omitempty"`
}

// CloudEvent is a CloudEvent without its recording.
type CloudEvent struct {
	ID, Type string
	Time     time.Time
	Data     Data
}

// Received returns the CloudEvent of a provider's event that arrived for the recording.
func Received(object *v1alpha1.MeetingRecording, entry v1alpha1.RecordingEvent) CloudEvent {
	event := newCloudEvent(object, TypeRecording, "recording-"+strings.ToLower(string(entry.Type)), entry.ReceiveTime.Time)
	event.Data.State, event.Data.Source = string(entry.Type), string(entry.Source)
	if entry.Type == v1alpha1.EventStopped {
		event.Data.File = fileOf(&object.Status)
	}
	return event
}

// Made returns the CloudEvent of the outputs of a step that succeeded.
func Made(object *v1alpha1.MeetingRecording, step *v1alpha1.StepStatus) CloudEvent {
	at := object.CreationTimestamp.Time
	if step.CompletionTime != nil {
		at = step.CompletionTime.Time
	}
	event := newCloudEvent(object, TypeOutputs, fmt.Sprintf("outputs-%s-%s-%d", step.Pipeline, step.Step, step.Attempt), at)
	event.Data.Pipeline, event.Data.Step, event.Data.Attempt, event.Data.Outputs = step.Pipeline, step.Step, step.Attempt, step.Outputs
	return event
}

// Processed returns the CloudEvent of a new state of post-processing.
func Processed(object *v1alpha1.MeetingRecording) CloudEvent {
	state, changed := string(object.Status.Processing.State), object.Status.Processing.LastTransitionTime.Time
	event := newCloudEvent(object, TypeProcessing, strings.ToLower(state)+"-"+strconv.FormatInt(changed.UnixMicro(), 10), changed)
	event.Data.State = state
	return event
}

// newCloudEvent returns a CloudEvent whose id depends only on its content, not on its sender or the attempt.
func newCloudEvent(object *v1alpha1.MeetingRecording, kind, what string, at time.Time) CloudEvent {
	return CloudEvent{ID: string(object.UID) + "-" + what, Type: kind, Time: at, Data: Data{Recording: recordingOf(object)}}
}

// Encode returns the CloudEvent of a recording. It fails only if the outputs are not valid JSON.
func (c CloudEvent) Encode() (cloudevents.Event, error) {
	return cloudevent.Encode(c.ID, c.Type, c.Data.Recording, c.Time, c.Data)
}
