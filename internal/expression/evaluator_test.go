// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import "github.com/meetingops/meeting-recording-operator/api/v1alpha1"

// StepCost evaluates the condition of a step, and returns what that cost, also where it was too much.
func (e *Evaluator) StepCost(source string, recording *v1alpha1.MeetingRecording, steps []v1alpha1.StepStatus) (uint64, error) {
	program, err := e.compiled(stepCondition, source)
	if err != nil {
		return 0, err
	}
	states, outputs, err := stepValues(steps)
	if err != nil {
		return 0, err
	}
	_, details, err := program.Eval(map[string]any{
		varRecording: recordingValue(recording), varSteps: states, varOutputs: outputs,
	})
	if details == nil || details.ActualCost() == nil {
		return 0, err
	}
	return *details.ActualCost(), err
}

// Compiled is how many conditions are kept.
func (e *Evaluator) Compiled() int { return e.programs.Len() }
