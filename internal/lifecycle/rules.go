// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// rule tells for which segment an event is. place returns the position in the
// chain, or -1 where the rule does not apply.
type rule struct {
	name  string
	place func(chain []Segment, ev Event, w Windows) int
}

// ruleNew is what holds where no rule applies.
const ruleNew = "new recording"

// ruleBegun is the same where a segment waits for its first webhook.
const ruleBegun = "new recording, begun already"

// rules are asked in their order, and the first that applies decides. The file
// comes first, because it is all that identifies a recording; the others look
// at the last segment only.
var rules = []rule{
	{"same file", sameFile},
	{"recording under way", onLast(underWay)},
	{"overtaken by the end", onLast(overtaken)},
	{"redelivered after the end", onLast(redelivered)},
	{"failure of an ended recording", onLast(failureAfterEnd)},
	{"end of a failed recording", onLast(endAfterFailure)},
	{"end without a file, again", onLast(endAgain)},
}

// sameFile is for a Stopped event whose file some segment has.
func sameFile(chain []Segment, ev Event, _ Windows) int {
	for i, segment := range chain {
		if segment.holdsFileOf(ev) {
			return i
		}
	}
	return -1
}

// onLast is a rule that looks at the last segment that is neither foreign nor
// hollow.
func onLast(applies func(last Segment, ev Event, w Windows) bool) func([]Segment, Event, Windows) int {
	return func(chain []Segment, ev Event, w Windows) int {
		for i := len(chain) - 1; i >= 0; i-- {
			if chain[i].Foreign || chain[i].Hollow() {
				continue
			}
			if applies(chain[i], ev, w) {
				return i
			}
			return -1
		}
		return -1
	}
}

// underWay: whatever comes while a recording goes on is of it.
func underWay(last Segment, _ Event, _ Windows) bool { return last.Open() }

// overtaken is for a passing event that a closed segment lacks, soon after its
// end.
func overtaken(last Segment, ev Event, w Windows) bool {
	return passing(ev) && find(last.Status, ev.Type) == nil && endedWithin(last, ev, w.Reorder)
}

// redelivered is for an event that a closed segment has, soon after its last
// delivery. An end that names a file is told by the file alone.
func redelivered(last Segment, ev Event, w Windows) bool {
	entry := find(last.Status, ev.Type)
	return entry != nil && ev.FilePath == "" && within(ev, entry.LastReceiveTime.Time, w.Redelivery)
}

// failureAfterEnd is for a failure where the last recording has failed, at any
// time, or has stopped not long ago.
func failureAfterEnd(last Segment, ev Event, w Windows) bool {
	return ev.Type == v1alpha1.EventFailed && (last.failedOnly() || endedWithin(last, ev, w.Reorder))
}

// endAfterFailure is for the end of a recording that failed not long ago: it
// has a file after all, unless its failure was settled.
func endAfterFailure(last Segment, ev Event, w Windows) bool {
	return ev.Type == v1alpha1.EventStopped && last.failedOnly() && endedWithin(last, ev, w.Reorder) &&
		(ev.FilePath == "" || last.awaitsFile())
}

// endAgain is for an end without a file where the last recording has stopped
// not long ago: nothing tells the two apart.
func endAgain(last Segment, ev Event, w Windows) bool {
	return ev.Type == v1alpha1.EventStopped && ev.FilePath == "" &&
		find(last.Status, v1alpha1.EventStopped) != nil && endedWithin(last, ev, w.Reorder)
}

// passing tells whether the event is one that a recording passes through.
func passing(ev Event) bool {
	return ev.Type != v1alpha1.EventStopped && ev.Type != v1alpha1.EventFailed
}

// endedWithin tells whether ev arrived at most window after the segment's end.
func endedWithin(segment Segment, ev Event, window time.Duration) bool {
	end := firstArrival(segment.Status, v1alpha1.EventStopped, v1alpha1.EventFailed)
	return end != nil && within(ev, end.Time, window)
}

// within is inclusive, and true of what arrived before since.
func within(ev Event, since time.Time, window time.Duration) bool {
	return microTime(ev.ReceivedAt).Sub(since) <= window
}
