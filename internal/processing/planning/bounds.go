// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"encoding/json"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// etcd stores at most 1.5 MiB. Beside the status that are the spec, the metadata, and the managed fields, which take up to a third of
// what they describe. What all steps may have together is shared among them before any of them has ended, so that the last one fits as
// well as the first.
const (
	// allOutputs is what the outputs of all steps may have together, as JSON.
	allOutputs = 768 << 10
	// allMessages is what the messages of all steps may have together, as long as each has minMessage.
	allMessages = 6 << 10
	// minMessage is what every step's message may have, however many there are.
	minMessage = 128
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
