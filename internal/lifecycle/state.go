// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// furthest lists types of events by how far the recording is that has them. A
// file wins over a failure, in whatever order they arrive.
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
// The result depends on which events were applied, not on their order, but for
// entries that arrived in the same microsecond, and for the time of clients'
// entries. Those are there only until a webhook of their type comes, which then
// counts as if it were the first. A file that is there stays; only a URL that it
// lacks is added. The argument is not modified.
func Apply(status v1alpha1.RecordingStatus, ev Event) v1alpha1.RecordingStatus {
	next := *status.DeepCopy()
	next.Events = withEvent(next.Events, ev)
	next.File = withFile(next.File, ev)
	next.State = stateOf(next)
	next.StartTime = firstArrival(next, v1alpha1.EventStarted, v1alpha1.EventStarting)
	next.EndTime = firstArrival(next, v1alpha1.EventStopped, v1alpha1.EventFailed)
	return next
}

// withEvent returns the entries with the delivery of ev, by first arrival.
func withEvent(entries []v1alpha1.RecordingEvent, ev Event) []v1alpha1.RecordingEvent {
	at := microTime(ev.ReceivedAt)
	known := slices.IndexFunc(entries, func(e v1alpha1.RecordingEvent) bool { return e.Type == ev.Type })
	first := v1alpha1.RecordingEvent{Type: ev.Type, Source: ev.Source, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at}
	switch {
	case known < 0:
		entries = append(entries, first)
	case ev.Source == v1alpha1.EventSourceClient:
		return entries
	case isClients(entries[known]):
		entries[known] = first
	default:
		count(&entries[known], ev.Source, at)
	}
	slices.SortStableFunc(entries, func(a, b v1alpha1.RecordingEvent) int {
		return a.ReceiveTime.Compare(b.ReceiveTime.Time)
	})
	return entries
}

// count adds a delivery, which may have arrived before those that are known:
// replicas race, and what one of them could not write at once comes late.
func count(entry *v1alpha1.RecordingEvent, source v1alpha1.EventSource, at metav1.MicroTime) {
	if entry.Deliveries < math.MaxInt32 {
		entry.Deliveries++
	}
	if at.Time.Before(entry.ReceiveTime.Time) {
		entry.ReceiveTime, entry.Source = at, source
	}
	if at.After(entry.LastReceiveTime.Time) {
		entry.LastReceiveTime = at
	}
}

func withFile(file *v1alpha1.RecordingFile, ev Event) *v1alpha1.RecordingFile {
	switch {
	case ev.Type != v1alpha1.EventStopped || ev.FilePath == "":
		return file
	case file == nil:
		return &v1alpha1.RecordingFile{Path: ev.FilePath, URL: ev.FileURL}
	case file.Path == ev.FilePath && file.URL == "":
		file.URL = ev.FileURL
	}
	return file
}

func stateOf(status v1alpha1.RecordingStatus) v1alpha1.RecordingState {
	for _, f := range furthest {
		if findAny(status, f.event) != nil {
			return f.state
		}
	}
	return ""
}

// firstArrival returns when the first of types that is there first arrived.
func firstArrival(status v1alpha1.RecordingStatus, types ...v1alpha1.EventType) *metav1.MicroTime {
	for _, eventType := range types {
		if entry := findAny(status, eventType); entry != nil {
			return entry.ReceiveTime.DeepCopy()
		}
	}
	return nil
}

// microTime cuts to what the API keeps, so that what was written equals what is
// read back.
func microTime(t time.Time) metav1.MicroTime {
	return metav1.MicroTime{Time: t.UTC().Truncate(time.Microsecond)}
}
