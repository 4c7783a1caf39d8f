// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// HasJob reports whether the status says that the step has had a Job which had not ended: if the Job is gone now, somebody deleted it.
func HasJob(step v1alpha1.StepStatus) bool {
	return step.State == v1alpha1.StepRunning || (step.State == v1alpha1.StepQueued && step.StartTime != nil)
}

// admit reports whether a step that could begin may. If it has to wait, the returned step is Queued and keeps the position that was
// first reported: it is not written again as the queue moves.
func admit(in Input, step v1alpha1.StepStatus) (v1alpha1.StepStatus, bool) {
	position, waits := in.Queued[step.JobName]
	if waits && step.State != v1alpha1.StepQueued {
		step.State = v1alpha1.StepQueued
		step.Message = fmt.Sprintf("position %d of %d in the queue of RecordingPipeline %s, which has reached maxConcurrent",
			position.Position, position.Of, step.Pipeline)
	}
	return step, !waits
}

// withdrawn takes a step that has no Job out of the queue, because of spec.suspend.
func withdrawn(step v1alpha1.StepStatus) v1alpha1.StepStatus {
	if step.State == v1alpha1.StepQueued {
		step.State, step.Message = v1alpha1.StepPending, ""
	}
	return step
}

// active returns the step whose Job exists and has not ended. While the Job is suspended the step is Queued.
func active(in Input, step v1alpha1.StepStatus, observed outcomes.Observation) v1alpha1.StepStatus {
	switch {
	case observed.Queue != "":
		step.State = v1alpha1.StepQueued
		step.Message = fmt.Sprintf("Job %s waits for LocalQueue %s of Kueue: kubectl describe workloads shows why", step.JobName, observed.Queue)
		return step
	case observed.Suspended:
		step.State = v1alpha1.StepQueued
	default:
		if step.State == v1alpha1.StepQueued {
			step.Message = ""
		}
		step.State = v1alpha1.StepRunning
	}
	step.Message = problemMessage(in, step.Message, observed.Problem)
	return step
}

// stallsIn returns how long until a problem makes the recording Stalled; not positive if it does already.
func stallsIn(in Input, problem *outcomes.Problem) time.Duration {
	return problem.Since.Add(in.Settings.StallAfter).Sub(in.Now)
}

// problemMessage returns why a Job makes no progress. While the cause is the same the message stays, so that details that come and go,
// such as those of a backoff, are not written again and again.
func problemMessage(in Input, before string, problem *outcomes.Problem) string {
	if problem == nil || (problem.Usual && stallsIn(in, problem) > 0 && reportedStall(in, v1alpha1.ReasonNoProgress) == nil) {
		return ""
	}
	if before == problem.Head || strings.HasPrefix(before, problem.Head+": ") {
		return before
	}
	return strings.TrimSuffix(problem.Head+": "+problem.Detail, ": ")
}
