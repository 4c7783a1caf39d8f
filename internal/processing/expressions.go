// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"errors"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Expressions evaluates the conditions of pipelines and steps. The same arguments have always the same answer. An error is what
// the author of the condition reads, and says what to mend.
type Expressions interface {
	// Pipeline says whether a pipeline is to run for the recording, by its spec.when.
	Pipeline(source string, recording *v1alpha1.MeetingRecording) (bool, error)
	// Step says whether a step is to run, by its when. steps are those of the same pipeline for the same recording, ended or not.
	Step(source string, recording *v1alpha1.MeetingRecording, steps []v1alpha1.StepStatus) (bool, error)
}

var errNoExpressions = errors.New("this controller evaluates no conditions")

func (in Input) evaluatePipeline(source string) (bool, error) {
	switch {
	case source == "":
		return true, nil
	case in.Expressions == nil:
		return false, errNoExpressions
	}
	return in.Expressions.Pipeline(source, in.Recording)
}

func (in Input) evaluateStep(source string, steps []v1alpha1.StepStatus) (bool, error) {
	switch {
	case source == "":
		return true, nil
	case in.Expressions == nil:
		return false, errNoExpressions
	}
	return in.Expressions.Step(source, in.Recording, steps)
}
