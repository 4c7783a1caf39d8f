// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "github.com/meetingops/meeting-recording-operator/api/v1alpha1"

// Names of the rules for clients' events, for people.
const (
	ruleClientKnown = "reported already, or over"
	ruleClientNotes = "reported by a client"
)

// ClientType returns the type that a client's event counts as. A client may
// lie, or know of the end before the file exists: its Stopped counts as
// Stopping, so that only the provider ends a recording.
func ClientType(reported v1alpha1.EventType) v1alpha1.EventType {
	if reported == v1alpha1.EventStopped {
		return v1alpha1.EventStopping
	}
	return reported
}

// placeClient decides where a client's event belongs: to an open recording that
// lacks its type; or to a new one if there is none, or if the last one ended so
// long ago that a beginning cannot be part of it. Everything else changes
// nothing, because every participant may report the same.
func placeClient(chain []Segment, ev Event, w Windows) Decision {
	ev.Type = ClientType(ev.Type)
	at := lastOwn(chain)
	if at < 0 {
		return beginByClient(chain, ev)
	}
	last := chain[at]
	begins := ev.Type == v1alpha1.EventStarting || ev.Type == v1alpha1.EventStarted
	switch {
	case last.Open() && findAny(last.Status, ev.Type) == nil:
		return Decision{
			Segment: last.Index, Result: Recorded, Rule: ruleClientNotes,
			Writes: []Write{{Segment: last.Index, Status: Apply(last.Status, ev)}},
		}
	case !last.Open() && begins && !endedWithin(last, ev, w.Reorder):
		return beginByClient(chain, ev)
	}
	return Decision{Segment: last.Index, Result: Duplicate, Rule: ruleClientKnown, NeedsFreshRead: true}
}

// beginByClient creates a segment without superseding the one before: to
// webhooks it does not exist.
func beginByClient(chain []Segment, ev Event) Decision {
	index := nextIndex(chain)
	return Decision{
		Segment: index, Result: Recorded, Rule: ruleNew, NeedsFreshRead: len(chain) > 0,
		Writes: []Write{{Segment: index, New: true, Status: Apply(v1alpha1.RecordingStatus{}, ev)}},
	}
}

// lastOwn is the position of the last segment that is not foreign; -1 if there
// is none.
func lastOwn(chain []Segment) int {
	for i := len(chain) - 1; i >= 0; i-- {
		if !chain[i].Foreign {
			return i
		}
	}
	return -1
}
