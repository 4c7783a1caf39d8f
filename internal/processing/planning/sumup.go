// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"cmp"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// counts are the steps of a recording by state, and the first of each kind that is worth a message.
type counts struct {
	total, ended, running, skipped int

	failed, taken, rejected, stuck, refused, queued *v1alpha1.StepStatus
	// wait is until the first step without progress, or rejected Job, makes the recording Stalled, or the first retry is due; 0 is
	// never.
	wait time.Duration
}

func count(in Input, steps []v1alpha1.StepStatus) counts {
	sum := counts{total: len(steps)}
	for i := range steps {
		step := &steps[i]
		observed := in.Jobs[step.JobName]
		switch step.State {
		case v1alpha1.StepSucceeded:
			sum.ended++
		case v1alpha1.StepSkipped:
			sum.ended++
			sum.skipped++
		case v1alpha1.StepFailed:
			sum.ended++
			sum.failed = cmp.Or(sum.failed, step)
		case v1alpha1.StepRunning:
			sum.running++
			sum.countProblem(in, step, observed.Problem)
		case v1alpha1.StepQueued:
			sum.queued = cmp.Or(sum.queued, step)
			sum.countProblem(in, step, observed.Problem)
		case v1alpha1.StepPending:
			switch observed.State {
			case outcomes.JobTaken:
				sum.taken = cmp.Or(sum.taken, step)
			case outcomes.JobRefused, outcomes.JobDeferred:
				sum.countRefused(in, step, observed)
			}
			if !in.Recording.Spec.Suspend {
				sum.waitFor(backoffLeft(in, step))
			}
		}
	}
	return sum
}

func (c *counts) countProblem(in Input, step *v1alpha1.StepStatus, problem *outcomes.Problem) {
	if problem == nil {
		return
	}
	left := stallsIn(in, problem)
	if left <= 0 || reportedStall(in, v1alpha1.ReasonNoProgress) != nil {
		c.stuck = cmp.Or(c.stuck, step)
		return
	}
	c.waitFor(left)
}

// countRefused distinguishes what may pass, as a quota does when Jobs end, from what seems permanent.
func (c *counts) countRefused(in Input, step *v1alpha1.StepStatus, observed outcomes.Observation) {
	left := observed.Since.Add(in.Settings.StallAfter).Sub(in.Now)
	if reportedStall(in, v1alpha1.ReasonJobRefused) != nil || (!observed.Since.IsZero() && left <= 0) {
		c.rejected = cmp.Or(c.rejected, step)
		return
	}
	if observed.State == outcomes.JobRefused {
		c.refused = cmp.Or(c.refused, step)
	}
	c.waitFor(left)
}

func (c *counts) waitFor(left time.Duration) {
	if left > 0 && (c.wait == 0 || left < c.wait) {
		c.wait = left
	}
}

// sumUp returns the summary of the steps.
func sumUp(in Input, steps []v1alpha1.StepStatus) (v1alpha1.ProcessingState, conditions.Summary, time.Duration) {
	sum := count(in, steps)
	switch {
	case sum.ended < sum.total:
		return unfinishedState(in, sum), sum.unfinished(in), sum.wait
	case sum.failed != nil:
		return v1alpha1.ProcessingFailed, conditions.Stalled(v1alpha1.ReasonProcessingFailed, "Failed permanently: "+describe(sum.failed)), 0
	}
	return v1alpha1.ProcessingSucceeded, conditions.Done(v1alpha1.ReasonProcessed, sum.succeeded()), 0
}

func (c counts) succeeded() string {
	if c.skipped == 0 {
		return fmt.Sprintf("Every step succeeded (%d).", c.total)
	}
	return fmt.Sprintf("Every step succeeded (%d) or was skipped by its condition (%d).", c.total-c.skipped, c.skipped)
}

// unfinishedState is the recording's state while not every step has ended: Queued if steps are queued and none is running. While
// spec.suspend removes them from the queue it stays Queued.
func unfinishedState(in Input, sum counts) v1alpha1.ProcessingState {
	suspended := in.Recording.Spec.Suspend && in.Recording.Status.Processing.State == v1alpha1.ProcessingQueued
	if sum.running == 0 && (sum.queued != nil || suspended) {
		return v1alpha1.ProcessingQueued
	}
	return v1alpha1.ProcessingRunning
}

// unfinished returns what the recording waits for: first what needs manual intervention.
func (c counts) unfinished(in Input) conditions.Summary {
	switch {
	case c.taken != nil:
		return conditions.Stalled(v1alpha1.ReasonJobNameTaken, describe(c.taken))
	case c.rejected != nil:
		return conditions.Stalled(v1alpha1.ReasonJobRefused, describe(c.rejected))
	case c.stuck != nil:
		return conditions.Stalled(v1alpha1.ReasonNoProgress, describe(c.stuck))
	case c.refused != nil:
		return conditions.Working(v1alpha1.ReasonJobRefused, describe(c.refused))
	case c.queued != nil && c.running == 0:
		return conditions.Working(v1alpha1.ReasonQueued, describe(c.queued))
	case in.Recording.Spec.Suspend && c.running == 0:
		return conditions.Paused(v1alpha1.ReasonSuspended, suspendedMessage)
	}
	return conditions.Working(v1alpha1.ReasonProcessing, fmt.Sprintf("%d of %d steps have ended.", c.ended, c.total))
}

func describe(step *v1alpha1.StepStatus) string {
	return fmt.Sprintf("step %s of RecordingPipeline %s: %s", step.Step, step.Pipeline, step.Message)
}
