// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Windows are how long after a recording's end its events are still told from
// those of the next one. A delivery that arrived before the end counts as
// within: it was merely written late.
type Windows struct {
	// Reorder is for events that are overtaken by the one that ends their
	// recording; it counts from that one's first arrival.
	Reorder time.Duration
	// Redelivery is for events that come twice; it counts from the last
	// delivery of the same type.
	Redelivery time.Duration
}

// Result is what a delivery was to the recording it belongs to.
type Result string

// The results of placing an event.
const (
	// Recorded is the first delivery of its type to the recording.
	Recorded Result = "recorded"
	// Duplicate is one more delivery of a type that the recording has.
	Duplicate Result = "duplicate"
)

// Decision is where an event goes and what has to be written for it.
type Decision struct {
	// Segment is the index of the segment that the event belongs to.
	Segment int32
	// New tells that the segment does not exist: it is to be created, and the
	// event placed again if somebody else was faster.
	New bool
	// Begins tells that the event is a recording's first webhook, on a segment
	// that is there already though others are before it. As with New, they may
	// have changed since they were read, which no condition of the write notices.
	Begins bool
	// Unchanged tells that there is nothing to write: Status is what was read.
	Unchanged bool
	// Status is the segment's status.recording with the event in it. It is to
	// be written only if the segment's status is still the one that was read.
	Status v1alpha1.RecordingStatus
	// Result says whether the event was new to the segment.
	Result Result
	// Rule names the rule that applied, for people.
	Rule string
	// Settle lists segments, failed and without a file, that must be marked as
	// settled before Status is written, each only if its status is still the
	// one that was read. Status brings a new file into the chain: were one of
	// them revived at the same time for another delivery of the same event, by
	// somebody who has not seen the end of the chain, the file would be on two.
	Settle []int32
	// Revives tells that Status adds a file to a segment that had failed. It
	// is to be written only if the failure has not been acted on meanwhile.
	Revives bool
}

// Place decides which segment of a session an event belongs to. The chain is
// what was read of the session, in order, from segment 1 up to the first name
// that does not exist or to a segment for which NeedsNext is false; what was
// read may be outdated, as long as every write is conditional, as Decision
// says. No argument is modified.
//
// Webhooks are placed as if there were no clients: without the entries of
// clients the chain is, segment by segment, what it were if none had come.
func Place(chain []Segment, ev Event, w Windows) Decision {
	if ev.Source == v1alpha1.EventSourceClient {
		return placeClient(chain, ev, w)
	}
	for _, rule := range rules {
		if at := rule.place(chain, ev, w); at >= 0 {
			return onto(chain, at, ev, rule.name)
		}
	}
	if last := len(chain) - 1; last >= 0 && chain[last].Hollow() {
		decision := onto(chain, last, ev, ruleBegun)
		decision.Begins = last > 0
		return decision
	}
	decision := begin(chain, ev)
	decision.Settle = toSettle(chain, -1, ev)
	return decision
}

// begin is the decision for a segment that does not exist.
func begin(chain []Segment, ev Event) Decision {
	return Decision{
		Segment: nextIndex(chain),
		New:     true,
		Status:  Apply(v1alpha1.RecordingStatus{}, ev),
		Result:  Recorded,
		Rule:    ruleNew,
	}
}

// onto is the decision for a segment that exists.
func onto(chain []Segment, at int, ev Event, rule string) Decision {
	segment := chain[at]
	decision := Decision{
		Segment: segment.Index,
		Status:  Apply(segment.Status, ev),
		Result:  Recorded,
		Rule:    rule,
	}
	if find(segment.Status, ev.Type) != nil {
		decision.Result = Duplicate
	}
	if segment.Status.File == nil && decision.Status.File != nil {
		decision.Settle = toSettle(chain, at, ev)
		decision.Revives = !segment.Open()
	}
	return decision
}

// toSettle lists the segments beside the one at the given place that another
// delivery of ev could revive. It is empty where ev names no file.
func toSettle(chain []Segment, at int, ev Event) []int32 {
	if ev.Type != v1alpha1.EventStopped || ev.FilePath == "" {
		return nil
	}
	var indexes []int32
	for i, segment := range chain {
		if i != at && segment.awaitsFile() {
			indexes = append(indexes, segment.Index)
		}
	}
	return indexes
}

func nextIndex(chain []Segment) int32 {
	if len(chain) == 0 {
		return 1
	}
	return chain[len(chain)-1].Index + 1
}
