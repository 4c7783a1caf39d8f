// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"encoding/json"
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// MaxHistory is how many earlier attempts a recording keeps: the bound of its schema.
	MaxHistory = 64
	// maxStatusBytes is how large the status may be as JSON for the history to keep what it has. It leaves room below 16 KiB for
	// what others add later, such as deliveries.
	maxStatusBytes = 15 << 10
)

// attemptOf returns what the history keeps of a step.
func attemptOf(step *v1alpha1.StepStatus) v1alpha1.StepAttempt {
	return v1alpha1.StepAttempt{
		Pipeline:       step.Pipeline,
		Step:           step.Step,
		Attempt:        step.Attempt,
		State:          step.State,
		StartTime:      step.StartTime,
		CompletionTime: step.CompletionTime,
		Message:        step.Message,
		Outputs:        step.Outputs,
	}
}

// bounded returns the decision's history as it is kept: the newest MaxHistory attempts. While the status is too large, the oldest
// attempts lose their outputs; where that does not suffice, the oldest go. Steps, which the history is not, lose nothing.
func bounded(in Input, decision Decision) []v1alpha1.StepAttempt {
	history := decision.Processing.History
	if len(history) == 0 {
		return history
	}
	history = slices.Clone(history[max(0, len(history)-MaxHistory):])
	sizes, total := make([]int, len(history)), 0
	for i := range history {
		sizes[i] = sizeOf(history[i])
		total += sizes[i]
	}
	decision.Processing.History = nil
	room := maxStatusBytes - sizeOf(v1alpha1.MeetingRecordingStatus{
		Recording:  in.Recording.Status.Recording,
		Processing: decision.Processing,
		Conditions: decision.Conditions,
	})
	for i := 0; i < len(history) && total > room; i++ {
		if history[i].Outputs != nil {
			history[i].Outputs = nil
			total -= sizes[i]
			sizes[i] = sizeOf(history[i])
			total += sizes[i]
		}
	}
	oldest := 0
	for ; oldest < len(history) && total > room; oldest++ {
		total -= sizes[oldest]
	}
	if oldest == len(history) {
		return nil
	}
	return history[oldest:]
}

// sizeOf returns how many bytes the value is as JSON, with what separates it from the next.
func sizeOf(value any) int {
	data, err := json.Marshal(value)
	if err != nil { // values that are not JSON cannot be stored either
		return maxStatusBytes
	}
	return len(data) + 1
}
