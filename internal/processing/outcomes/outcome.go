// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcomes

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// JobCondition returns the condition by which a Job has ended, Complete or Failed; nil while it has not.
func JobCondition(job *batchv1.Job) *batchv1.JobCondition {
	return findCondition(job, batchv1.JobComplete, batchv1.JobFailed)
}

// findCondition returns the first condition of one of the kinds that is true; nil if none is.
func findCondition(job *batchv1.Job, kinds ...batchv1.JobConditionType) *batchv1.JobCondition {
	at := slices.IndexFunc(job.Status.Conditions, func(condition batchv1.JobCondition) bool {
		return condition.Status == corev1.ConditionTrue && slices.Contains(kinds, condition.Type)
	})
	if at < 0 {
		return nil
	}
	return &job.Status.Conditions[at]
}

// Ended returns the outcome of a Job that has ended by the condition, from its Pods.
func Ended(job *batchv1.Job, condition *batchv1.JobCondition, pods []corev1.Pod) Observation {
	observed := Observation{CreatedAt: job.CreationTimestamp, EndedAt: condition.LastTransitionTime}
	observed.Retries = retries(job, job.Status.Failed)
	if observed.EndedAt.IsZero() {
		observed.EndedAt = job.CreationTimestamp
	}
	if condition.Type == batchv1.JobFailed {
		cause := findCause(pods)
		observed.State, observed.Message = JobFailed, failure(condition, cause, pods)
		observed.Retries = retries(job, job.Status.Failed-1) // the first try is not a retry
		observed.Permanent = isPermanent(job, condition, cause)
		return observed
	}
	if !runsElsewhere(job) && len(newestByIndex(pods, succeeded)) < int(job.Status.Succeeded) {
		// Without outputs the steps that need this one would run with variables that are not set.
		observed.State, observed.Message = JobFailed, "The Job succeeded, but its Pod was deleted before its outputs could be read."
		return observed
	}
	made, err := readOutputs(pods)
	if err != nil {
		observed.State, observed.Permanent = JobFailed, true
		observed.Message = "The Job succeeded, but its outputs are invalid: " + err.Error()
		return observed
	}
	observed.State, observed.Outputs = JobSucceeded, made
	return observed
}

// runsElsewhere reports whether the Job's Pods are in another cluster, as MultiKueue's are. Then nobody can read their outputs here.
func runsElsewhere(job *batchv1.Job) bool {
	return ptr.Deref(job.Spec.ManagedBy, batchv1.JobControllerName) != batchv1.JobControllerName
}

func succeeded(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodSucceeded }

// retries returns how many of the Job's failed Pods were retried; several Pods that fail at once are not.
func retries(job *batchv1.Job, failed int32) int32 {
	return max(min(failed, ptr.Deref(job.Spec.BackoffLimit, failed)), 0)
}

// isPermanent reports whether a retry would fail too. If the Job has a podFailurePolicy, that has decided; otherwise the exit code of
// the container that caused the failure does.
func isPermanent(job *batchv1.Job, condition *batchv1.JobCondition, cause cause) bool {
	switch condition.Reason {
	case batchv1.JobReasonPodFailurePolicy, batchv1.JobReasonDeadlineExceeded:
		return true
	}
	return job.Spec.PodFailurePolicy == nil && cause.ended != nil && slices.Contains(jobs.PermanentExitCodes, cause.ended.ExitCode)
}

// maxCause leaves room in a message for the Job's own reason.
const maxCause = 900

// failure says why a Job failed: what ended its newest Pod, the Job's own reason, and how many Pods failed if there were several.
func failure(condition *batchv1.JobCondition, cause cause, pods []corev1.Pod) string {
	reason := condition.Reason
	if n := countFailed(pods); n > 1 {
		reason += fmt.Sprintf(", %d Pods failed", n)
	}
	caused := cause.String()
	if caused == "" {
		return fmt.Sprintf("The Job failed (%s): %s", reason, condition.Message)
	}
	return fmt.Sprintf("%s (Job: %s)", text.CutTo(caused, maxCause), reason)
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

// cause is what made a Pod fail.
type cause struct {
	// pod is the cluster's own reason, such as Evicted; empty if the Pod failed by itself.
	pod string
	// container is the container that failed, and ended how it ended; nil if none failed.
	container string
	ended     *corev1.ContainerStateTerminated
}

func (c cause) String() string {
	var container string
	if c.ended != nil {
		container = fmt.Sprintf("container %s exited with %d", c.container, c.ended.ExitCode)
		if c.ended.Reason != "" && c.ended.Reason != "Error" {
			container += " (" + c.ended.Reason + ")"
		}
		if line := lastLine(c.ended.Message); line != "" {
			container += ": " + line
		}
	}
	if c.pod == "" || container == "" {
		return c.pod + container
	}
	return c.pod + "; " + container
}

// findCause returns the cause of the newest Pod that has one.
func findCause(pods []corev1.Pod) cause {
	byAge := slices.Clone(pods)
	slices.SortStableFunc(byAge, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range byAge {
		if succeeded(&byAge[i]) {
			continue
		}
		found := cause{pod: podReason(&byAge[i])}
		found.container, found.ended = failedContainer(&byAge[i])
		if found.pod != "" || found.ended != nil {
			return found
		}
	}
	return cause{}
}

// podReason returns why the cluster ended the Pod, such as an eviction; empty if it did not.
func podReason(pod *corev1.Pod) string {
	if reason := pod.Status.Reason; reason != "" {
		return strings.TrimSuffix(fmt.Sprintf("its Pod failed with %s: %s", reason, lastLine(pod.Status.Message)), ": ")
	}
	if target := podCondition(pod, corev1.DisruptionTarget); target != nil && target.Status == corev1.ConditionTrue {
		return strings.TrimSuffix(fmt.Sprintf("its Pod was disrupted by %s: %s", target.Reason, lastLine(target.Message)), ": ")
	}
	return ""
}

// failedContainer returns the container that made the Pod fail: the ordinary container that failed first, or a sidecar if no ordinary
// one failed. The kubelet ends sidecars after the others, so that their exit codes say nothing about the work.
func failedContainer(pod *corev1.Pod) (name string, first *corev1.ContainerStateTerminated) {
	isFirstSidecar := false
	for _, status := range containerStatuses(pod) {
		ended, sidecar := lastEnd(status), isSidecar(pod, status.Name)
		if ended == nil || ended.ExitCode == 0 || first != nil && sidecar && !isFirstSidecar {
			continue
		}
		if first == nil || isFirstSidecar && !sidecar || ended.FinishedAt.Before(&first.FinishedAt) {
			name, first, isFirstSidecar = status.Name, ended, sidecar
		}
	}
	return name, first
}

// isSidecar reports whether the container is an init container that runs as long as the Pod.
func isSidecar(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && ptr.Deref(c.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways
	})
}

// lastEnd returns how a container last ended; nil if it never did.
func lastEnd(status corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if ended := status.State.Terminated; ended != nil {
		return ended
	}
	return status.LastTerminationState.Terminated
}

// containerStatuses returns the statuses of the init containers, then of the others.
func containerStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// lastLine returns the last line of a text that is not blank.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
}
