// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"encoding/json"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// recordingValue is what a condition sees of a recording. What is not known is absent.
func recordingValue(recording *v1alpha1.MeetingRecording) map[string]any {
	status := recording.Status.Recording
	value := map[string]any{
		"name":      recording.Name,
		"namespace": recording.Namespace,
		"labels":    inOrder(recording.Labels),
		"meetingID": recording.Spec.MeetingID,
		"sessionID": recording.Spec.SessionID,
		"segment":   recording.Spec.Segment,
		"state":     string(status.State),
	}
	if status.File != nil {
		file := map[string]any{"path": status.File.Path}
		setText(file, "url", status.File.URL)
		value["file"] = file
	}
	if status.StartTime != nil {
		value["startTime"] = status.StartTime.UTC()
	}
	if status.EndTime != nil {
		value["endTime"] = status.EndTime.UTC()
	}
	return value
}

// stepValues returns the variables steps and outputs. The values of all outputs of a step are merged; where two outputs have the
// same name among their values, the later one counts.
func stepValues(steps []v1alpha1.StepStatus) (states, outputs ordered, err error) {
	named, values := make(map[string]any, len(steps)), make(map[string]any, len(steps))
	for _, step := range steps {
		made, merged := make(map[string]any, len(step.Outputs)), make(map[string]any)
		for _, output := range step.Outputs {
			value, found, err := outputValue(output)
			if err != nil {
				return ordered{}, ordered{}, fmt.Errorf("read the values of output %s of step %s: %w", output.Name, step.Step, err)
			}
			made[output.Name] = value
			for name, scalar := range found {
				merged[name] = scalar
			}
		}
		named[step.Step] = map[string]any{"state": string(step.State), "outputs": inOrder(made)}
		values[step.Step] = inOrder(merged)
	}
	return inOrder(named), inOrder(values), nil
}

func outputValue(output v1alpha1.StepOutput) (value, values map[string]any, err error) {
	values = make(map[string]any)
	if output.Values != nil && len(output.Values.Raw) > 0 {
		// Every number becomes a float64, a double to CEL, also where it is integral: what a condition can do with a number must
		// not depend on which it is.
		if err := json.Unmarshal(output.Values.Raw, &values); err != nil {
			return nil, nil, err
		}
	}
	value = map[string]any{"values": inOrder(values)}
	setText(value, "url", output.URL)
	setText(value, "mediaType", output.MediaType)
	setText(value, "sha256", output.SHA256)
	if output.SizeBytes != nil {
		value["sizeBytes"] = *output.SizeBytes
	}
	return value, values, nil
}

func setText(object map[string]any, field, text string) {
	if text != "" {
		object[field] = text
	}
}
