// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
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
		if len(s.Recordings) != 1 || !isWhole(deliveries[i]) || w.isFoundLater(s, deliveries[i]) {
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

// checkApart holds that what happens longer after the end of a recording than any window is another recording.
func (w *World) checkApart(recordings []*v1alpha1.MeetingRecording) {
	if w.has(ClockJump, Restored) || w.mayBeLost() || w.plan.Backfill {
		return
	}
	bySession := w.bySession()
	for i, s := range w.plan.Sessions {
		parts, areApart := apartOf(bySession[i], len(s.Recordings))
		if !areApart {
			continue
		}
		var want [][]v1alpha1.EventType
		for _, part := range parts {
			kinds := map[v1alpha1.EventType]bool{}
			for _, d := range part {
				kinds[d.event.Type] = true
			}
			want = append(want, slices.Sorted(maps.Keys(kinds)))
		}
		if got := kindsOf(recordings, s.SessionID); !reflect.DeepEqual(want, got) {
			w.broken("the recordings of session %s had %v, and have %v", s.SessionID, want, got)
		}
	}
}

// bySession returns the webhooks of each session, in the order in which they arrived.
func (w *World) bySession() map[int][]*webhook {
	of := map[int][]*webhook{}
	for _, d := range w.delivered {
		of[d.Session] = append(of[d.Session], d)
	}
	for _, all := range of {
		slices.SortFunc(all, func(a, b *webhook) int { return a.event.ReceivedAt.Compare(b.event.ReceivedAt) })
	}
	return of
}

// apartOf returns the webhooks of each recording of a session that has any, and reports whether the recordings are apart: each ended, all its
// webhooks were stored within the window, and the next one's came longer after that than any window.
func apartOf(deliveries []*webhook, recordings int) (parts [][]*webhook, areApart bool) {
	var last time.Time
	hasFailed := false // the recording before
	for number := range recordings {
		var part []*webhook
		var from, to time.Time
		hasEnded := false
		for _, d := range deliveries {
			if d.Recording != number || d.event.Type == lifecycle.SessionEnded {
				continue
			}
			if !d.acknowledged || d.unsure || d.spooled {
				return nil, false
			}
			if part = append(part, d); from.IsZero() || d.from.Before(from) {
				from = d.from
			}
			if d.to.After(to) {
				to = d.to
			}
			hasEnded = hasEnded || d.event.Type == v1alpha1.EventStopped || d.event.Type == v1alpha1.EventFailed
		}
		switch {
		case len(part) == 0:
			continue
		case !hasEnded, to.Sub(from) > redeliveryWindow, !last.IsZero() && from.Sub(last) <= reorderWindow:
			return nil, false
		case hasFailed && part[0].event.Type == v1alpha1.EventFailed: // which belongs to the failed recording, however late it comes
			return nil, false
		}
		last = to
		hasFailed = !slices.ContainsFunc(part, func(d *webhook) bool { return d.event.Type == v1alpha1.EventStopped })
		parts = append(parts, part)
	}
	return parts, len(parts) > 1
}

// kindsOf returns which events each recording of a session has, in the order of the recordings.
func kindsOf(recordings []*v1alpha1.MeetingRecording, session string) (kinds [][]v1alpha1.EventType) {
	chain := slices.DeleteFunc(slices.Clone(recordings), func(r *v1alpha1.MeetingRecording) bool { return r.Spec.SessionID != session })
	slices.SortFunc(chain, func(a, b *v1alpha1.MeetingRecording) int { return cmp.Compare(a.Spec.Segment, b.Spec.Segment) })
	for _, recording := range chain {
		kinds = append(kinds, kindsIn(recording.Status.Recording))
	}
	return kinds
}

func kindsIn(status v1alpha1.RecordingStatus) (kinds []v1alpha1.EventType) {
	for _, entry := range status.Events {
		kinds = append(kinds, entry.Type)
	}
	slices.Sort(kinds)
	return kinds
}

// checkOrder holds that a session all of whose webhooks one sidecar acknowledged at the first attempt has the recordings that these events
// make one after another: however often writing them failed, they were written in that order. Whether a file still belongs to a failed recording
// depends on its Jobs too.
func (w *World) checkOrder(recordings []*v1alpha1.MeetingRecording) {
	if w.plan.Backfill || !w.isBrief() || !w.hasOnly(append([]Kind{Slow, Errors, Refused, Throttled, CacheLag}, apart...)...) {
		return
	}
	for i, all := range w.bySession() {
		if slices.ContainsFunc(all, func(d *webhook) bool {
			return !d.acknowledged || d.attempts > 1 || d.sidecar != all[0].sidecar || d.event.Type == v1alpha1.EventFailed
		}) {
			continue
		}
		var chain []lifecycle.Segment
		for _, d := range all {
			for _, write := range lifecycle.Place(chain, d.event.Event, windows).Writes {
				if write.New {
					chain = append(chain, lifecycle.Segment{Index: write.Segment})
				}
				chain[write.Segment-1].Status = write.Status
			}
		}
		var want [][]v1alpha1.EventType
		for _, segment := range chain {
			want = append(want, kindsIn(segment.Status))
		}
		session := w.plan.Sessions[i].SessionID
		if got := kindsOf(recordings, session); !reflect.DeepEqual(want, got) {
			w.broken("in their order the events of session %s make %v, and it has %v", session, want, got)
		}
	}
}

// isBrief reports whether no call takes so long that it is given up.
func (w *World) isBrief() bool {
	return !slices.ContainsFunc(w.plan.Faults, func(f Fault) bool { return f.Kind == Slow && f.Amount > maxBriefly })
}

// skipAfter is longer than what a manager reads may be in the past, where no call is slow.
const skipAfter = 500 * time.Millisecond

// checkSkipped holds that no recording is Skipped although its pipeline is there. It is called with the observations locked.
func (w *World) checkSkipped(c memoryapi.Change) {
	if textOf(c.After, "status", "processing", "state") != string(v1alpha1.ProcessingSkipped) ||
		textOf(c.Before, "status", "processing", "state") == string(v1alpha1.ProcessingSkipped) || !w.hasOnly(PipelineLate, CacheLag) {
		return
	}
	for _, p := range w.plan.Pipelines {
		isTriggered := textOf(c.After, "status", "recording", "state") == string(v1alpha1.RecordingStopped) || p.OnFailed
		if created := w.observed.late[p.Name]; !created.IsZero() && time.Since(created) > skipAfter && isTriggered && p.When == "" {
			w.broken("recording %s is Skipped %s after pipeline %s was created", c.Name, time.Since(created), p.Name)
		}
	}
}

// isFoundLater reports whether a session's only recording failed, and backfill finds the file of which no webhook told: after the window,
// as a recording of its own.
func (w *World) isFoundLater(s plan.Session, deliveries []*webhook) bool {
	return w.plan.Backfill && s.Recordings[0].FilePath != "" && !slices.ContainsFunc(deliveries, func(d *webhook) bool { return d.FilePath != "" })
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
