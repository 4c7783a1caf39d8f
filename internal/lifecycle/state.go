// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// furthest lists types of events by how far they take a recording. A file wins
// over a failure, in any order of arrival.
var furthest = []struct {
	event v1alpha1.EventType
	state v1alpha1.RecordingState
}{
	{v1alpha1.EventStopped, v1alpha1.RecordingStopped},
	{v1alpha1.EventFailed, v1alpha1.RecordingFailed},
	{v1alpha1.EventStopping, v1alpha1.RecordingStopping},
	{v1alpha1.EventStarted, v1alpha1.RecordingStarted},
	{v1alpha1.EventStarting, v1alpha1.RecordingStarting},
}

// Apply returns status with ev in it, as a new entry or as one more delivery.
// State, file and the types of entries depend on which events were applied, not
// on their order. Clients' entries are there only until a webhook of their type
// arrives, which then counts as the first. An existing file stays; only missing
// fields are added. The argument is not modified.
func Apply(status v1alpha1.RecordingStatus, ev Event) v1alpha1.RecordingStatus {
	next := *status.DeepCopy()
	if next.Superseded && !hasID(next, ev.ID) {
		ev.ID = "" // a superseded segment gets no new id
	}
	next.Events = withEvent(next.Events, ev)
	next.File = withFile(next.File, ev)
	next.ProviderID = providerIDOf(next)
	next.State = stateOf(next)
	next.StartTime = firstArrival(next, v1alpha1.EventStarted, v1alpha1.EventStarting)
	next.EndTime = firstArrival(next, v1alpha1.EventStopped, v1alpha1.EventFailed)
	return next
}

func hasID(status v1alpha1.RecordingStatus, id string) bool {
	return id != "" && slices.ContainsFunc(status.Events, func(e v1alpha1.RecordingEvent) bool { return e.ID == id })
}

// withEvent returns the entries with the delivery of ev, by first arrival.
func withEvent(entries []v1alpha1.RecordingEvent, ev Event) []v1alpha1.RecordingEvent {
	at := microTime(ev.ReceivedAt)
	existing := slices.IndexFunc(entries, func(e v1alpha1.RecordingEvent) bool { return e.Type == ev.Type })
	first := v1alpha1.RecordingEvent{Type: ev.Type, Source: ev.Source, ReceiveTime: at, Deliveries: max(ev.Deliveries, 1), LastReceiveTime: at, ID: ev.ID}
	switch {
	case existing < 0:
		entries = append(entries, first)
	case ev.Source == v1alpha1.EventSourceClient:
		return entries
	case isClients(entries[existing]):
		entries[existing] = first
	default:
		count(&entries[existing], ev)
	}
	slices.SortStableFunc(entries, func(a, b v1alpha1.RecordingEvent) int {
		return cmp.Or(a.ReceiveTime.Compare(b.ReceiveTime.Time), cmp.Compare(a.Type, b.Type))
	})
	return entries
}

// count adds deliveries. The first time stays: what is written late, or was
// received by a clock that has gone back, must not move a recording's start.
func count(entry *v1alpha1.RecordingEvent, ev Event) {
	entry.Deliveries += min(max(ev.Deliveries, 1), math.MaxInt32-entry.Deliveries)
	if at := microTime(ev.ReceivedAt); at.After(entry.LastReceiveTime.Time) {
		entry.LastReceiveTime = at
	}
	entry.ID = cmp.Or(entry.ID, ev.ID)
}

// withFile returns the file with the fields of ev. The provider's list is up to
// date, so it replaces an address that may have expired.
func withFile(file *v1alpha1.RecordingFile, ev Event) *v1alpha1.RecordingFile {
	if ev.fileID() == "" {
		return file
	}
	if file == nil {
		return &v1alpha1.RecordingFile{Path: ev.FilePath, URL: ev.FileURL, Encryption: ev.Encryption.DeepCopy()}
	}
	if FileID(file.Path) != ev.fileID() {
		return file
	}
	next := *file.DeepCopy()
	if next.URL == "" || (ev.Source == v1alpha1.EventSourceBackfill && ev.FileURL != "") {
		next.URL = ev.FileURL
	}
	if next.Encryption == nil {
		next.Encryption = ev.Encryption.DeepCopy()
	}
	return &next
}

// providerIDOf returns the id that most entries carry; of several, the id of the
// event that is furthest.
func providerIDOf(status v1alpha1.RecordingStatus) string {
	carried := map[string]int{}
	for _, entry := range status.Events {
		if entry.ID != "" {
			carried[entry.ID]++
		}
	}
	best := ""
	for _, f := range furthest {
		if entry := findAny(status, f.event); entry != nil && carried[entry.ID] > carried[best] {
			best = entry.ID
		}
	}
	return best
}

func stateOf(status v1alpha1.RecordingStatus) v1alpha1.RecordingState {
	for _, f := range furthest {
		if findAny(status, f.event) != nil {
			return f.state
		}
	}
	return ""
}

// firstArrival returns when the first type that has an entry first arrived.
func firstArrival(status v1alpha1.RecordingStatus, types ...v1alpha1.EventType) *metav1.MicroTime {
	for _, eventType := range types {
		if entry := findAny(status, eventType); entry != nil {
			return entry.ReceiveTime.DeepCopy()
		}
	}
	return nil
}

// microTime truncates to what the API keeps, so that what was written equals
// what is read back.
func microTime(t time.Time) metav1.MicroTime {
	return metav1.MicroTime{Time: t.UTC().Truncate(time.Microsecond)}
}
