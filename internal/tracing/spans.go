// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
)

// Attributes that OpenTelemetry does not define. No span has the id of a person, a URL, or output of a container.
const (
	keyName     = attribute.Key("recording.name")
	keyEvent    = attribute.Key("recording.event")
	keyResult   = attribute.Key("recording.result")
	keyAttempts = attribute.Key("recording.write.attempts")
	keyState    = attribute.Key("recording.processing.state")
	keyPipeline = attribute.Key("recording.pipeline")
	keyStep     = attribute.Key("recording.step")
	keyAttempt  = attribute.Key("recording.attempt")
)

// Recording identifies the recording of a span.
type Recording struct {
	// Place is the recording's trace context, from its annotation.
	Place trace.SpanContext
	// Name is the MeetingRecording's, as namespace/name.
	Name string
}

func (r Recording) attributes(more ...attribute.KeyValue) []attribute.KeyValue {
	namespace, name, _ := strings.Cut(r.Name, "/")
	return append([]attribute.KeyValue{semconv.K8SNamespaceName(namespace), keyName.String(name)}, more...)
}

// Event is one delivery of an event that was written.
type Event struct {
	// Type is the event's, such as recording-started.
	Type string
	// First reports whether it is the first of its recording: then its span is the root of the trace.
	First bool
	// Arrived is when it arrived.
	Arrived time.Time
	// Result is its effect on the recording, such as duplicate.
	Result string
	// Write is the write.
	Write Write
}

// Write is a write of status.recording.
type Write struct {
	Began, Ended time.Time
	// Attempts is the number of attempts.
	Attempts int
}

// Answer is the response to a webhook.
type Answer struct {
	// Route is the webhooks' path, with {token} where that is.
	Route string
	// Status is the HTTP status code.
	Status int
	// At is when it was sent.
	At time.Time
}

// Webhook reports a webhook whose event was written before it was answered: a span of the request, and one below for the write.
func (t *Tracer) Webhook(recording Recording, event Event, answer Answer) {
	if t == nil || !recording.Place.IsSampled() {
		return
	}
	t.event(recording, event, span{
		name: "POST " + answer.Route, kind: trace.SpanKindServer, end: answer.At,
		attributes: recording.attributes(
			semconv.HTTPRequestMethodPost, semconv.HTTPRoute(answer.Route), semconv.HTTPResponseStatusCode(answer.Status),
			keyEvent.String(event.Type), keyResult.String(event.Result)),
	})
}

// Spooled reports an event that was written from the spool: a span from its arrival on, and one below for the write.
func (t *Tracer) Spooled(recording Recording, event Event) {
	if t == nil || !recording.Place.IsSampled() {
		return
	}
	t.event(recording, event, span{
		name: "spool", kind: trace.SpanKindInternal, end: event.Write.Ended,
		attributes: recording.attributes(keyEvent.String(event.Type), keyResult.String(event.Result)),
	})
}

func (t *Tracer) event(recording Recording, event Event, s span) {
	s.start = event.Arrived
	if event.First {
		s.place = recording.Place
	} else {
		s.parent = recording.Place
	}
	t.tell(span{
		name: "write status.recording", kind: trace.SpanKindInternal, parent: t.tell(s),
		start: event.Write.Began, end: event.Write.Ended,
		attributes: recording.attributes(keyAttempts.Int(event.Write.Attempts)),
	})
}

// Decision reports a decision of the controller that was stored.
func (t *Tracer) Decision(recording Recording, state string, start, end time.Time) {
	if t == nil || !recording.Place.IsSampled() {
		return
	}
	t.tell(span{
		name: "decide", kind: trace.SpanKindInternal, parent: recording.Place, start: start, end: end,
		attributes: recording.attributes(keyState.String(state)),
	})
}

// Job reports an attempt at a step whose Job, of the name, has ended and whose outcome was stored.
func (t *Tracer) Job(recording Recording, name string, attempt v1alpha1.StepAttempt) {
	if t == nil || !recording.Place.IsSampled() {
		return
	}
	s := span{
		name: "job " + attempt.Pipeline + "/" + attempt.Step, kind: trace.SpanKindInternal,
		parent: recording.Place, place: tracecontext.OfJob(recording.Place, name),
		start: attempt.StartTime.Time, end: attempt.CompletionTime.Time,
		attributes: recording.attributes(
			semconv.K8SJobName(name), keyPipeline.String(attempt.Pipeline), keyStep.String(attempt.Step), keyAttempt.Int(int(attempt.Attempt))),
	}
	if attempt.State == v1alpha1.StepFailed {
		s.failure = "JobFailed"
	}
	t.tell(s)
}
