// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cloudevent encodes CloudEvents about recordings, for the manager and for steps. It does not depend on Kubernetes.
package cloudevent

import (
	"fmt"
	"net/url"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/events"
)

// Source is the CloudEvents source of events about the recording: its path in the API.
func Source(of events.Recording) string {
	return (&url.URL{Path: "/apis/recording.meetingops.dev/v1alpha1/namespaces/" + of.Namespace + "/meetingrecordings/" + of.Name}).String()
}

// Encode returns the CloudEvent about a recording. It fails only if data is not valid JSON, or the id or the type is not valid.
func Encode(id, kind string, about events.Recording, at time.Time, data any) (cloudevents.Event, error) {
	event := cloudevents.New()
	event.SetID(id)
	event.SetType(kind)
	event.SetSource(Source(about))
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
