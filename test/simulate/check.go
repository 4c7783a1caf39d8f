// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	pending "github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// typed decodes a recording, each version once.
func (w *World) typed(object memoryapi.Object) *v1alpha1.MeetingRecording {
	version := textOf(object, "metadata", "uid") + textOf(object, "metadata", "resourceVersion")
	if w.restored.Load() { // versions repeat
		return decode(object)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.decoded[version] == nil {
		w.decoded[version] = decode(object)
	}
	return w.decoded[version]
}

func decode(object memoryapi.Object) *v1alpha1.MeetingRecording {
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
		all = append(all, w.typed(object))
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
	if run := w.observed.jobs[c.Name]; run == nil || run.isDeleted || w.collecting.Load() || w.restored.Load() {
		return
	}
	w.later("deletion", time.Nanosecond, func() {
		object := w.api.Object("meetingrecordings", namespace, textOf(c.Before, "metadata", "labels", "recording.meetingops.dev/recording"))
		if object != nil && !planning.HasOutcome(decode(object), c.Name) {
			w.broken("Job %s is deleted before its outcome is stored", c.Name)
		}
	})
}

// checkDeletion holds that retention deletes only what is old, and not held. It is called with the API server locked.
func (w *World) checkDeletion(c memoryapi.Change) {
	recording := decode(c.Before)
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

// isUndelivered reports whether the sink would take more of a recording's events.
func (w *World) isUndelivered(recording *v1alpha1.MeetingRecording) bool {
	return slices.ContainsFunc(pending.Pending(recording, recording.Status.Delivery), func(item pending.Item) bool {
		return !w.isPoisoned(item.ID)
	})
}

// hasOnly reports whether there are no faults but of these kinds.
func (w *World) hasOnly(kinds ...Kind) bool {
	return !slices.ContainsFunc(w.plan.Faults, func(f Fault) bool { return !slices.Contains(kinds, f.Kind) })
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
		if waitsFor(recording) != "" || (w.plan.Sink && w.isUndelivered(recording)) {
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
		w.checkSteps(recording)
	}
	w.checkFiles(recordings)
	w.checkEvents(recordings)
	w.checkWhole(recordings)
	w.checkApart(recordings)
	w.checkOrder(recordings)
	w.checkSink(recordings)
}

// checkSink holds that the sink has every CloudEvent of what is stored now.
func (w *World) checkSink(recordings []*v1alpha1.MeetingRecording) {
	if !w.plan.Sink {
		return
	}
	for _, recording := range recordings {
		for _, item := range pending.Pending(recording, v1alpha1.DeliveryStatus{}) {
			switch times := w.accepted[item.ID]; {
			case times == 0 && !w.poisoned[item.ID] && !w.has(Restored):
				w.broken("the sink never got %s of %s", item.ID, recording.Name)
			case times > 1 && len(w.plan.Faults) == 0:
				w.broken("the sink got %s of %s %d times", item.ID, recording.Name, times)
			}
		}
		for _, item := range pending.Pending(recording, recording.Status.Delivery) {
			if !w.poisoned[item.ID] && recording.Status.Processing.State.IsFinal() {
				w.broken("recording %s does not say that %s was delivered", recording.Name, item.ID)
			}
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
