// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// MaxHistory is how many earlier attempts a recording keeps: the limit of its schema.
const MaxHistory = 64

// AttemptOf returns a step's entry for the history.
func AttemptOf(step *v1alpha1.StepStatus) v1alpha1.StepAttempt {
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

// bounded returns the history to store: the newest MaxHistory attempts. While the status is too large, the oldest attempts lose their
// outputs; if that does not suffice, they are removed. Current steps lose nothing.
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
	room := maxHistoryStatus - sizeOf(v1alpha1.MeetingRecordingStatus{
		Recording:  in.Recording.Status.Recording,
		Processing: decision.Processing,
		Conditions: decision.Conditions,
	})
	for i := 0; i < len(history) && total > room; i++ {
		history[i].Outputs = nil
		total -= sizes[i]
		sizes[i] = sizeOf(history[i])
		total += sizes[i]
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

// HasOutcome reports whether the status has the outcome of the Job: of a step that has ended, or of an earlier attempt.
func HasOutcome(recording *v1alpha1.MeetingRecording, job string) bool {
	processing := &recording.Status.Processing
	for i := range processing.Steps {
		step := &processing.Steps[i]
		switch {
		case step.JobName == job:
			return step.State == v1alpha1.StepSucceeded || step.State == v1alpha1.StepFailed || step.State == v1alpha1.StepSkipped
		case isEarlierAttempt(recording.Name, step, job):
			return true
		}
	}
	return slices.ContainsFunc(processing.History, func(attempt v1alpha1.StepAttempt) bool {
		return jobs.Name(recording.Name, attempt.Pipeline, attempt.Step, attempt.Attempt) == job
	})
}

// maxAttempts is how many attempts before a step's last are tried: the history may have dropped them.
const maxAttempts = 64

// isEarlierAttempt reports whether the Job is of an attempt at the step before the current one, which began only once that was stored.
func isEarlierAttempt(recording string, step *v1alpha1.StepStatus, job string) bool {
	for attempt := step.Attempt - 1; attempt > 0 && attempt > step.Attempt-maxAttempts; attempt-- {
		if jobs.Name(recording, step.Pipeline, step.Step, attempt) == job {
			return true
		}
	}
	return false
}

// etcd stores at most 1.5 MiB. Beside the status that are the spec, the metadata, and the managed fields, which take up to a third of what
// they describe. The room for all steps is divided among them before any of them has ended, so that the last one fits as well as the first.
const (
	// allOutputs limits the outputs of all steps together, in bytes of JSON.
	allOutputs = 768 << 10
	// allMessages limits the messages of all steps together, but each may have minMessage.
	allMessages = 6 << 10
	minMessage  = 128
	// maxHistoryStatus is how large the status may be for the history to keep what it has.
	maxHistoryStatus = 15 << 10
)

// messageRoom is how many bytes the message of each of so many steps may have.
func messageRoom(steps int) int {
	return min(max(allMessages/max(steps, 1), minMessage), text.MaxMessage)
}

// fitOutputs returns the outputs that fit into one step's share. If that is not all of them, the values go first, then the last
// outputs, and the message says so.
func fitOutputs(outputs []v1alpha1.StepOutput, steps int) ([]v1alpha1.StepOutput, string) {
	room := allOutputs / max(steps, 1)
	if sizeOf(outputs) <= room {
		return outputs, ""
	}
	kept, size, values := make([]v1alpha1.StepOutput, 0, len(outputs)), 0, 0
	for _, output := range outputs {
		if output.Values != nil && size+sizeOf(output) > room {
			output.Values = nil
			values++
		}
		if size += sizeOf(output); size > room {
			break
		}
		kept = append(kept, output)
	}
	return kept, fmt.Sprintf("Truncated: %d of %d outputs are kept, %d without their values, because a recording of %d steps has room for %d bytes each.",
		len(kept), len(outputs), values, steps, room)
}

// sizeOf returns how many bytes the value is as JSON, with what separates it from the next.
func sizeOf(value any) int {
	data, err := json.Marshal(value)
	if err != nil { // values that are not JSON cannot be stored either
		return allOutputs
	}
	return len(data) + 1
}
