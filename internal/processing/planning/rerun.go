// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// rerunToken is the token of the requested rerun, or else of the last one.
func rerunToken(recording *v1alpha1.MeetingRecording) string {
	if recording.Spec.Rerun == nil {
		return recording.Status.Processing.ObservedRerunToken
	}
	return recording.Spec.Rerun.Token
}

// RerunIsDue reports whether processing has ended and spec.rerun requests it again.
func RerunIsDue(recording *v1alpha1.MeetingRecording) bool {
	processing := recording.Status.Processing
	return processing.State.IsFinal() && rerunToken(recording) != processing.ObservedRerunToken
}

// isRerun plans again, once for each token. Earlier results go to the history. The plan is stored before any Job is created, so that a Job
// of it cannot count for another rerun that is requested meanwhile. A rerun with nothing to run changes only the message about it.
func isRerun(in Input) (Decision, bool) {
	if !RerunIsDue(in.Recording) {
		return Decision{}, false
	}
	processing, refusal := rerunAll(in)
	if len(in.Recording.Spec.Rerun.Steps) > 0 {
		processing, refusal = rerunSome(in)
	}
	if refusal != "" {
		return refuseRerun(in, refusal), true
	}
	processing.ObservedRerunToken = rerunToken(in.Recording)
	return written(in, processing), true
}

// rerunAll plans all steps again, with the pipelines that match now. The text is why it cannot.
func rerunAll(in Input) (v1alpha1.ProcessingStatus, string) {
	processing := in.Recording.Status.Processing
	steps := plan(in, nextAttempt(processing))
	switch {
	case len(steps) == 0:
		return processing, "no RecordingPipeline of the namespace matches the recording."
	case len(steps) > MaxSteps:
		return processing, tooManyStepsMessage(len(steps))
	}
	processing.History = slices.Grow(slices.Clone(processing.History), len(processing.Steps))
	for i := range processing.Steps {
		processing.History = append(processing.History, AttemptOf(&processing.Steps[i]))
	}
	processing.Steps = steps
	return processing, ""
}

// rerunSome plans the named steps again and those that need them. The text is why it cannot.
func rerunSome(in Input) (v1alpha1.ProcessingStatus, string) {
	processing := in.Recording.Status.Processing
	attempt := nextAttempt(processing)
	named := in.Recording.Spec.Rerun.Steps
	isNamed := func(step v1alpha1.StepStatus) bool { return slices.Contains(named, referenceTo(step)) }
	var missing []string
	for _, step := range named {
		if !slices.ContainsFunc(processing.Steps, func(known v1alpha1.StepStatus) bool { return referenceTo(known) == step }) {
			missing = append(missing, step.Pipeline+"/"+step.Step)
		}
	}
	if len(missing) > 0 {
		return processing, fmt.Sprintf("the recording has no step %s. Its steps are in status.processing.steps; "+
			"a rerun without steps plans again.", strings.Join(missing, ", "))
	}
	steps, history := slices.Clone(processing.Steps), slices.Clone(processing.History)
	for _, group := range groups(in, steps) {
		for i, step := range slices.Clone(group.steps) {
			if isNamed(step) || slices.ContainsFunc(group.needed(step.Step), isNamed) {
				history = append(history, AttemptOf(&step))
				group.steps[i] = planned(in, step.Pipeline, step.Step, attempt)
			}
		}
	}
	processing.Steps, processing.History = steps, history
	return processing, ""
}

func referenceTo(step v1alpha1.StepStatus) v1alpha1.StepReference {
	return v1alpha1.StepReference{Pipeline: step.Pipeline, Step: step.Step}
}

// refuseRerun reports why a rerun cannot start, and changes nothing else.
func refuseRerun(in Input, why string) Decision {
	processing := in.Recording.Status.Processing
	processing.ObservedRerunToken = rerunToken(in.Recording)
	summary := skipped(in)
	if processing.State != v1alpha1.ProcessingSkipped {
		_, summary, _ = sumUp(in, processing.Steps)
	}
	refusal := text.Cut(fmt.Sprintf("The rerun %q cannot start: %s", processing.ObservedRerunToken, why))
	summary.Message += " " + refusal
	decision := in.decide(processing, summary)
	decision.RerunRefused = refusal
	return decision
}
