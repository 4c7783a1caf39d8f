// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// countedAs is what the objects count: deliveries of a type, for all recordings of a session together, since only a file tells them apart.
type countedAs struct {
	Session
	Type v1alpha1.EventType
}

func compareCounted(a, b countedAs) int {
	return cmp.Or(cmp.Compare(a.MeetingID, b.MeetingID), cmp.Compare(a.SessionID, b.SessionID), cmp.Compare(a.Type, b.Type))
}

// writtenEach is how many identical webhooks a sidecar writes one by one within half of the window. It counts further ones in memory, until
// the next that is written, which may never come.
const writtenEach = 4

// mustCount returns how many deliveries the objects must count at least: all that were acknowledged, but for those that a sidecar may have
// counted in memory.
func mustCount(events []Event, window time.Duration) map[countedAs]int {
	type content struct {
		countedAs
		filePath string
	}
	times := map[content][]time.Time{}
	for _, event := range events {
		if event.Acknowledged {
			of := content{countedAs{event.Session, event.Type}, event.FilePath}
			times[of] = append(times[of], event.AcknowledgedAt)
		}
	}
	counts := map[countedAs]int{}
	for of, at := range times {
		slices.SortFunc(at, time.Time.Compare)
		for i := range at {
			if i < writtenEach || at[i].Sub(at[i-writtenEach]) > window {
				counts[of.countedAs]++
			}
		}
	}
	return counts
}

// eventsCounted is I2: every event that was acknowledged is in some object's status, as an entry or as a delivery.
func (a *auditor) eventsCounted() {
	acknowledged, counted := mustCount(a.Events, a.Window), map[countedAs]int{}
	for _, event := range a.Events {
		if event.Acknowledged {
			a.report.EventsAcknowledged++
		}
	}
	for session, chain := range a.chains {
		for _, object := range chain {
			for _, entry := range object.Status.Recording.Events {
				counted[countedAs{session, entry.Type}] += int(entry.Deliveries)
				a.report.EventsInStatus += int(entry.Deliveries)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(acknowledged), compareCounted) {
		if counted[key] < acknowledged[key] {
			a.report.lost("session %s/%s: %d deliveries of %s were acknowledged, the status counts %d",
				key.MeetingID, key.SessionID, acknowledged[key], key.Type, counted[key])
		}
	}
}

// chainsWhole holds that every object is of a session that there was, and that none is missing in between.
func (a *auditor) chainsWhole() {
	for session, chain := range a.chains {
		if a.Sessions[session] == 0 {
			a.report.wrong("%s: of a session that nobody sent", namesOf(chain))
		}
		segments := map[int32]bool{}
		for _, object := range chain {
			segments[object.Spec.Segment] = true
			if file := object.Status.Recording.File; file != nil && object.Status.Recording.State != v1alpha1.RecordingStopped {
				a.report.wrong("%s has a file and is %s", object.Name, object.Status.Recording.State)
			}
		}
		for segment := range int32(len(chain)) {
			if !segments[segment+1] {
				a.report.wrong("session %s/%s has %s, and no segment %d", session.MeetingID, session.SessionID, namesOf(chain), segment+1)
			}
		}
	}
}

// recordingsWhole is I3: without loss, every order and duplication, within the windows, of one recording's events ends in one object with
// the same state and file. That can be checked where a session had one recording, each of whose deliveries was answered in time, by clocks
// that agree.
func (a *auditor) recordingsWhole() {
	events := map[Session][]Event{}
	for _, event := range a.Events {
		events[event.Session] = append(events[event.Session], event)
	}
	for session, recordings := range a.Sessions {
		if recordings == 1 && a.isWhole(session, events[session]) {
			a.report.Wholes++
			a.recordingWhole(session, events[session])
		}
	}
	for _, findings := range [][]string{a.report.Lost, a.report.Doubled, a.report.Wrong} {
		slices.Sort(findings)
	}
}

// isWhole reports whether all events of a session's only recording arrived, within the window.
func (a *auditor) isWhole(session Session, events []Event) bool {
	if len(events) == 0 {
		return false
	}
	var from, to time.Time
	hasFile, hasFailed, spooled := false, false, false
	for _, event := range events {
		if !event.Acknowledged || event.Unsure {
			return false
		}
		if from.IsZero() || event.From.Before(from) {
			from = event.From
		}
		if event.To.After(to) {
			to = event.To
		}
		hasFile = hasFile || event.FilePath != ""
		hasFailed = hasFailed || event.Type == v1alpha1.EventFailed
		spooled = spooled || event.Spooled
	}
	if slices.ContainsFunc(a.Skews, func(s Span) bool { return from.Before(s.To) && s.From.Before(to) }) {
		return false
	}
	// A failure may be acted on before a file is written that waited in the spool, or that only backfill finds, since its recording-stopped
	// was lost. Then the file is a recording of its own.
	isLate := (hasFile && spooled) || (!hasFile && slices.ContainsFunc(a.chains[session], a.hasListedFile))
	return to.Sub(from) <= a.Window && (!hasFailed || !isLate)
}

func (a *auditor) recordingWhole(session Session, events []Event) {
	chain := a.chains[session]
	if len(chain) == 0 {
		return // lost, which was said
	}
	if len(chain) > 1 {
		a.report.doubled("session %s/%s had one recording, and has the objects %s", session.MeetingID, session.SessionID, namesOf(chain))
		return
	}
	types, file := map[v1alpha1.EventType]bool{}, ""
	for _, event := range events {
		types[event.Type] = true
		if event.FilePath != "" {
			file = event.FilePath
		}
	}
	got := chain[0].Status.Recording
	if file == "" && a.hasListedFile(chain[0]) {
		// Its recording-stopped was lost, and backfill found the file.
		file, types[v1alpha1.EventStopped] = got.File.Path, true
	}
	if want := stateAfter(types); got.State != want {
		a.report.wrong("%s is %s, want %s", chain[0].Name, got.State, want)
	}
	if (got.File == nil) != (file == "") || (got.File != nil && lifecycle.FileID(got.File.Path) != lifecycle.FileID(file)) {
		a.report.wrong("%s has the file %v, want %q", chain[0].Name, got.File, file)
	}
	for _, entry := range got.Events {
		delete(types, entry.Type)
	}
	for missing := range types {
		a.report.lost("%s has no event %s", chain[0].Name, missing)
	}
}

// hasListedFile reports whether an object has a file that the provider lists.
func (a *auditor) hasListedFile(o *v1alpha1.MeetingRecording) bool {
	file := o.Status.Recording.File
	return file != nil && slices.ContainsFunc(a.Listed, func(listed string) bool { return lifecycle.FileID(listed) == lifecycle.FileID(file.Path) })
}

// stateAfter is the state of a recording of which these events are known: a file wins over a failure.
func stateAfter(types map[v1alpha1.EventType]bool) v1alpha1.RecordingState {
	switch {
	case types[v1alpha1.EventStopped]:
		return v1alpha1.RecordingStopped
	case types[v1alpha1.EventFailed]:
		return v1alpha1.RecordingFailed
	case types[v1alpha1.EventStopping]:
		return v1alpha1.RecordingStopping
	case types[v1alpha1.EventStarted]:
		return v1alpha1.RecordingStarted
	}
	return v1alpha1.RecordingStarting
}
