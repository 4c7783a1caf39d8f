// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// begin plans the steps of a recording that has ended and advances them as far as possible.
func begin(in Input) Decision {
	processing := in.Recording.Status.Processing
	processing.ObservedRerunToken = rerunToken(in.Recording)
	processing.Steps = plan(in, nextAttempt(processing))
	switch {
	case len(processing.Steps) == 0:
		return nothingMatched(in, processing)
	case len(processing.Steps) > MaxSteps:
		return tooManySteps(in, len(processing.Steps))
	}
	return advance(in, processing)
}

// plan lists the steps of every matching pipeline. According to the status none of them has a Job yet. Those of a pipeline that cannot be
// evaluated have failed.
func plan(in Input, attempt int32) []v1alpha1.StepStatus {
	var steps []v1alpha1.StepStatus
	for _, pipeline := range matching(in) {
		for i := range pipeline.Spec.Steps {
			step := planned(in, pipeline.Name, pipeline.Spec.Steps[i].Name, attempt)
			if pipeline.err != nil {
				end(in, &step, v1alpha1.StepFailed, text.Cut("RecordingPipeline "+pipeline.Name+": "+pipeline.err.Error()))
			}
			steps = append(steps, step)
		}
	}
	return steps
}

// planned is an attempt at a step that has no Job yet.
func planned(in Input, pipeline, name string, attempt int32) v1alpha1.StepStatus {
	return v1alpha1.StepStatus{
		Pipeline: pipeline,
		Step:     name,
		JobName:  jobs.Name(in.Recording.Name, pipeline, name, attempt),
		Attempt:  attempt,
		State:    v1alpha1.StepPending,
	}
}

// nextAttempt is larger than the number of any earlier attempt at any step, so that no Job name occurs twice.
func nextAttempt(processing v1alpha1.ProcessingStatus) int32 {
	var last int32
	for i := range processing.Steps {
		last = max(last, processing.Steps[i].Attempt)
	}
	for i := range processing.History {
		last = max(last, processing.History[i].Attempt)
	}
	return last + 1
}

func nothingMatched(in Input, processing v1alpha1.ProcessingStatus) Decision {
	processing.State = v1alpha1.ProcessingSkipped
	decision := in.decide(processing, skipped(in))
	decision.Absent = true
	return decision
}

// skipped is the summary of a recording that no pipeline matched.
func skipped(in Input) conditions.Summary {
	return conditions.Done(v1alpha1.ReasonNothingToProcess,
		fmt.Sprintf("No RecordingPipeline of the namespace matched when the recording ended as %s.", in.Recording.Status.Recording.State))
}

func tooManySteps(in Input, steps int) Decision {
	processing := in.Recording.Status.Processing
	processing.State = v1alpha1.ProcessingWaiting
	decision := in.decide(processing, conditions.Stalled(v1alpha1.ReasonTooManySteps, tooManyStepsMessage(steps)+" No Job was created."))
	decision.RequeueAfter = tooManyStepsRetry
	return decision
}

func tooManyStepsMessage(steps int) string {
	return fmt.Sprintf("The RecordingPipelines that match have %d steps together and a recording can hold %d: "+
		"narrow their selectors, or delete some.", steps, MaxSteps)
}

// match is a pipeline that runs for a recording; err is why its selector or its condition could not be evaluated.
type match struct {
	*v1alpha1.RecordingPipeline
	err error
}

// matching returns the pipelines that run for a recording that has ended, by name. One that cannot be evaluated is among them, so
// that its steps fail visibly; one that is being deleted is not.
func matching(in Input) []match {
	var matched []match
	for i := range in.Pipelines {
		pipeline := &in.Pipelines[i]
		if runs, err := matches(in, pipeline); runs || err != nil {
			matched = append(matched, match{pipeline, err})
		}
	}
	slices.SortFunc(matched, func(a, b match) int { return strings.Compare(a.Name, b.Name) })
	return matched
}

func matches(in Input, pipeline *v1alpha1.RecordingPipeline) (bool, error) {
	if !pipeline.DeletionTimestamp.IsZero() ||
		!slices.Contains(pipeline.Spec.Triggers, v1alpha1.PipelineTrigger(in.Recording.Status.Recording.State)) {
		return false, nil
	}
	if pipeline.Spec.Selector != nil {
		selector, err := pipeline.Spec.Selector.Parse()
		if err != nil {
			return false, fmt.Errorf("spec.selector cannot be evaluated: %w", err)
		}
		if !selector.Matches(labels.Set(in.Recording.Labels)) {
			return false, nil
		}
	}
	runs, err := in.Expressions.Pipeline(pipeline.Spec.When, in.Recording)
	if err != nil {
		return false, fmt.Errorf("spec.when cannot be evaluated: %w", err)
	}
	return runs, nil
}
