// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	pending "github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// typed decodes a recording.
func typed(object memoryapi.Object) *v1alpha1.MeetingRecording {
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err) // it is JSON
	}
	recording := &v1alpha1.MeetingRecording{}
	if err := json.Unmarshal(raw, recording); err != nil {
		panic(err) // the schema was checked
	}
	return recording
}

func (w *World) recordings() (all []*v1alpha1.MeetingRecording) {
	for _, object := range w.api.Objects("meetingrecordings") {
		all = append(all, typed(object))
	}
	return all
}

// checkLimit holds maxConcurrent exactly.
func (w *World) checkLimit() {
	limit := w.plan.Pipelines[0].MaxConcurrent
	if limit == 0 || w.has(PipelineEdited, PipelineLate, JobDeleted, Restored) {
		return
	}
	if running := len(w.observed.active); running > limit {
		w.broken("%d Jobs run at once, and maxConcurrent is %d: %v", running, limit, slices.Sorted(maps.Keys(w.observed.active)))
	}
}

// checkJobDeletion holds that no Job disappears before its outcome is stored.
func (w *World) checkJobDeletion(c memoryapi.Change) {
	if w.observed.userDeleted[c.Name] || w.collecting.Load() || w.restored.Load() {
		return
	}
	w.later("deletion", time.Nanosecond, func() {
		object := w.api.Object("meetingrecordings", namespace, textOf(c.Before, "metadata", "labels", "recording.meetingops.dev/recording"))
		if object != nil && !planning.HasOutcome(typed(object), c.Name) {
			w.broken("Job %s is deleted before its outcome is stored", c.Name)
		}
	})
}

// checkDeletion holds that retention deletes only what is old, and not held. It is called with the API server locked.
func (w *World) checkDeletion(c memoryapi.Change) {
	recording := typed(c.Before)
	last := recording.CreationTimestamp.Time
	for _, entry := range recording.Status.Recording.Events {
		if at := entry.LastReceiveTime.Time; at.After(last) && at.Before(c.At) {
			last = at
		}
	}
	if c.At.Sub(last) < 24*time.Hour {
		w.broken("recording %s is deleted %s after its last event", c.Name, c.At.Sub(last))
	}
	if recording.Spec.Hold {
		w.broken("recording %s is deleted although it is held", c.Name)
	}
}

func (w *World) has(kinds ...Kind) bool {
	return slices.ContainsFunc(w.plan.Faults, func(f Fault) bool { return slices.Contains(kinds, f.Kind) })
}

// left counts what a sidecar could not write until the end.
func (w *World) left(s *sidecar) int {
	left := 0
	err := s.spool.Each(func(r spool.Record) error {
		ev, err := outbox.Decode(r)
		if err != nil {
			return err
		}
		if r.State == spool.Dead {
			w.story.tell("%s has a dead letter: %s of session %s: %s", s.name, ev.Type, ev.SessionID, ev.Reason)
		}
		left++
		return nil
	})
	if err != nil {
		w.broken("read the spool of %s: %v", s.name, err)
	}
	return left
}

// isSettled reports whether nothing is left to do.
func (w *World) isSettled() bool {
	for _, name := range w.sidecarNames {
		w.mu.Lock()
		s := w.sidecars[name]
		w.mu.Unlock()
		if s == nil || s.spool.Stats().Events > 0 {
			return false
		}
	}
	if w.plan.Backfill && time.Since(w.begin) < w.plan.Duration+backfillGrace+4*backfillInterval {
		return false
	}
	for _, recording := range w.recordings() {
		if waitsFor(recording) != "" || (w.plan.Sink && len(pending.Pending(recording, recording.Status.Delivery)) > 0) {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.delivered) == len(w.plan.Deliveries)
}

// waitsFor is why a recording is not at its end; empty if it is.
func waitsFor(recording *v1alpha1.MeetingRecording) string {
	status := &recording.Status
	switch {
	case status.ObservedGeneration != recording.Generation:
		return fmt.Sprintf("generation %d was not observed, only %d", recording.Generation, status.ObservedGeneration)
	case planning.RerunIsDue(recording):
		return "its rerun has not begun"
	case status.Processing.State.IsFinal():
		if meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) || meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled) {
			return ""
		}
		return "it is neither Ready nor Stalled"
	case meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled):
		return ""
	case recording.Spec.Suspend && status.Processing.State == v1alpha1.ProcessingSuspended:
		return ""
	}
	return fmt.Sprintf("it is %s and %s, and not Stalled", status.Recording.State, status.Processing.State)
}

// check holds the invariants against how the run ended.
func (w *World) check() {
	if !w.plan.Night {
		w.checkStatus()
	}
	if w.spooled > 0 && !w.has(NoRights) {
		w.broken("%d events are left in the spools", w.spooled)
	}
	w.checkBudget()
}

// checkStatus holds what the status says.
func (w *World) checkStatus() {
	recordings := w.recordings()
	for _, recording := range recordings {
		if why := waitsFor(recording); why != "" {
			w.broken("recording %s has no end: %s", recording.Name, why)
		}
	}
	w.checkFiles(recordings)
	w.checkEvents(recordings)
	w.checkWhole(recordings)
	w.checkSink(recordings)
}

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
		if stored[key] < acknowledged[key] && !w.mayBeLost() {
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
		want := map[v1alpha1.EventType]bool{}
		for _, d := range deliveries[i] {
			want[d.event.Type] = true
		}
		delete(want, lifecycle.SessionEnded)
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

// checkSink holds that the sink has every CloudEvent of what is stored now.
func (w *World) checkSink(recordings []*v1alpha1.MeetingRecording) {
	if !w.plan.Sink {
		return
	}
	for _, recording := range recordings {
		for _, item := range pending.Pending(recording, v1alpha1.DeliveryStatus{}) {
			if w.accepted[item.ID] == 0 && !w.has(SinkPoison, Restored) {
				w.broken("the sink never got %s of %s", item.ID, recording.Name)
			}
		}
		if left := pending.Pending(recording, recording.Status.Delivery); len(left) > 0 && recording.Status.Processing.State.IsFinal() && !w.has(SinkPoison) {
			w.broken("recording %s does not say that %s was delivered", recording.Name, left[0].ID)
		}
	}
}

// checkBudget holds the number of writes, where nothing went wrong.
func (w *World) checkBudget() {
	if len(w.plan.Faults) > 0 || w.plan.Night || len(w.plan.Pipelines[0].Steps) > 1 || w.plan.Sink || len(w.plan.Pipelines) > 1 {
		return
	}
	for _, recording := range w.recordings() {
		deliveries := 0
		for _, entry := range recording.Status.Recording.Events {
			deliveries += int(entry.Deliveries)
		}
		steps := 0
		for _, step := range recording.Status.Processing.Steps {
			steps += int(step.Attempt)
		}
		if writes, most := w.observed.writes[recording.Name], 1+deliveries+2*max(1, steps)+2; writes > most {
			w.broken("recording %s was written %d times, at most %d are expected of %d deliveries", recording.Name, writes, most, deliveries)
		}
		if events := w.observed.events[recording.Name]; events > 1 {
			w.broken("recording %s has %d Kubernetes Events", recording.Name, events)
		}
	}
}
