// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package delivery decides what a sink of CloudEvents is to be told of a recording, from what the recording itself says. It is
// pure: nothing is remembered here, so whoever has the object can go on where another stopped.
//
// What the provider told is in status.recording.events, of which none ever goes away. What happened in processing would go away, since
// a state is overwritten by the next; so whoever writes a state adds a transition to the same write (Note). What the sink
// knows is in status.delivery.told.
package delivery

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// MaxTransitions is how many transitions a recording keeps: the bound of its schema. Every step that a recording can have, its states,
// and some reruns fit.
const MaxTransitions = 320

// Note returns the transitions and the last sequence that are to be written together with the processing status after: those of the
// recording that the sink may not know yet, and those that the write adds. The outputs of steps come before the state.
func Note(before *v1alpha1.MeetingRecording, after v1alpha1.ProcessingStatus, now time.Time) ([]v1alpha1.Transition, int64) {
	was := before.Status.Processing
	last := was.LastTransition
	var added []v1alpha1.Transition
	add := func(transition v1alpha1.Transition) {
		last++
		transition.Sequence, transition.Time = last, metav1.NewMicroTime(now)
		added = append(added, transition)
	}
	for i := range after.Steps {
		step := &after.Steps[i]
		if step.State == v1alpha1.StepSucceeded && len(step.Outputs) > 0 && !hadSucceeded(was.Steps, step) {
			add(v1alpha1.Transition{Pipeline: step.Pipeline, Step: step.Step, Attempt: step.Attempt})
		}
	}
	if after.State != was.State && after.State != "" && after.State != v1alpha1.ProcessingWaiting {
		add(v1alpha1.Transition{State: after.State})
	}
	if added == nil {
		return was.Transitions, last
	}
	all := append(later(was.Transitions, Told(before).Transition), added...)
	return all[max(0, len(all)-MaxTransitions):], last
}

// later returns the transitions after a sequence.
func later(transitions []v1alpha1.Transition, sequence int64) []v1alpha1.Transition {
	return slices.DeleteFunc(slices.Clone(transitions), func(t v1alpha1.Transition) bool { return t.Sequence <= sequence })
}

func hadSucceeded(steps []v1alpha1.StepStatus, step *v1alpha1.StepStatus) bool {
	return slices.ContainsFunc(steps, func(was v1alpha1.StepStatus) bool {
		return was.Pipeline == step.Pipeline && was.Step == step.Step && was.Attempt == step.Attempt && was.State == v1alpha1.StepSucceeded
	})
}
