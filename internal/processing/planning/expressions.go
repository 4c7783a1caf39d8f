// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"errors"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Expressions evaluates the conditions of pipelines and steps. The same arguments have always the same answer. An error is what
// the author of the condition reads, and says what to mend.
type Expressions interface {
	// Pipeline says whether a pipeline is to run for the recording, by its spec.when.
	Pipeline(source string, recording *v1alpha1.MeetingRecording) (bool, error)
	// Step says whether a step is to run, by its when. needed are the steps that it needs, directly or through others, all of
	// which have ended; a condition that looks at any other is an error.
	Step(source string, recording *v1alpha1.MeetingRecording, needed []v1alpha1.StepStatus) (bool, error)
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

func (in Input) evaluateStep(source string, needed []v1alpha1.StepStatus) (bool, error) {
	switch {
	case source == "":
		return true, nil
	case in.Expressions == nil:
		return false, errNoExpressions
	}
	return in.Expressions.Step(source, in.Recording, needed)
}
