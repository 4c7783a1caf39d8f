// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// deferredMessage has no detail, because what a network error says differs each time and would be written each time.
const deferredMessage = "The API server could not be asked for the Job; it is tried again."

// advance takes every step as far as what is known of its Job allows. A step that has ended is never touched again.
func advance(in Input, steps []v1alpha1.StepStatus) Decision {
	var create []jobs.Run
	next := make([]v1alpha1.StepStatus, len(steps))
	for i := range steps {
		var run *jobs.Run
		if next[i], run = advanceStep(in, steps[i]); run != nil {
			create = append(create, *run)
		}
	}
	if len(create) > 0 {
		return Decision{Create: create}
	}
	processing, conclusion, wait := sumUp(in, next)
	return lazily(in, Decision{Processing: processing, Conditions: conclusion.conditions(in), RequeueAfter: wait})
}

// advanceStep returns the step as it is now, or else the Job that has to be created first.
func advanceStep(in Input, step v1alpha1.StepStatus) (v1alpha1.StepStatus, *jobs.Run) {
	observed := in.Jobs[step.JobName]
	if HasJob(step) {
		return runningStep(in, step, observed), nil
	}
	switch step.State {
	case v1alpha1.StepPending, v1alpha1.StepQueued:
		if observed.State == JobUnknown {
			return startStep(in, step)
		}
		return pendingStep(in, step, observed), nil
	}
	return step, nil
}

// startStep asks for the step's Job, by the pipeline as it is now. While spec.suspend is true it asks for none.
func startStep(in Input, step v1alpha1.StepStatus) (v1alpha1.StepStatus, *jobs.Run) {
	if in.Recording.Spec.Suspend {
		return withdrawn(step), nil
	}
	template, ok := findStep(in.Pipelines, step)
	if !ok {
		return failed(in, step, fmt.Sprintf("RecordingPipeline %s, or its step %s, was deleted before the step had a Job.",
			step.Pipeline, step.Name)), nil
	}
	admitted, ok := admit(in, step)
	if !ok {
		return admitted, nil
	}
	return step, &jobs.Run{Recording: in.Recording, Pipeline: step.Pipeline, Step: template, Attempt: step.Attempt,
		Policy: policyOf(in.Pipelines, step)}
}

// pendingStep takes up what became of creating the step's Job.
func pendingStep(in Input, step v1alpha1.StepStatus, observed Observation) v1alpha1.StepStatus {
	switch observed.State {
	case JobActive, JobSucceeded, JobFailed, JobMissing:
		step.Message = ""
		return runningStep(in, step, observed)
	case JobInvalid:
		return failed(in, step, observed.Message)
	case JobTaken, JobRefused:
		step.State, step.Message = v1alpha1.StepPending, Cut(observed.Message)
	case JobDeferred:
		step.State, step.Message = v1alpha1.StepPending, deferredMessage
	}
	return step
}

// runningStep takes up how far the step's Job is.
func runningStep(in Input, step v1alpha1.StepStatus, observed Observation) v1alpha1.StepStatus {
	if step.StartedAt == nil && !observed.CreatedAt.IsZero() {
		step.StartedAt = observed.CreatedAt.DeepCopy()
	}
	switch observed.State {
	case JobActive:
		step = active(in, step, observed)
	case JobSucceeded:
		step.State = v1alpha1.StepSucceeded
		step.EndedAt = observed.EndedAt.DeepCopy()
		step.Message = Cut(observed.Message)
		step.Outputs = observed.Outputs
	case JobFailed:
		step = failed(in, step, observed.Message)
		step.EndedAt = observed.EndedAt.DeepCopy()
	case JobMissing, JobTaken:
		step = failed(in, step, fmt.Sprintf("Job %s was deleted before its outcome was recorded.", step.JobName))
	}
	return step
}

func failed(in Input, step v1alpha1.StepStatus, message string) v1alpha1.StepStatus {
	step.State = v1alpha1.StepFailed
	now := metav1.NewTime(in.Now).Rfc3339Copy()
	step.EndedAt = &now
	step.Message = Cut(message)
	return step
}
