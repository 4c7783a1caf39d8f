// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// checkFiles is I1, and with backfill I4.
func (w *World) checkFiles(recordings []*v1alpha1.MeetingRecording) {
	on := map[string][]string{}
	for _, recording := range recordings {
		if file := recording.Status.Recording.File; file != nil {
			id := lifecycle.FileID(file.Path)
			on[id] = append(on[id], recording.Name)
			if recording.Status.Recording.State != v1alpha1.RecordingStopped {
				w.broken("recording %s has a file and is %s", recording.Name, recording.Status.Recording.State)
			}
		}
	}
	for id, names := range on {
		if len(names) > 1 {
			w.broken("file %s is on %v", id, names)
		}
	}
	for _, d := range w.delivered {
		if d.acknowledged && d.FilePath != "" && len(on[lifecycle.FileID(d.FilePath)]) == 0 && !w.mayBeLost() {
			w.broken("file %s was acknowledged and is on no recording", d.FilePath)
		}
	}
	if !w.plan.Backfill {
		return
	}
	for _, s := range w.plan.Sessions {
		for _, r := range s.Recordings {
			if r.FilePath != "" && len(on[lifecycle.FileID(r.FilePath)]) == 0 {
				w.broken("file %s is listed by the provider and is on no recording", r.FilePath)
			}
		}
	}
}

// mayBeLost reports whether what was acknowledged may be lost: by damage of a disk, or a restore from a backup.
func (w *World) mayBeLost() bool { return w.damaged.Load() || w.restored.Load() }

type counted struct {
	session string
	kind    v1alpha1.EventType
}

// checkEvents is I2.
func (w *World) checkEvents(recordings []*v1alpha1.MeetingRecording) {
	acknowledged, stored := map[counted]int{}, map[counted]int{}
	for _, d := range w.delivered {
		if d.acknowledged && d.event.Type != lifecycle.SessionEnded {
			acknowledged[counted{d.event.SessionID, d.event.Type}]++
		}
	}
	for _, recording := range recordings {
		for _, entry := range recording.Status.Recording.Events {
			stored[counted{recording.Spec.SessionID, entry.Type}] += int(entry.Deliveries)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(acknowledged), func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.kind, b.kind))
	}) {
		isExact := !w.plan.Backfill && w.hasOnly(apart...)
		if (stored[key] < acknowledged[key] || isExact && stored[key] > acknowledged[key]) && !w.mayBeLost() {
			w.broken("session %s: %d deliveries of %s were acknowledged, the status has %d", key.session, acknowledged[key], key.kind, stored[key])
		}
	}
}

// checkWhole is I3, where it can be told: one recording in its session, all of whose webhooks were acknowledged within the window.
func (w *World) checkWhole(recordings []*v1alpha1.MeetingRecording) {
	if w.has(ClockJump, Restored) || w.mayBeLost() {
		return
	}
	chains := map[string][]*v1alpha1.MeetingRecording{}
	for _, recording := range recordings {
		chains[recording.Spec.SessionID] = append(chains[recording.Spec.SessionID], recording)
	}
	deliveries := map[int][]*webhook{}
	for _, d := range w.delivered {
		deliveries[d.Session] = append(deliveries[d.Session], d)
	}
	for i, s := range w.plan.Sessions {
		if len(s.Recordings) != 1 || !isWhole(deliveries[i]) {
			continue
		}
		chain := chains[s.SessionID]
		if len(chain) != 1 {
			w.broken("session %s had one recording, and has %d", s.SessionID, len(chain))
			continue
		}
		want, whole := map[v1alpha1.EventType]bool{}, v1alpha1.RecordingStatus{}
		for _, d := range deliveries[i] {
			if d.event.Type != lifecycle.SessionEnded {
				want[d.event.Type] = true
				whole = lifecycle.Apply(whole, d.event.Event)
			}
		}
		got := chain[0].Status.Recording
		if isSame := got.State == whole.State && (got.ProviderID == whole.ProviderID || w.plan.IDs == ChangingIDs); !isSame && !w.plan.Backfill {
			w.broken("recording %s is %s with id %q, its events make it %s with id %q", chain[0].Name, got.State, got.ProviderID, whole.State, whole.ProviderID)
		}
		for _, entry := range chain[0].Status.Recording.Events {
			delete(want, entry.Type)
		}
		if len(want) > 0 {
			w.broken("recording %s lacks %v", chain[0].Name, slices.Sorted(maps.Keys(want)))
		}
	}
}

// isWhole reports whether all webhooks of a session's only recording arrived within the window.
func isWhole(deliveries []*webhook) bool {
	var from, to time.Time
	var hasFile, hasFailed, spooled, any bool
	for _, d := range deliveries {
		if d.event.Type == lifecycle.SessionEnded {
			continue
		}
		if !d.acknowledged || d.unsure {
			return false
		}
		if !any || d.from.Before(from) {
			from = d.from
		}
		if d.to.After(to) {
			to = d.to
		}
		any = true
		hasFile, hasFailed, spooled = hasFile || d.FilePath != "", hasFailed || d.event.Type == v1alpha1.EventFailed, spooled || d.spooled
	}
	return any && to.Sub(from) <= redeliveryWindow && (!hasFile || !hasFailed || !spooled)
}
