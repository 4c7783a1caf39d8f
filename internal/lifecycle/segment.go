// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// SessionEnded is the type of the event that ends a session, and so every
// recording of it. It is never an entry of status.recording.events.
const SessionEnded v1alpha1.EventType = "SessionEnded"

// Event is one delivery of an event. Its JSON is what the spool keeps.
type Event struct {
	// Type is a type of the API, or SessionEnded. A client's event is never
	// Stopped or Failed, see [ClientType].
	Type   v1alpha1.EventType   `json:"type"`
	Source v1alpha1.EventSource `json:"source"`
	// ID is the id that the provider sent with the event, if any. It is
	// probably the recording's.
	ID string `json:"id,omitempty"`
	// FilePath names the recorded file. Only Stopped events have one, and not
	// all of them do.
	FilePath string `json:"filePath,omitempty"`
	// FileURL is where the file can be fetched, if the provider sent it. It is
	// empty without a FilePath.
	FileURL string `json:"fileUrl,omitempty"`
	// Encryption is nil if the file is not encrypted.
	Encryption *v1alpha1.FileEncryption `json:"encryption,omitempty"`
	// ReceivedAt is when the delivery arrived, by the receiver's clock. For a
	// backfilled event it is the provider's own time.
	ReceivedAt time.Time `json:"receiveTime"`
	// Deliveries is how often it arrived; 0 is once.
	Deliveries int32 `json:"deliveries,omitempty"`
	// Retried means that an earlier attempt may have written this delivery: its
	// response was lost, or the sidecar was killed after it.
	Retried bool `json:"-"`
}

// ParseRecordingIDs reads the value of the flag --recording-ids, and reports
// whether events should lose their ids.
func ParseRecordingIDs(value string) (ignore bool, err error) {
	switch value {
	case "auto":
		return false, nil
	case "ignore":
		return true, nil
	}
	return false, errors.New("must be auto or ignore")
}

// fileID identifies the file that the event names; it is empty if the event
// names none.
func (ev Event) fileID() string {
	if ev.Type != v1alpha1.EventStopped {
		return ""
	}
	return FileID(ev.FilePath)
}

// Segment is one object of a session's chain, as it was read.
type Segment struct {
	// Index counts the segments of a session from 1.
	Index int32
	// Status is the object's status.recording. It is never modified.
	Status v1alpha1.RecordingStatus
	// Foreign is true if the object has the segment's name, but other ids in
	// its spec. No event belongs to it, and the chain continues after it.
	Foreign bool
	// Processed is true if processing has begun, so that Jobs for a file
	// that arrives now would never be created.
	Processed bool
}

// Open reports whether the segment waits for the event that ends it.
func (s Segment) Open() bool {
	return !s.Foreign && find(s.Status, v1alpha1.EventStopped) == nil && find(s.Status, v1alpha1.EventFailed) == nil
}

func (s Segment) failedOnly() bool {
	return find(s.Status, v1alpha1.EventFailed) != nil && find(s.Status, v1alpha1.EventStopped) == nil
}

// acceptsFile reports whether a file may still be added to the segment.
func (s Segment) acceptsFile() bool {
	return !s.Foreign && s.Status.File == nil && (s.Open() || !s.Processed)
}

// canGetFile reports whether an event that begins another segment must supersede
// this one first: it has no file and could yet get one.
func (s Segment) canGetFile() bool {
	return !s.Foreign && !s.Hollow() && s.Status.File == nil && !s.Status.Superseded
}

// hasFileOf reports whether ev names the file that the segment has.
func (s Segment) hasFileOf(ev Event) bool {
	id := ev.fileID()
	return !s.Foreign && id != "" && s.Status.File != nil && FileID(s.Status.File.Path) == id
}

// hasArrivalOf reports whether an earlier attempt wrote ev, by the times of the first and the last delivery. Only a retried event may have
// been written: two sidecars may receive webhooks in the same microsecond.
func (s Segment) hasArrivalOf(ev Event) bool {
	entry, at := find(s.Status, ev.Type), microTime(ev.ReceivedAt)
	return ev.Retried && !s.Foreign && ev.Source == v1alpha1.EventSourceWebhook && entry != nil && entry.Source == ev.Source &&
		(entry.ReceiveTime.Equal(&at) || entry.LastReceiveTime.Equal(&at)) && (ev.fileID() == "" || s.hasFileOf(ev))
}

// hasIDOf reports whether the segment received an event with the id of ev.
func (s Segment) hasIDOf(ev Event) bool {
	return !s.Foreign && hasID(s.Status, ev.ID)
}

// identifies reports whether ids identify recordings here: two types of event
// of the segment carried the same id.
func (s Segment) identifies() bool {
	if s.Foreign {
		return false
	}
	for i, entry := range s.Status.Events {
		if entry.ID != "" && slices.ContainsFunc(s.Status.Events[i+1:], func(e v1alpha1.RecordingEvent) bool { return e.ID == entry.ID }) {
			return true
		}
	}
	return false
}

// Hollow reports whether no webhook arrived for the segment yet: a client began
// it, or somebody has just created it. The next webhook that begins a recording
// uses it.
func (s Segment) Hollow() bool {
	return !s.Foreign && !slices.ContainsFunc(s.Status.Events, func(e v1alpha1.RecordingEvent) bool { return !isClients(e) })
}

// NeedsNext reports whether the segment after s must also be read to place
// the events. A segment is begun after an open one only if ids identify
// recordings. An event whose file s has belongs to s, and so does one that
// names no file and whose id s has.
func NeedsNext(s Segment, events ...Event) bool {
	if s.Open() && !s.identifies() {
		return false
	}
	for _, ev := range events {
		if !s.hasFileOf(ev) && (ev.fileID() != "" || !s.hasIDOf(ev)) {
			return true
		}
	}
	return len(events) == 0
}

// lastBegun is the position of the last segment that is neither foreign nor
// hollow; -1 if there is none.
func lastBegun(chain []Segment) int {
	for i := len(chain) - 1; i >= 0; i-- {
		if !chain[i].Foreign && !chain[i].Hollow() {
			return i
		}
	}
	return -1
}

// find returns the entry of a type that a webhook added, or nil: no rule
// depends on clients' entries. It points into status.
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
