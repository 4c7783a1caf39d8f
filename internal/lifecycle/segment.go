// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Event is one delivery of an event of the provider.
type Event struct {
	// Type is never Stopped or Failed where the Source is a client, see
	// [ClientType].
	Type   v1alpha1.EventType
	Source v1alpha1.EventSource
	// FilePath identifies the recorded file. Only Stopped events have one, and
	// not all of them do.
	FilePath string
	// FileURL is where the file can be fetched; empty where none was given, and
	// always so without a FilePath.
	FileURL string
	// ReceivedAt is when the delivery arrived, by the receiver's clock.
	ReceivedAt time.Time
}

// Segment is one object of a session's chain, as it was read.
type Segment struct {
	// Index counts the segments of a session from 1.
	Index int32
	// Status is the object's status.recording. It is never modified.
	Status v1alpha1.RecordingStatus
	// Foreign tells that an object of the segment's name exists which stands
	// for something else: somebody made it by hand, with other ids. No event
	// belongs to it, and the chain goes on behind it.
	Foreign bool
	// Settled tells that the segment must not get a file any more: its status
	// says so, see [Decision.Settle], or its failure has been acted on.
	Settled bool
}

// Open tells whether the segment still waits for the event that ends it.
func (s Segment) Open() bool {
	return !s.Foreign && find(s.Status, v1alpha1.EventStopped) == nil && find(s.Status, v1alpha1.EventFailed) == nil
}

// awaitsFile tells whether the segment is closed and could yet get a file.
func (s Segment) awaitsFile() bool {
	return !s.Foreign && !s.Settled && s.failedOnly() && s.Status.File == nil
}

func (s Segment) failedOnly() bool {
	return find(s.Status, v1alpha1.EventFailed) != nil && find(s.Status, v1alpha1.EventStopped) == nil
}

// holdsFileOf tells whether ev names a file and the segment has it.
func (s Segment) holdsFileOf(ev Event) bool {
	return !s.Foreign && ev.FilePath != "" && ev.Type == v1alpha1.EventStopped &&
		s.Status.File != nil && s.Status.File.Path == ev.FilePath
}

// NeedsNext tells whether the segment after s must be read as well to place
// events. It need not where s is open, because then no later one exists, or
// where every event is of s, because it names the file that s has.
func NeedsNext(s Segment, events ...Event) bool {
	if s.Open() {
		return false
	}
	for _, ev := range events {
		if !s.holdsFileOf(ev) {
			return true
		}
	}
	return len(events) == 0
}

// Hollow tells that no webhook has come for the segment yet: a client began
// it, or somebody has only just created it. Only the last one can be, and it
// stands for whatever recording the next webhook begins.
func (s Segment) Hollow() bool {
	return !s.Foreign && !slices.ContainsFunc(s.Status.Events, func(e v1alpha1.RecordingEvent) bool { return !isClients(e) })
}

// find returns the entry of a type that webhooks have brought, or nil: what
// clients say counts for no rule. It points into status.
func find(status v1alpha1.RecordingStatus, eventType v1alpha1.EventType) *v1alpha1.RecordingEvent {
	if entry := findAny(status, eventType); entry != nil && !isClients(*entry) {
		return entry
	}
	return nil
}

// findAny is find for webhooks and clients alike.
func findAny(status v1alpha1.RecordingStatus, eventType v1alpha1.EventType) *v1alpha1.RecordingEvent {
	for i := range status.Events {
		if status.Events[i].Type == eventType {
			return &status.Events[i]
		}
	}
	return nil
}

func isClients(entry v1alpha1.RecordingEvent) bool {
	return entry.Source == v1alpha1.EventSourceClient
}
