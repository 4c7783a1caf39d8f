// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"reflect"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Windows are how close in time an event must be to a recording's events to
// belong to it, if nothing identifies it.
type Windows struct {
	// Reorder is for events that arrive after the end of their recording. It
	// counts from the first arrival of that end.
	Reorder time.Duration
	// Redelivery is for events that arrive twice. It counts from the last
	// delivery of the same type.
	Redelivery time.Duration
}

// Result is the effect of a delivery on the recording that it belongs to.
type Result string

// The results of placing an event.
const (
	// Recorded is the first delivery of its type to the recording, or the first
	// that names its file.
	Recorded Result = "recorded"
	// Duplicate is one more delivery of a type that the recording has.
	Duplicate Result = "duplicate"
	// Ignored is an event that no recording waits for: the end of a session
	// without an open recording.
	Ignored Result = "ignored"
)

// Decision says where an event belongs and what to write for it.
type Decision struct {
	// Segment is the index of the segment that the event belongs to; 0 if it
	// belongs to none.
	Segment int32
	// Writes are in the order in which they must be done. There are none if the
	// event changes nothing.
	Writes []Write
	// NeedsFreshRead is true if a stale read could have led to the decision
	// and no write would detect it. The chain must then be read again from
	// etcd, and the event placed again.
	NeedsFreshRead bool
	// Result says whether the event was new to the segment.
	Result Result
	// Rule is the name of the rule that applied, for people.
	Rule string
}

// Write is one object to write. It must be done only if the segment is
// unchanged since it was read; otherwise start again with fresh reads.
type Write struct {
	// Segment is the index of the segment.
	Segment int32
	// New is true if the segment does not exist: create it first. If it
	// exists by then, start again.
	New bool
	// Status is the new status.recording.
	Status v1alpha1.RecordingStatus
}

// Place decides which segment of a session an event belongs to. The chain is
// what was read of the session, in order, from segment 1 up to the first name
// that does not exist or to a segment for which NeedsNext is false. It may be
// stale, provided that the writer honours the whole [Decision]. No argument is
// modified.
//
// Webhooks are placed as if there were no clients: without the entries of
// clients each segment would hold the same.
func Place(chain []Segment, ev Event, w Windows) Decision {
	switch {
	case ev.Type == SessionEnded:
		return endSession(chain, ev)
	case ev.Source == v1alpha1.EventSourceClient:
		return placeClient(chain, ev, w)
	}
	for _, rule := range rules {
		switch at := rule.place(chain, ev, w); at {
		case noMatch:
		case beginNew:
			return begin(chain, ev, rule.name)
		default:
			return addTo(chain, at, ev, rule.name)
		}
	}
	return begin(chain, ev, ruleNew)
}

// begin is the decision for a segment that no webhook has begun yet.
func begin(chain []Segment, ev Event, rule string) Decision {
	write := Write{Segment: nextIndex(chain), New: true, Status: Apply(v1alpha1.RecordingStatus{}, ev)}
	if last := lastOwn(chain); last >= 0 && chain[last].Hollow() {
		write = Write{Segment: chain[last].Index, Status: Apply(chain[last].Status, ev)}
	}
	return Decision{
		Segment: write.Segment, Result: Recorded, Rule: rule,
		// What comes before may have changed, which a write of this segment does not notice.
		NeedsFreshRead: lastBegun(chain) >= 0 || (write.New && len(chain) > 0),
		Writes:         append(supersede(chain, lastBegun(chain)+1, -1), write),
	}
}

// addTo is the decision for a segment that a webhook has begun.
func addTo(chain []Segment, at int, ev Event, rule string) Decision {
	segment := chain[at]
	decision := Decision{Segment: segment.Index, Result: Recorded, Rule: rule}
	addsFile := ev.fileID() != "" && !segment.hasFileOf(ev)
	if find(segment.Status, ev.Type) != nil && !addsFile {
		decision.Result = Duplicate
	}
	switch {
	case segment.hasArrivalOf(ev):
		return decision
	case segment.hasFileOf(ev) && ev.Source == v1alpha1.EventSourceBackfill:
		return refresh(segment, ev, decision)
	case segment.hasFileOf(ev) || segment.hasIDOf(ev):
		// It stays the right one, even if it changed since it was read.
	default:
		// A write to an open segment notices if that was closed, but not if
		// another one was begun, which happens only if ids identify recordings.
		decision.NeedsFreshRead = !segment.Open() || segment.identifies()
	}
	if addsFile {
		decision.Writes = supersede(chain, lastBegun(chain), at)
	}
	decision.Writes = append(decision.Writes, Write{Segment: segment.Index, Status: Apply(segment.Status, ev)})
	return decision
}

// supersede returns the writes that supersede the first segments of the chain,
// except the one at except. They come before an event begins another segment or
// adds a file: a writer with an older view of the chain could add the same file
// to one of them, and these writes make it fail. From then on a segment gets a
// file only by an id that it has. Usually there are no such writes, because a
// segment has a file or was superseded before the next one began.
func supersede(chain []Segment, first, except int) []Write {
	var writes []Write
	for i, segment := range chain[:max(0, first)] {
		if i == except || !segment.canGetFile() {
			continue
		}
		status := *segment.Status.DeepCopy()
		status.Superseded = true
		writes = append(writes, Write{Segment: segment.Index, Status: status})
	}
	return writes
}

// refresh is the decision for a listed file that a segment has. It does not
// count as a delivery, so that listing a file again and again writes nothing.
func refresh(segment Segment, ev Event, decision Decision) Decision {
	status := *segment.Status.DeepCopy()
	if status.File = withFile(status.File, ev); reflect.DeepEqual(status.File, segment.Status.File) {
		return decision
	}
	decision.Writes = []Write{{Segment: segment.Index, Status: status}}
	return decision
}

// endSession records the end of the session on its open segments.
func endSession(chain []Segment, ev Event) Decision {
	decision := Decision{Result: Ignored, Rule: "no recording in progress"}
	for _, segment := range chain {
		if !segment.Open() {
			continue
		}
		if decision.Segment == 0 {
			decision.Segment, decision.Result, decision.Rule = segment.Index, Duplicate, "end of the session"
		}
		if segment.Status.SessionEndTime != nil {
			continue
		}
		decision.Result = Recorded
		status := *segment.Status.DeepCopy()
		at := microTime(ev.ReceivedAt)
		status.SessionEndTime = &at
		decision.Writes = append(decision.Writes, Write{Segment: segment.Index, Status: status})
	}
	return decision
}

func nextIndex(chain []Segment) int32 {
	if len(chain) == 0 {
		return 1
	}
	return chain[len(chain)-1].Index + 1
}
