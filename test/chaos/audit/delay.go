// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Sightings remember when deliveries were first seen in a status.
type Sightings struct {
	// deliveries has, for what is counted together, what each object counts.
	deliveries map[countedAs]map[string]int
	// times has when the first, the second and so on were seen.
	times map[countedAs][]time.Time
	files map[string]time.Time
}

// NewSightings returns one of nothing.
func NewSightings() *Sightings {
	return &Sightings{deliveries: map[countedAs]map[string]int{}, times: map[countedAs][]time.Time{}, files: map[string]time.Time{}}
}

// See is notified of every version of an object, in their order.
func (s *Sightings) See(object *v1alpha1.MeetingRecording, at time.Time) {
	session := Session{object.Spec.MeetingID, object.Spec.SessionID}
	for _, entry := range object.Status.Recording.Events {
		key := countedAs{session, entry.Type}
		if s.deliveries[key] == nil {
			s.deliveries[key] = map[string]int{}
		}
		s.deliveries[key][object.Name] = int(entry.Deliveries)
		total := 0
		for _, count := range s.deliveries[key] {
			total += count
		}
		for len(s.times[key]) < total {
			s.times[key] = append(s.times[key], at)
		}
	}
	if file := object.Status.Recording.File; file != nil {
		if _, known := s.files[lifecycle.FileID(file.Path)]; !known {
			s.files[lifecycle.FileID(file.Path)] = at
		}
	}
}

// Missing returns one of the acknowledged events that has not been seen; nothing if all have. The window is Input's.
func (s *Sightings) Missing(events []Event, window time.Duration) string {
	for _, event := range events {
		if _, seen := s.files[lifecycle.FileID(event.FilePath)]; event.Acknowledged && event.FilePath != "" && !seen {
			return fmt.Sprintf("file %s of session %s/%s", event.FilePath, event.Session.MeetingID, event.Session.SessionID)
		}
	}
	for key, want := range mustCount(events, window) {
		if got := len(s.times[key]); got < want {
			return fmt.Sprintf("%d of %d deliveries of %s of session %s/%s", want-got, want, key.Type, key.MeetingID, key.SessionID)
		}
	}
	return ""
}

// Delays returns how long after its acknowledgement each event was seen in a status; 0 for those that were seen before. What was
// never seen is left out. Deliveries that nothing tells apart are taken in their order.
func (s *Sightings) Delays(events []Event) []time.Duration {
	acknowledged := map[countedAs][]time.Time{}
	var delays []time.Duration
	for _, event := range events {
		if !event.Acknowledged {
			continue
		}
		if seen, known := s.files[lifecycle.FileID(event.FilePath)]; event.FilePath != "" && known {
			delays = append(delays, max(seen.Sub(event.AcknowledgedAt), 0))
		}
		key := countedAs{event.Session, event.Type}
		acknowledged[key] = append(acknowledged[key], event.AcknowledgedAt)
	}
	for key, times := range acknowledged {
		slices.SortFunc(times, time.Time.Compare)
		for i := range min(len(times), len(s.times[key])) {
			delays = append(delays, max(s.times[key][i].Sub(times[i]), 0))
		}
	}
	return delays
}

// Longest returns the longest of some durations, 0 if there is none.
func Longest(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	return slices.Max(durations)
}
