// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recorder places events and writes them into the status of MeetingRecordings: a [Writer] reads the objects of a session, has
// package lifecycle decide, and writes through a [Store]. How events arrive, and when to write them, is up to its callers.
package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// All rights of the sidecar: a ClusterRole, which config/recordings binds in the namespace of recordings. There is no subresource
// "recording": by the policy in config/policy, the right to update it allows changes of status.recording.
//
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=create;get
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/recording,verbs=update

// Session identifies a session of a meeting, by the provider's own spelling, and the namespace of its recordings. They form one chain of
// objects.
type Session struct {
	Namespace string `json:"namespace"`
	MeetingID string `json:"meetingId"`
	SessionID string `json:"sessionId"`
}

// name returns the name of a segment's object.
func (s Session) name(segment int32) string {
	return lifecycle.Name(s.MeetingID, s.SessionID, segment)
}

// LogValues returns the session's keys and values for the log: the name of its first recording, which is a prefix of the others.
func (s Session) LogValues() []any { return []any{"session", s.name(1), "namespace", s.Namespace} }

// Event is one delivery of an event of a session.
type Event struct {
	Session
	lifecycle.Event
}

// Outcome is where an event was written.
type Outcome struct {
	// Result is whether the event was new to its recording.
	Result lifecycle.Result
	// Recording is the MeetingRecording that has the event, as namespace/name.
	Recording string
	// Trace is the write in the recording's trace; nil if the recording has none, or is not sampled.
	Trace *Trace
}

// Trace is a written event, for a Tracer.
type Trace struct {
	Recording tracing.Recording
	Event     tracing.Event
}

// RejectedError means that the API server will never accept an event: it breaks a rule of the MeetingRecording's schema, or of a policy.
type RejectedError struct {
	// Field is the invalid field of the webhook, such as data.meetingId; empty if it is not a single one.
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

// PanicError is a panic while handling an event. It has the type and the stack, but not the value, which could contain what a sender sent.
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

// IsPanic reports whether an error is a panic.
func IsPanic(err error) bool {
	var bug *PanicError
	return errors.As(err, &bug)
}

// IsPermanent reports whether retrying an event cannot succeed.
func IsPermanent(err error) bool { return RejectionOf(err) != nil || IsPanic(err) }

// IsNamespaceError reports whether the API server works and refuses writes in a namespace: it does not exist, is being deleted, is full,
// the sidecar has no rights in it, or admission control refuses. Other namespaces may be fine.
func IsNamespaceError(err error) bool {
	isDenied := err != nil && !apierrors.IsInvalid(err) && denial.MatchString(err.Error())
	return (apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) || isDenied) && !isUnexpected(err)
}

// denial matches the message of an admission webhook or policy that denies, with any code, or that cannot be called.
var denial = regexp.MustCompile("denied (the )?request|failed calling webhook")

// Object is the part of a MeetingRecording that the recorder reads.
type Object struct {
	Namespace, Name string
	ResourceVersion string
	Spec            v1alpha1.MeetingRecordingSpec
	Recording       v1alpha1.RecordingStatus
	// RawRecording is status.recording byte for byte: what a patch tests.
	RawRecording json.RawMessage
	// Processing is status.processing.state, which the controller writes.
	Processing v1alpha1.ProcessingState
	// IsTerminating means that the object is being deleted, with everything that is written into it.
	IsTerminating bool
	// Traceparent is the recording's trace context, from its annotation; empty without one.
	Traceparent string
}

// segment is the object as a part of a session's chain. It is foreign if it has the segment's name but other ids.
func (o *Object) segment(session Session, index int32) lifecycle.Segment {
	return lifecycle.Segment{
		Index: index, Status: o.Recording, Processed: o.isProcessed(),
		Foreign: o.Spec.MeetingID != session.MeetingID || o.Spec.SessionID != session.SessionID || o.Spec.Segment != index,
	}
}

// isProcessed reports whether the controller has acted on the end of the recording: a file that arrived now would have no Jobs.
func (o *Object) isProcessed() bool {
	switch o.Processing {
	case "", v1alpha1.ProcessingWaiting, v1alpha1.ProcessingSuspended:
		return false
	}
	return true
}

var (
	// ErrNotFound means that the segment has no object.
	ErrNotFound = errors.New("not found")
	// ErrChanged means that a conditional write was refused because the object differs from what was read: read again.
	ErrChanged = errors.New("the object has changed")
	// ErrTerminating means that a recording of the session is being deleted. Once it is gone the event gets a new one.
	ErrTerminating = errors.New("recording is being deleted")
)

// Store reads and writes MeetingRecordings. Errors other than those above come from the API server or the network; a *RejectedError is
// permanent.
type Store interface {
	// Get reads the object of a session's segment. Unless fresh, it may be outdated.
	Get(ctx context.Context, session Session, segment int32, fresh bool) (*Object, error)
	// Seen reports whether the object may have been read or written before. It sends no request.
	Seen(session Session, segment int32) bool
	// Create makes the object, without events, and returns it as it was stored; ErrChanged if the name is taken.
	Create(ctx context.Context, session Session, segment int32) (*Object, error)
	// Patch changes status.recording to status, if it is unchanged since read; unknown members stay. It revives a failed recording only if its
	// processing state is unchanged. It also returns ErrChanged if the API server rejects the new status: both have the same code.
	Patch(ctx context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error
}
