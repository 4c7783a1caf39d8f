// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Session identifies a session of a meeting, by the provider's own spelling, and the namespace of its recordings. They form one chain of
// objects.
type Session struct {
	Namespace            string
	MeetingID, SessionID string
}

// Event is one delivery of one of the five recording events.
type Event struct {
	Session Session
	lifecycle.Event
}

// Outcome says where an event was written.
type Outcome struct {
	// Result says whether the event was new to its recording.
	Result lifecycle.Result
	// Recording is the MeetingRecording that has the event, as namespace/name.
	Recording string
	// Trace is the write in the recording's trace; nil if the recording has none, or is not sampled.
	Trace *Trace
}

// Trace is the place of an event in its recording's trace, and the write.
type Trace struct {
	// Place is that of the recording.
	Place trace.SpanContext
	// First means that the event is the first of its recording.
	First bool
	Write tracing.Write
}

// Spans returns the event and its recording as a Tracer wants them.
func (o Outcome) Spans(ev lifecycle.Event) (tracing.Recording, tracing.Event) {
	return tracing.Recording{Place: o.Trace.Place, Name: o.Recording}, tracing.Event{
		Type: string(ev.Type), First: o.Trace.First, Arrived: ev.ReceivedAt, Result: string(o.Result), Write: o.Trace.Write,
	}
}

// RejectedError means that the API server will never accept an event: it breaks a rule of the MeetingRecording's schema, or of a policy.
type RejectedError struct {
	// Field is the webhook's field that is at fault, such as data.meetingId;
	// empty where no single one is.
	Field string
	// Err is the API server's response.
	Err error
}

func (e *RejectedError) Error() string { return "rejected by the API server: " + e.Err.Error() }

// Unwrap returns the API server's response.
func (e *RejectedError) Unwrap() error { return e.Err }

// RejectionOf returns the API server's rejection of an event. It is nil if err is something else, such as a lost race, which may look
// like one.
func RejectionOf(err error) *RejectedError {
	var rejection *RejectedError
	if errors.As(err, &rejection) && !errors.Is(err, ErrChanged) {
		return rejection
	}
	return nil
}

// LogValues returns what the log says about a session: the name of its first recording, with which the names of the others begin. So a
// search for a recording's name finds the lines of its session.
func (s Session) LogValues() []any {
	return []any{"session", lifecycle.Name(s.MeetingID, s.SessionID, 1), "namespace", s.Namespace}
}
