// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "github.com/meetingops/meeting-recording-operator/api/v1alpha1"

// Rules of clients' events, for people.
const (
	ruleClientKnown = "known already, or over"
	ruleClientNotes = "a client's note"
)

// ClientType returns what a client's word counts for. A client may lie, or know
// of the end before the file is there: its Stopped is no more than Stopping, so
// that only the provider ends a recording.
func ClientType(told v1alpha1.EventType) v1alpha1.EventType {
	if told == v1alpha1.EventStopped {
		return v1alpha1.EventStopping
	}
	return told
}

// placeClient decides where a client's event goes: onto an open recording that
// lacks its type; and to a new one where there is none, or where the last one
// ended so long ago that a beginning cannot be of it. Everything else changes
// nothing, since a whole meeting may tell of the same.
func placeClient(chain []Segment, ev Event, w Windows) Decision {
	ev.Type = ClientType(ev.Type)
	at := lastOwn(chain)
	if at < 0 {
		return begin(chain, ev)
	}
	last := chain[at]
	begins := ev.Type == v1alpha1.EventStarting || ev.Type == v1alpha1.EventStarted
	switch {
	case last.Open() && findAny(last.Status, ev.Type) == nil:
		return Decision{Segment: last.Index, Status: Apply(last.Status, ev), Result: Recorded, Rule: ruleClientNotes}
	case !last.Open() && begins && !endedWithin(last, ev, w.Reorder):
		return begin(chain, ev)
	}
	return Decision{Segment: last.Index, Status: last.Status, Result: Duplicate, Rule: ruleClientKnown, Unchanged: true}
}

// lastOwn is where the last segment is that is not foreign; -1 if there is none.
func lastOwn(chain []Segment) int {
	for i := len(chain) - 1; i >= 0; i-- {
		if !chain[i].Foreign {
			return i
		}
	}
	return -1
}
