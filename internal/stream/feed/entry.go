// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"encoding/json"
	"fmt"

	"github.com/tmaxmax/go-sse"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// Filter selects the recordings of a stream; empty fields match all.
type Filter struct {
	Namespace, MeetingID, SessionID string
}

// matches reports whether a recording matches the filter.
func (f Filter) matches(r *events.Recording) bool {
	return (f.Namespace == "" || f.Namespace == r.Namespace) && (f.MeetingID == "" || f.MeetingID == r.MeetingID) &&
		(f.SessionID == "" || f.SessionID == r.SessionID)
}

// thatMatch lists every filter that a recording matches.
func thatMatch(r *events.Recording) [8]Filter {
	var all [8]Filter
	for i := range all {
		if i&1 != 0 {
			all[i].Namespace = r.Namespace
		}
		if i&2 != 0 {
			all[i].MeetingID = r.MeetingID
		}
		if i&4 != 0 {
			all[i].SessionID = r.SessionID
		}
	}
	return all
}

// Entry is an event and its place. All streams share it.
type Entry struct {
	At Cursor
	// Name is the event's name.
	Name string
	// Text is the event as it is sent, without its id.
	Text []byte

	recording events.Recording
}

// Encode returns an event as it is sent, without its id.
func Encode(event event.Change) ([]byte, error) {
	data, err := json.Marshal(event.Data)
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", event.Name, err)
	}
	name, err := sse.NewType(event.Name)
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", event.Name, err)
	}
	message := sse.Message{Type: name}
	message.AppendData(string(data))
	return message.MarshalText()
}

// entries returns the events of one write in their order.
func entries(version uint64, recording events.Recording, changes []event.Change) ([]*Entry, error) {
	made := make([]*Entry, 0, len(changes))
	for i, change := range changes {
		text, err := Encode(change)
		if err != nil {
			return nil, err
		}
		at := Cursor{version, int32(i)}
		if i == len(changes)-1 {
			at.Index = Whole
		}
		made = append(made, &Entry{At: at, Name: change.Name, Text: text, recording: recording})
	}
	return made, nil
}
