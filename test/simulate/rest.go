// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"maps"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// maxRestWrites is how often a recording may be written in the two minutes after everything has settled.
const maxRestWrites = 3

// checkRest holds that nothing is written again and again.
func (w *World) checkRest() {
	w.observed.mu.Lock()
	defer w.observed.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(w.observed.resting)) {
		if n := w.observed.resting[name]; n > maxRestWrites {
			w.broken("recording %s is written %d times although nothing happens", name, n)
		}
	}
}

// checkRetention holds that after two days all sessions are deleted of which no recording has to be kept.
func (w *World) checkRetention() {
	if w.has(ClockJump) {
		return
	}
	kept, left := map[string]bool{}, map[string]string{}
	for _, recording := range w.recordings() {
		left[recording.Spec.SessionID] = recording.Name
		if w.isToBeKept(recording) {
			kept[recording.Spec.SessionID] = true
		}
	}
	for _, session := range slices.Sorted(maps.Keys(left)) {
		if !kept[session] {
			w.broken("recording %s is not deleted after two days", left[session])
		}
	}
}

func (w *World) isToBeKept(recording *v1alpha1.MeetingRecording) bool {
	for _, f := range w.plan.Faults {
		if f.Kind == KeptByPolicy && w.isKept(f, recording.Name) {
			return true
		}
	}
	if recording.Spec.Hold || recording.Spec.Suspend || (w.plan.Sink && len(recording.Status.Delivery.State) == 0) ||
		recording.Status.Delivery.State == v1alpha1.DeliveryPending {
		return true
	}
	for _, condition := range recording.Status.Conditions {
		if time.Since(condition.LastTransitionTime.Time) < night-time.Hour { // such as one whose stuck Job ended meanwhile
			return true
		}
	}
	return slices.ContainsFunc(recording.Status.Processing.Steps, func(step v1alpha1.StepStatus) bool {
		return slices.ContainsFunc(w.plan.Pipelines, func(p Pipeline) bool { return p.Name == step.Pipeline && p.KeepDays == 0 })
	})
}
