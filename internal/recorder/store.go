// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Object is a MeetingRecording as far as the recorder reads it.
type Object struct {
	Namespace, Name string
	ResourceVersion string
	Spec            v1alpha1.MeetingRecordingSpec
	Recording       v1alpha1.RecordingStatus
	// RawRecording is status.recording byte for byte: what a patch tests.
	RawRecording json.RawMessage
	// Processing is status.processing.state, which the controller writes.
	Processing v1alpha1.ProcessingState
	// IsTerminating means that the object is being deleted: what is written into it disappears with it.
	IsTerminating bool
	// Traceparent is the recording's place in its trace, as its annotation has it; empty where that is not there.
	Traceparent string
}

// segment is the object as a part of a session's chain. It is foreign if it has the name of the segment without standing for it.
func (o *Object) segment(session Session, index int32) lifecycle.Segment {
	return lifecycle.Segment{
		Index: index, Status: o.Recording, Processed: o.isProcessed(),
		Foreign: o.Spec.MeetingID != session.MeetingID || o.Spec.SessionID != session.SessionID || o.Spec.Segment != index,
	}
}

// isProcessed reports whether the controller has acted on how the recording ended: a file that came now would have no Jobs.
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
	// ErrChanged means that a conditional write was refused because the object is no longer, or not yet, what was read: read again.
	ErrChanged = errors.New("the object has changed")
	// ErrTerminating means that a recording of the session is being deleted. Once it is gone the event gets a new one.
	ErrTerminating = errors.New("recording is being deleted")
)

// Store reads and writes MeetingRecordings. Errors other than the ones above come from the API server or from the way to it; a
// *RejectedError is among them where trying again is no use.
type Store interface {
	// Get reads the object of a session's segment. Unless fresh, what it returns may be outdated.
	Get(ctx context.Context, session Session, segment int32, fresh bool) (*Object, error)
	// Seen reports whether the object may have been seen before. It asks nobody.
	Seen(session Session, segment int32) bool
	// Create makes the object, without events, and returns it as it was stored; ErrChanged if the name is taken.
	Create(ctx context.Context, session Session, segment int32) (*Object, error)
	// Patch makes status.recording what status says, if it is still that of read; members that this version does not know stay. If it
	// revives a failed recording, it does so only if its processing is still where it was. It fails with ErrChanged, also where the API
	// server rejects the new status itself: it gives both the same code.
	Patch(ctx context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error
}
