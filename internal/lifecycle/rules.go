// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// rule is one row of the table that says where an event belongs. place returns
// a position in the chain, [beginNew] for a segment that does not exist yet, or
// [noMatch] if the row does not apply.
type rule struct {
	name  string
	place func(chain []Segment, ev Event, w Windows) int
}

const (
	noMatch  = -1
	beginNew = -2
)

// ruleNew is the name of the row that applies if no other does.
const ruleNew = "new recording"

// rules are evaluated in order, and the first that applies decides. A file
// comes first, because nothing else identifies a recording for certain. Ids are
// evidence. The others look at the last segment only.
var rules = []rule{
	{"written before", sameArrival},
	{"same file", sameFile},
	{"same id", sameID},
	{"another id", onLast(anotherID)},
	{"recording in progress", onLast(inProgress)},
	{"overtaken by the end", onLast(overtaken)},
	{"redelivered after the end", onLast(redelivered)},
	{"failure of an ended recording", onLast(failureAfterEnd)},
	{"end of a failed recording", onLast(endAfterFailure)},
	{"end without a file, again", onLast(endAgain)},
}

// sameArrival finds where an earlier attempt wrote this arrival. Without it the
// retry would be one more delivery, or after the window another recording.
func sameArrival(chain []Segment, ev Event, _ Windows) int {
	return slices.IndexFunc(chain, func(s Segment) bool { return s.hasArrivalOf(ev) })
}

// sameFile is for a Stopped event whose file a segment has.
func sameFile(chain []Segment, ev Event, _ Windows) int {
	return slices.IndexFunc(chain, func(s Segment) bool { return s.hasFileOf(ev) })
}

// sameID is for an event with an id that a segment received before. A file never
// replaces another one, so a provider that sends one id for all recordings of a
// session loses no file.
func sameID(chain []Segment, ev Event, _ Windows) int {
	return slices.IndexFunc(chain, func(s Segment) bool { return s.hasIDOf(ev) && (ev.fileID() == "" || s.acceptsFile()) })
}

// onLast is a rule about the last segment that is neither foreign nor hollow.
func onLast(decide func(last Segment, ev Event, w Windows) verdict) func([]Segment, Event, Windows) int {
	return func(chain []Segment, ev Event, w Windows) int {
		at := lastBegun(chain)
		if at < 0 {
			return noMatch
		}
		switch decide(chain[at], ev, w) {
		case toLast:
			return at
		case toNew:
			return beginNew
		}
		return noMatch
	}
}

// verdict is the decision of a rule about the last segment.
type verdict int

const (
	undecided verdict = iota
	toLast
	toNew
)

func toLastIf(applies bool) verdict {
	if applies {
		return toLast
	}
	return undecided
}

// anotherID is for an event with an id that the last segment does not have,
// where ids identify recordings: the recordings overlap.
func anotherID(last Segment, ev Event, _ Windows) verdict {
	if ev.ID != "" && last.identifies() && !last.hasIDOf(ev) {
		return toNew
	}
	return undecided
}

// inProgress is for any event while the last recording goes on. Once a later
// segment may have begun, a file needs more evidence than that.
func inProgress(last Segment, ev Event, _ Windows) verdict {
	return toLastIf(last.Open() && (ev.fileID() == "" || last.canGetFile()))
}

// overtaken is for an event that a closed segment lacks and that arrives soon
// after its end.
func overtaken(last Segment, ev Event, w Windows) verdict {
	return toLastIf(isBeforeEnd(ev) && find(last.Status, ev.Type) == nil && endedWithin(last, ev, w.Reorder))
}

// redelivered is for an event that a closed segment has, soon after its last
// delivery. An end that names a file is identified by the file alone.
func redelivered(last Segment, ev Event, w Windows) verdict {
	entry := find(last.Status, ev.Type)
	return toLastIf(entry != nil && ev.fileID() == "" && within(ev, entry.ReceiveTime.Time, entry.LastReceiveTime.Time, w.Redelivery))
}

// failureAfterEnd is for a failure if the last recording failed, at any time,
// or stopped not long ago.
func failureAfterEnd(last Segment, ev Event, w Windows) verdict {
	return toLastIf(ev.Type == v1alpha1.EventFailed && (last.failedOnly() || endedWithin(last, ev, w.Reorder)))
}

// endAfterFailure is for the end of a recording that failed not long ago: it
// has a file after all, unless it may no longer get one.
func endAfterFailure(last Segment, ev Event, w Windows) verdict {
	return toLastIf(ev.Type == v1alpha1.EventStopped && last.failedOnly() && endedWithin(last, ev, w.Reorder) &&
		(ev.fileID() == "" || (last.canGetFile() && last.acceptsFile())))
}

// endAgain is for an end without a file if the last recording stopped not long
// ago: nothing distinguishes the two.
func endAgain(last Segment, ev Event, w Windows) verdict {
	return toLastIf(ev.Type == v1alpha1.EventStopped && ev.fileID() == "" &&
		find(last.Status, v1alpha1.EventStopped) != nil && endedWithin(last, ev, w.Reorder))
}

// isBeforeEnd reports whether the event is one of those before a recording's end.
func isBeforeEnd(ev Event) bool {
	return ev.Type != v1alpha1.EventStopped && ev.Type != v1alpha1.EventFailed
}

// endedWithin reports whether ev arrived while the segment went on, or at most
// the window later or earlier than that.
func endedWithin(segment Segment, ev Event, window time.Duration) bool {
	end := firstArrival(segment.Status, v1alpha1.EventStopped, v1alpha1.EventFailed)
	return end != nil && within(ev, firstOf(segment.Status), end.Time, window)
}

// firstOf is when the segment's first webhook arrived, by any of them.
func firstOf(status v1alpha1.RecordingStatus) time.Time {
	var first time.Time
	for _, entry := range status.Events {
		if !isClients(entry) && (first.IsZero() || entry.ReceiveTime.Time.Before(first)) {
			first = entry.ReceiveTime.Time
		}
	}
	return first
}

// within reports whether ev arrived from the window before one moment to the
// window after another, both included. It has both ends because clocks go back,
// and begins before the recording's end because an event may be written late.
func within(ev Event, from, to time.Time, window time.Duration) bool {
	at := microTime(ev.ReceivedAt).Time
	return !at.Before(from.Add(-window)) && !at.After(to.Add(window))
}
