// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// DefaultRunningAfter is the usual Settings.RunningAfter: a step that is at work for longer than that is worth a write.
const DefaultRunningAfter = 5 * time.Second

// Turn is the place of a step that must wait for others of its pipeline, because spec.maxConcurrent of them are at work.
type Turn struct {
	// Position is the step's place in the line, from 1, and Of the length of the line.
	Position, Of int
}

// HasJob says whether the status tells that the step has had a Job which has not ended as far as was known: where it is gone now,
// somebody deleted it.
func HasJob(step v1alpha1.StepStatus) bool {
	return step.State == v1alpha1.StepRunning || (step.State == v1alpha1.StepQueued && step.StartTime != nil)
}

// admit says whether a step that could begin may, and returns the step as it is while it may not: one that has to wait for its turn is
// Queued, and keeps the position that was first told of. It is not written again as the line moves.
func admit(in Input, step v1alpha1.StepStatus) (v1alpha1.StepStatus, bool) {
	turn, waits := in.Turns[step.JobName]
	if waits && step.State != v1alpha1.StepQueued {
		step.State = v1alpha1.StepQueued
		step.Message = fmt.Sprintf("position %d of %d in the queue of RecordingPipeline %s, whose maxConcurrent Jobs are at work",
			turn.Position, turn.Of, step.Pipeline)
	}
	return step, !waits
}

// withdrawn takes a step that has no Job out of the queue: spec.suspend holds it.
func withdrawn(step v1alpha1.StepStatus) v1alpha1.StepStatus {
	if step.State == v1alpha1.StepQueued {
		step.State, step.Message = v1alpha1.StepPending, ""
	}
	return step
}

// active says how far a step is whose Job exists and has not ended: Kueue may not have admitted it.
func active(in Input, step v1alpha1.StepStatus, observed Observation) v1alpha1.StepStatus {
	if observed.Queue != "" {
		step.State = v1alpha1.StepQueued
		step.Message = fmt.Sprintf("Job %s waits for LocalQueue %s of Kueue: kubectl describe workloads tells why", step.JobName, observed.Queue)
		return step
	}
	if step.State == v1alpha1.StepQueued {
		step.Message = ""
	}
	step.State = v1alpha1.StepRunning
	step.Message = waitingMessage(in, step.Message, observed.Waiting)
	return step
}

// unfinishedState is the recording's while not every step has ended: Queued where steps wait for their turn and none is at work.
// While spec.suspend takes them out of the queue it stays.
func unfinishedState(in Input, sum tally) v1alpha1.ProcessingState {
	held := in.Recording.Spec.Suspend && in.Recording.Status.Processing.State == v1alpha1.ProcessingQueued
	if sum.running == 0 && (sum.queued != nil || held) {
		return v1alpha1.ProcessingQueued
	}
	return v1alpha1.ProcessingRunning
}

// lazily leaves the status as it is where all that a decision says is that steps have left the queue a moment ago: their outcome is
// written next, or else in RunningAfter that they run. So a step that was queued costs two writes, as every other.
func lazily(in Input, decision Decision) Decision {
	before := in.Recording.Status.Processing
	if len(before.Steps) != len(decision.Processing.Steps) {
		return decision
	}
	ready := meta.FindStatusCondition(decision.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonProcessing {
		return decision
	}
	unsaid := *decision.Processing.DeepCopy()
	wait := decision.RequeueAfter
	for i, step := range unsaid.Steps {
		since := in.Jobs[step.JobName].Since
		left := min(since.Add(in.Settings.RunningAfter).Sub(in.Now), in.Settings.RunningAfter)
		if before.Steps[i].State == v1alpha1.StepQueued && step.State == v1alpha1.StepRunning && step.Message == "" && left > 0 {
			unsaid.Steps[i] = before.Steps[i]
			wait = soonest(wait, left)
		}
	}
	unsaid.State = before.State
	if wait == decision.RequeueAfter || !equality.Semantic.DeepEqual(unsaid, before) {
		return decision
	}
	kept := stay(in)
	kept.RequeueAfter = wait
	return kept
}

// soonest returns the shorter of two waits; 0 is never.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}
