// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
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

// tell returns the event and its recording as a Tracer wants them.
func (o Outcome) tell(ev lifecycle.Event) (tracing.Recording, tracing.Event) {
	return tracing.Recording{Place: o.Trace.Place, Name: o.Recording}, tracing.Event{
		Type: string(ev.Type), First: o.Trace.First, Arrived: ev.ReceivedAt, Result: string(o.Result), Write: o.Trace.Write,
	}
}

// Recorder makes events durable. It may be called concurrently.
type Recorder interface {
	// Record returns once the event is durable, or with an error when that
	// cannot be had in time. A *RejectedError says that it never can be; after
	// any other error the same event may succeed later. An event whose write
	// was under way when time ran out may be durable in spite of the error:
	// recording it again is one more delivery, and loses nothing.
	Record(ctx context.Context, ev Event) (Outcome, error)
}

var (
	// ErrTimeout tells that an event could not be written in time.
	ErrTimeout = errors.New("the API server has not taken the event in time")
	// ErrOverloaded tells that too many events are waiting to be written.
	ErrOverloaded = fmt.Errorf("%d events are waiting to be written already", maxWaiting)
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

// eventTypes translates the provider's names.
var eventTypes = map[videosdk.EventType]v1alpha1.EventType{
	videosdk.RecordingStarting: v1alpha1.EventStarting,
	videosdk.RecordingStarted:  v1alpha1.EventStarted,
	videosdk.RecordingStopping: v1alpha1.EventStopping,
	videosdk.RecordingStopped:  v1alpha1.EventStopped,
	videosdk.RecordingFailed:   v1alpha1.EventFailed,
}

// newEvent is the delivery of a recognised event of the provider.
func newEvent(namespace string, from videosdk.Event, receivedAt time.Time) Event {
	return Event{
		Session: Session{Namespace: namespace, MeetingID: from.MeetingID, SessionID: from.SessionID},
		Event: lifecycle.Event{
			Type:       eventTypes[from.Type],
			Source:     v1alpha1.EventSourceWebhook,
			FilePath:   from.FilePath,
			FileURL:    from.FileURL,
			ReceivedAt: receivedAt,
		},
	}
}

// rejectionOf is the API server's final refusal of an event; nil where err is
// something else, such as a lost race, which may look like one.
func rejectionOf(err error) *RejectedError {
	var rejection *RejectedError
	if errors.As(err, &rejection) && !errors.Is(err, ErrChanged) {
		return rejection
	}
	return nil
}
