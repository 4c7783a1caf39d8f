// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcomes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

// readOutputs returns the outputs of the Pods that succeeded, in the order of their completion index and their containers. A
// termination message that is plain text has no outputs. The error names the container and the field to fix.
func readOutputs(pods []corev1.Pod) ([]v1alpha1.StepOutput, error) {
	var all outputs.Message
	for _, pod := range newestByIndex(pods, succeeded) {
		for _, status := range containerStatuses(pod) {
			ended := status.State.Terminated
			if ended == nil || ended.ExitCode != 0 {
				continue
			}
			message, err := parse(ended.Message)
			if err != nil {
				return nil, fmt.Errorf("container %s: %w", status.Name, err)
			}
			all.Outputs = append(all.Outputs, message.Outputs...)
		}
	}
	if err := all.Validate(); err != nil {
		return nil, fmt.Errorf("all containers together: %w", err)
	}
	var made []v1alpha1.StepOutput
	for _, output := range all.Outputs {
		var values *runtime.RawExtension
		if len(output.Values) > 0 {
			raw, err := json.Marshal(output.Values)
			if err != nil {
				return nil, fmt.Errorf("the values of output %s: %w", output.Name, err)
			}
			values = &runtime.RawExtension{Raw: raw}
		}
		made = append(made, v1alpha1.StepOutput{
			Name:      output.Name,
			URL:       output.URL,
			MediaType: output.MediaType,
			SizeBytes: output.SizeBytes,
			SHA256:    output.SHA256,
			Values:    values,
		})
	}
	return made, nil
}

// newestByIndex returns the newest of the wanted Pods of each completion index, in the order of the indexes. A Job that is not Indexed has
// one.
func newestByIndex(pods []corev1.Pod, wanted func(*corev1.Pod) bool) []*corev1.Pod {
	newest := make(map[int]*corev1.Pod)
	for i := range pods {
		pod := &pods[i]
		index, _ := strconv.Atoi(pod.Annotations[batchv1.JobCompletionIndexAnnotation])
		if known := newest[index]; wanted(pod) && (known == nil || known.CreationTimestamp.Before(&pod.CreationTimestamp)) {
			newest[index] = pod
		}
	}
	var ordered []*corev1.Pod
	for _, index := range slices.Sorted(maps.Keys(newest)) {
		ordered = append(ordered, newest[index])
	}
	return ordered
}

// parse reads one termination message. Plain text has no outputs. Text that looks like a message but is none, because it was
// truncated or is not JSON, is an error.
func parse(text string) (outputs.Message, error) {
	message, err := outputs.Parse([]byte(text))
	if !errors.Is(err, outputs.ErrNotMessage) {
		return message, err
	}
	if start := strings.TrimSpace(text); strings.HasPrefix(start, "{") && strings.Contains(start, `"outputs"`) {
		return message, err
	}
	return outputs.Message{}, nil
}
