// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// tally counts the steps of a recording, and keeps the first of each kind that a person should hear of.
type tally struct {
	total, ended, running, skipped int

	failed, taken, denied, notStarting, refused, queued *v1alpha1.StepStatus
	// wait is until the first Pod that does not start, or Job that is refused, makes the recording stall, or the first retry is due;
	// 0 is never.
	wait time.Duration
}

func count(in Input, steps []v1alpha1.StepStatus) tally {
	sum := tally{total: len(steps)}
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
			keepFirst(&sum.failed, step)
		case v1alpha1.StepRunning:
			sum.running++
			sum.countWaiting(in, step, observed.Waiting)
		case v1alpha1.StepQueued:
			keepFirst(&sum.queued, step)
		case v1alpha1.StepPending:
			switch observed.State {
			case JobTaken:
				keepFirst(&sum.taken, step)
			case JobRefused:
				sum.countRefused(in, step, observed.Since)
			}
			if !in.Recording.Spec.Suspend {
				sum.waitFor(backoffLeft(in, step))
			}
		}
	}
	return sum
}

func (t *tally) countWaiting(in Input, step *v1alpha1.StepStatus, waiting *Waiting) {
	if waiting == nil {
		return
	}
	left := waiting.overdueIn(in)
	if left <= 0 || saidStalled(in, v1alpha1.ReasonPodsNotStarting) != nil {
		keepFirst(&t.notStarting, step)
		return
	}
	t.waitFor(left)
}

// countRefused tells what may pass, as a quota does when Jobs end, from what seems to be there to stay.
func (t *tally) countRefused(in Input, step *v1alpha1.StepStatus, since time.Time) {
	left := since.Add(in.Settings.StallAfter).Sub(in.Now)
	if saidStalled(in, v1alpha1.ReasonJobRefused) != nil || (!since.IsZero() && left <= 0) {
		keepFirst(&t.denied, step)
		return
	}
	keepFirst(&t.refused, step)
	t.waitFor(left)
}

func (t *tally) waitFor(left time.Duration) {
	if left > 0 && (t.wait == 0 || left < t.wait) {
		t.wait = left
	}
}

func keepFirst(kept **v1alpha1.StepStatus, step *v1alpha1.StepStatus) {
	if *kept == nil {
		*kept = step
	}
}

// sumUp says what the steps mean for the recording.
func sumUp(in Input, steps []v1alpha1.StepStatus) (v1alpha1.ProcessingState, verdict, time.Duration) {
	sum := count(in, steps)
	switch {
	case sum.ended < sum.total:
		return unfinishedState(in, sum), sum.unfinished(in), sum.wait
	case sum.failed != nil:
		return v1alpha1.ProcessingFailed, verdict{
			ready:   metav1.ConditionFalse,
			stalled: true,
			reason:  v1alpha1.ReasonProcessingFailed,
			message: "Failed for good: " + told(sum.failed),
		}, 0
	}
	return v1alpha1.ProcessingSucceeded, verdict{
		ready:   metav1.ConditionTrue,
		reason:  v1alpha1.ReasonProcessed,
		message: sum.succeeded(),
	}, 0
}

func (t tally) succeeded() string {
	if t.skipped == 0 {
		return fmt.Sprintf("Every step succeeded (%d).", t.total)
	}
	return fmt.Sprintf("Every step succeeded (%d) or was skipped by its condition (%d).", t.total-t.skipped, t.skipped)
}

// unfinished says what the recording waits for: what needs a person first.
func (t tally) unfinished(in Input) verdict {
	v := verdict{ready: metav1.ConditionFalse, reconciling: true, reason: v1alpha1.ReasonProcessing,
		message: fmt.Sprintf("%d of %d steps have ended.", t.ended, t.total)}
	switch {
	case t.taken != nil:
		v.stalled, v.reconciling = true, false
		v.reason, v.message = v1alpha1.ReasonJobNameTaken, told(t.taken)
	case t.denied != nil:
		v.stalled, v.reconciling = true, false
		v.reason, v.message = v1alpha1.ReasonJobRefused, told(t.denied)
	case t.notStarting != nil:
		v.stalled, v.reconciling = true, false
		v.reason, v.message = v1alpha1.ReasonPodsNotStarting, told(t.notStarting)
	case t.refused != nil:
		v.reason, v.message = v1alpha1.ReasonJobRefused, told(t.refused)
	case t.queued != nil && t.running == 0:
		v.reason, v.message = v1alpha1.ReasonQueued, told(t.queued)
	case in.Recording.Spec.Suspend && t.running == 0:
		v.reconciling = false
		v.reason, v.message = v1alpha1.ReasonSuspended, suspendedMessage
	}
	return v
}

func told(step *v1alpha1.StepStatus) string {
	return fmt.Sprintf("step %s of RecordingPipeline %s: %s", step.Step, step.Pipeline, step.Message)
}
