// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"errors"
	"fmt"
	"runtime/debug"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Session identifies a session of a meeting, by the provider's own spelling, and the namespace of its recordings. They form one chain of
// objects.
type Session struct {
	Namespace string `json:"namespace"`
	MeetingID string `json:"meetingId"`
	SessionID string `json:"sessionId"`
}

// name is that of the object of a segment.
func (s Session) name(segment int32) string {
	return lifecycle.Name(s.MeetingID, s.SessionID, segment)
}

// LogValues returns what the log says about a session: the name of its first recording, with which the names of the others begin. So a
// search for a recording's name finds the lines of its session.
func (s Session) LogValues() []any { return []any{"session", s.name(1), "namespace", s.Namespace} }

// Event is one delivery of an event of a session.
type Event struct {
	Session
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

// Trace is an event that was written, as a Tracer wants it.
type Trace struct {
	Recording tracing.Recording
	Event     tracing.Event
}

// RejectedError means that the API server will never accept an event: it breaks a rule of the MeetingRecording's schema, or of a policy.
type RejectedError struct {
	// Field is the webhook's field that is at fault, such as data.meetingId; empty where no single one is.
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

// PanicError is a bug of ours that an event met. It keeps the kind of what was thrown and where, but no value, which could hold what a
// sender sent.
type PanicError struct{ Kind, Stack string }

// NewPanicError is called by the deferred function that recovers.
func NewPanicError(cause any) *PanicError {
	kind := fmt.Sprintf("%T", cause)
	if err, isRuntime := cause.(interface{ RuntimeError() }); isRuntime {
		kind = fmt.Sprint(err)
	}
	return &PanicError{Kind: kind, Stack: string(debug.Stack())}
}

func (e *PanicError) Error() string { return "panic: " + e.Kind }

// IsPanic reports whether an error is a bug of ours.
func IsPanic(err error) bool {
	var bug *PanicError
	return errors.As(err, &bug)
}

// IsPermanent reports whether writing an event again is of no use.
func IsPermanent(err error) bool { return RejectionOf(err) != nil || IsPanic(err) }

// IsNamespaceError reports whether the API server works and refuses writes in a namespace: it does not exist, is being deleted, is full,
// or the sidecar has no rights in it. Other namespaces may be fine.
func IsNamespaceError(err error) bool {
	return (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)) && !isUnexpected(err)
}
