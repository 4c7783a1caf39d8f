// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cloudevent is what all CloudEvents about recordings have in common, whether the manager sends them or a step. It knows nothing of
// Kubernetes, because a step's container does not.
package cloudevent

import (
	"fmt"
	"net/url"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// Recording identifies the recording that an event is about, in its data.
type Recording struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid,omitempty"` // a step does not know it
	MeetingID string `json:"meetingID"`
	SessionID string `json:"sessionID"`
	Segment   int32  `json:"segment"`
}

// Source is the CloudEvents source of events about the recording: its path in the API.
func (r Recording) Source() string {
	return (&url.URL{Path: "/apis/recording.meetingops.dev/v1alpha1/namespaces/" + r.Namespace + "/meetingrecordings/" + r.Name}).String()
}

// Encode returns the CloudEvent about a recording. It fails only if data is not valid JSON, or the id or the type is none.
func Encode(id, kind string, about Recording, at time.Time, data any) (cloudevents.Event, error) {
	event := cloudevents.New()
	event.SetID(id)
	event.SetType(kind)
	event.SetSource(about.Source())
	event.SetSubject(about.Name)
	event.SetTime(at)
	if err := event.SetData(cloudevents.ApplicationJSON, data); err != nil {
		return cloudevents.Event{}, fmt.Errorf("encode CloudEvent %s: %w", id, err)
	}
	if err := event.Validate(); err != nil {
		return cloudevents.Event{}, fmt.Errorf("encode CloudEvent %s: %w", id, err)
	}
	return event, nil
}
