// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// stepIn returns the first step in the state; nil if there is none.
func stepIn(in Input, state v1alpha1.StepState) *v1alpha1.StepStatus {
	steps := in.Recording.Status.Processing.Steps
	at := slices.IndexFunc(steps, func(s v1alpha1.StepStatus) bool { return s.State == state })
	if at < 0 {
		return nil
	}
	return &steps[at]
}

func stepName(step *v1alpha1.StepStatus) string { return step.Pipeline + "/" + step.Step }

// stalledByName answers for the stalls that only the condition describes.
func stalledByName(in Input) *Answer {
	stalled := condition(in, v1alpha1.ConditionStalled)
	if stalled == nil {
		return nil
	}
	answer := &Answer{Reason: stalled.Reason, Detail: stalled.Message, NeedsAction: true}
	switch stalled.Reason {
	case v1alpha1.ReasonJobNameTaken:
		answer.Summary = "A Job with the step's name exists and does not belong to the recording."
		answer.Fix = "Delete that Job if nobody needs it. The manager then continues by itself."
		answer.Commands = []string{kubectl(in, "get jobs -l %s=%s", v1alpha1.LabelRecording, lifecycle.LabelValue(in.Recording.Name))}
		if step := stepIn(in, v1alpha1.StepPending); step != nil && step.JobName != "" {
			answer.Commands = []string{kubectl(in, "delete job %s", step.JobName)}
		}
	case v1alpha1.ReasonTooManySteps:
		answer.Summary = "The pipelines that match have more steps together than a recording can hold (256)."
		answer.Fix = "Narrow spec.selector or spec.when of the pipelines. The manager then continues by itself."
		answer.Commands = []string{kubectl(in, "get rpipe")}
	default:
		return nil
	}
	return answer
}

// jobRefused applies if the API server rejects a Job: a quota, a policy, a missing permission.
func jobRefused(in Input) *Answer {
	ready := readyCondition(in)
	if ready == nil || ready.Reason != v1alpha1.ReasonJobRefused {
		return nil
	}
	if answer := quotaExceeded(in, ready.Message); answer != nil {
		return answer
	}
	return &Answer{
		Reason: ready.Reason, Detail: ready.Message, NeedsAction: true,
		Summary:  "The API server rejects the Job of a step.",
		Fix:      "Change what rejects it: an admission policy, a permission, or the pipeline's template. The manager retries by itself.",
		Commands: []string{kubectl(in, "get rpipe,resourcequota,limitrange")},
	}
}

// pipelineNotReady applies if a step that is still to run belongs to a pipeline that cannot.
func pipelineNotReady(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepPending)
	if step == nil {
		return nil
	}
	for i := range in.Pipelines {
		pipeline := &in.Pipelines[i]
		ready := meta.FindStatusCondition(pipeline.Status.Conditions, v1alpha1.ConditionReady)
		if pipeline.Name != step.Pipeline || ready == nil || ready.Status == "True" {
			continue
		}
		return &Answer{
			Reason: "PipelineNotReady", Detail: ready.Message, NeedsAction: true,
			Summary:  fmt.Sprintf("RecordingPipeline %s cannot run (%s).", pipeline.Name, ready.Reason),
			Fix:      "Correct the fields that the message names.",
			Commands: []string{kubectl(in, "edit rpipe %s", pipeline.Name)},
		}
	}
	return nil
}

// stepFailed applies if every step has ended and one failed.
func stepFailed(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepFailed)
	if step == nil || in.Recording.Status.Processing.State != v1alpha1.ProcessingFailed {
		return nil
	}
	answer := &Answer{
		Reason: "StepFailed", Detail: step.Message, NeedsAction: true,
		Summary: fmt.Sprintf("Step %s failed permanently in attempt %d.", stepName(step), step.Attempt),
		Fix:     "Fix the cause, then run the step again. The steps that need it run again too.",
		Commands: []string{
			plugin(in, "logs %s %s", in.Recording.Name, stepName(step)),
			plugin(in, "rerun %s %s", in.Recording.Name, stepName(step)),
		},
	}
	if skipped := skippedBy(in); len(skipped) > 0 {
		answer.Detail = strings.TrimLeft(answer.Detail+"\nSkipped because of it: "+strings.Join(skipped, ", "), "\n")
	}
	return answer
}

func skippedBy(in Input) []string {
	var names []string
	for _, step := range in.Recording.Status.Processing.Steps {
		if step.State == v1alpha1.StepSkipped && step.Reason == v1alpha1.StepNeedFailed {
			names = append(names, stepName(&step))
		}
	}
	return names
}

func queued(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepQueued)
	if step == nil || stepIn(in, v1alpha1.StepRunning) != nil {
		return nil
	}
	return &Answer{
		Reason: "Queued", Detail: strings.TrimSpace("When it was queued: " + step.Message),
		Summary:  fmt.Sprintf("Step %s waits in the queue of RecordingPipeline %s, whose limit maxConcurrent is reached.", stepName(step), step.Pipeline),
		Fix:      "Wait until the Jobs before it end, or raise maxConcurrent.",
		Commands: []string{kubectl(in, "get jobs -l %s=%s", v1alpha1.LabelPipeline, lifecycle.LabelValue(step.Pipeline))},
	}
}

func running(in Input) *Answer {
	if step := stepIn(in, v1alpha1.StepRunning); step != nil {
		answer := &Answer{
			Reason: "Running", Detail: step.Message,
			Summary:  fmt.Sprintf("Step %s is running.", stepName(step)),
			Fix:      "Wait, or follow its log.",
			Commands: []string{plugin(in, "logs %s %s -f", in.Recording.Name, stepName(step))},
		}
		if stalled := condition(in, v1alpha1.ConditionStalled); stalled != nil {
			answer.NeedsAction, answer.Reason, answer.Detail = true, stalled.Reason, stalled.Message
			answer.Summary = fmt.Sprintf("Step %s makes no progress.", stepName(step))
			answer.Fix = "Read what its Job and its Pod report."
			answer.Commands = []string{kubectl(in, "describe job,pod -l %s=%s", v1alpha1.LabelRecording, lifecycle.LabelValue(in.Recording.Name))}
		}
		return answer
	}
	step := stepIn(in, v1alpha1.StepPending)
	switch {
	case step == nil:
		return nil
	case step.RetryTime == nil:
		return &Answer{Reason: "Pending", Summary: fmt.Sprintf("Step %s has no Job yet.", stepName(step)), Detail: step.Message, Fix: "Wait a moment."}
	}
	return &Answer{
		Reason: "Backoff", Detail: step.Message,
		Summary:  fmt.Sprintf("Step %s failed and runs again at %s.", stepName(step), step.RetryTime.UTC().Format(time.RFC3339)),
		Fix:      "Wait, or fix the cause before the next attempt.",
		Commands: []string{plugin(in, "logs %s %s", in.Recording.Name, stepName(step))},
	}
}
