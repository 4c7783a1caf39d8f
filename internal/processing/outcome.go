// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

// JobCondition returns the condition by which a Job has ended, Complete or Failed; nil while it has not.
func JobCondition(job *batchv1.Job) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		condition := &job.Status.Conditions[i]
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		if condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed {
			return condition
		}
	}
	return nil
}

// Ended says what came of a Job that has ended by the condition, from its Pods, which may be gone.
func Ended(job *batchv1.Job, condition *batchv1.JobCondition, pods []corev1.Pod) Observation {
	observed := Observation{CreatedAt: job.CreationTimestamp, EndedAt: condition.LastTransitionTime}
	observed.Retries = furtherTries(job, job.Status.Failed)
	if observed.EndedAt.IsZero() {
		observed.EndedAt = job.CreationTimestamp
	}
	if condition.Type == batchv1.JobFailed {
		observed.State, observed.Message = JobFailed, failure(condition, pods)
		observed.Retries = furtherTries(job, job.Status.Failed-1) // the first try is none
		observed.Permanent = isPermanent(condition, pods)
		return observed
	}
	made, err := readOutputs(pods)
	if err != nil {
		observed.State, observed.Permanent = JobFailed, true
		observed.Message = "The Job succeeded, but what it told of its outputs cannot be understood: " + err.Error()
		return observed
	}
	observed.State, observed.Outputs = JobSucceeded, made
	if !slices.ContainsFunc(pods, succeeded) {
		observed.Message = "The Job's Pod was gone before its outputs could be read."
	}
	return observed
}

func succeeded(pod corev1.Pod) bool { return pod.Status.Phase == corev1.PodSucceeded }

// readOutputs returns what the containers of the newest Pod that succeeded told of, in the order of the containers. Text that
// is no message at all tells of nothing. The error names the container and the field to mend.
func readOutputs(pods []corev1.Pod) ([]v1alpha1.StepOutput, error) {
	good := slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool { return !succeeded(pod) })
	if len(good) == 0 {
		return nil, nil
	}
	var all outputs.Message
	for _, status := range containerStatuses(newest(good)) {
		if ended := status.State.Terminated; ended != nil && ended.ExitCode == 0 {
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
		values, err := encodeValues(output.Values)
		if err != nil {
			return nil, fmt.Errorf("the values of output %s: %w", output.Name, err)
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

// encodeValues returns values as one compact JSON object, sorted by name; nil where there are none.
func encodeValues(values map[string]any) (*runtime.RawExtension, error) {
	if len(values) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	return &runtime.RawExtension{Raw: raw}, nil
}

// parse reads one termination message. Plain text has no outputs; what set out to be a message but is none, because it was cut
// or is not JSON, is an error.
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

// maxCause leaves room in a message for what the Job makes of a Pod's failure.
const maxCause = 900

// failure says why a Job failed: what ended its newest Pod, what the Job itself makes of it, and how many Pods failed where
// that were several.
func failure(condition *batchv1.JobCondition, pods []corev1.Pod) string {
	verdict := condition.Reason
	if n := countFailed(pods); n > 1 {
		verdict += fmt.Sprintf(", %d Pods failed", n)
	}
	cause := podFailure(pods)
	if cause == "" {
		return fmt.Sprintf("The Job failed (%s): %s", verdict, condition.Message)
	}
	// The cause is cut, so that a long last line does not push out the verdict.
	return fmt.Sprintf("%s (Job: %s)", cutTo(cause, maxCause), verdict)
}

func countFailed(pods []corev1.Pod) int {
	n := 0
	for i := range pods {
		if pods[i].Status.Phase == corev1.PodFailed {
			n++
		}
	}
	return n
}

// furtherTries says how many of the Job's Pods were further tries; several Pods at once that fail are not.
func furtherTries(job *batchv1.Job, failed int32) int32 {
	return max(min(failed, ptr.Deref(job.Spec.BackoffLimit, failed)), 0)
}

// isPermanent says whether another try would fail too: the Job ran out of time, its Pod failure policy ended it, or an exit code
// says so where no such policy looks at it.
func isPermanent(condition *batchv1.JobCondition, pods []corev1.Pod) bool {
	switch condition.Reason {
	case batchv1.JobReasonPodFailurePolicy, batchv1.JobReasonDeadlineExceeded:
		return true
	}
	for i := range pods {
		for _, status := range containerStatuses(&pods[i]) {
			if ended := lastEnd(status); ended != nil && slices.Contains(jobs.PermanentExitCodes, ended.ExitCode) {
				return true
			}
		}
	}
	return false
}

// lastEnd returns how a container last ended; nil where it never has.
func lastEnd(status corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if ended := status.State.Terminated; ended != nil {
		return ended
	}
	return status.LastTerminationState.Terminated
}

// podFailure returns the cause of the newest Pod that tells one, empty where none does.
func podFailure(pods []corev1.Pod) string {
	byAge := slices.Clone(pods)
	slices.SortStableFunc(byAge, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range byAge {
		if succeeded(byAge[i]) {
			continue
		}
		for _, status := range containerStatuses(&byAge[i]) {
			if text := containerFailure(status); text != "" {
				return text
			}
		}
		if reason := byAge[i].Status.Reason; reason != "" {
			return fmt.Sprintf("its Pod failed with %s: %s", reason, lastLine(byAge[i].Status.Message))
		}
	}
	return ""
}

func containerFailure(status corev1.ContainerStatus) string {
	ended := lastEnd(status)
	if ended == nil || ended.ExitCode == 0 {
		return ""
	}
	text := fmt.Sprintf("container %s exited with %d", status.Name, ended.ExitCode)
	if ended.Reason != "" && ended.Reason != "Error" {
		text += " (" + ended.Reason + ")"
	}
	if line := lastLine(ended.Message); line != "" {
		text += ": " + line
	}
	return text
}

// Active returns what is known of a Job that has not ended and has nothing to complain of.
func Active(created metav1.Time) Observation {
	return Observation{State: JobActive, CreatedAt: created}
}
