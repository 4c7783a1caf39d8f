// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Session says which session of which meeting an event is about, by the
// provider's own spelling, and in which namespace its recordings are. They form
// one chain of objects.
type Session struct {
	Namespace            string
	MeetingID, SessionID string
}

// Event is one delivery of one of the five recording events.
type Event struct {
	Session Session
	lifecycle.Event
}

// Outcome says what became of an event that is durable.
type Outcome struct {
	// Result says whether the event was new to its recording.
	Result lifecycle.Result
	// Recording is the MeetingRecording that has the event, as namespace/name.
	Recording string
	// Trace is what to tell of the write in the recording's trace; nil where it has none, or nobody is to tell.
	Trace *Trace
}

// Trace is where in its recording's trace an event belongs, and what writing it took.
type Trace struct {
	// Place is that of the recording.
	Place trace.SpanContext
	// First tells that the event is the first of its recording.
	First bool
	Write tracing.Write
}

// Spans returns the event and its recording as a Tracer wants them.
func (o Outcome) Spans(ev lifecycle.Event) (tracing.Recording, tracing.Event) {
	return tracing.Recording{Place: o.Trace.Place, Name: o.Recording}, tracing.Event{
		Type: string(ev.Type), First: o.Trace.First, Arrived: ev.ReceivedAt, Result: string(o.Result), Write: o.Trace.Write,
	}
}

var (
	// ErrTimeout tells that an event could not be written in time.
	ErrTimeout = errors.New("the API server has not taken the event in time")
)

// RejectedError tells that the API server will never accept an event: what it
// holds breaks a rule of the MeetingRecording's schema, or of a policy.
type RejectedError struct {
	// Field is the webhook's field that is at fault, such as data.meetingId;
	// empty where no single one is.
	Field string
	// Err is the API server's answer.
	Err error
}

func (e *RejectedError) Error() string { return "rejected by the API server: " + e.Err.Error() }

// Unwrap returns the API server's answer.
func (e *RejectedError) Unwrap() error { return e.Err }

// RejectionOf is the API server's final refusal of an event; nil where err is
// something else, such as a lost race, which may look like one.
func RejectionOf(err error) *RejectedError {
	var rejection *RejectedError
	if errors.As(err, &rejection) && !errors.Is(err, ErrChanged) {
		return rejection
	}
	return nil
}

// LogValues returns what the log says of an event that is of no recording yet: the name that the session's first one has or will have,
// with which those of the others begin. So whoever looks for a recording's name finds the lines of its session.
func (s Session) LogValues() []any {
	values := []any{"session", lifecycle.Name(s.MeetingID, s.SessionID, 1)}
	if s.Namespace != "" {
		values = append(values, "namespace", s.Namespace)
	}
	return values
}
