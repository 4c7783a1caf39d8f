// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import "github.com/meetingops/meeting-recording-operator/api/v1alpha1"

// StepUnits evaluates the condition of a step, and returns what that cost, also if it was too much.
func (e *Evaluator) StepUnits(source string, recording *v1alpha1.MeetingRecording, steps []v1alpha1.StepStatus) (uint64, error) {
	program, err := e.compiled(stepCondition, source)
	if err != nil {
		return 0, err
	}
	states, outputs, err := stepValues(program.visible(steps))
	if err != nil {
		return 0, err
	}
	_, err = program.evaluate(map[string]any{varRecording: recordingValue(recording), varSteps: states, varOutputs: outputs})
	return program.meter.used, err
}

// Compiled returns how many conditions are cached.
func (e *Evaluator) Compiled() int { return e.programs.Len() }

// CacheBytes returns how much the cache accounts for.
func (e *Evaluator) CacheBytes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bytes
}

// MaxCacheBytes is how much that may be.
const MaxCacheBytes = maxCacheBytes
