// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// DefaultDeadline is how long a Job may take, unless its template or its step says otherwise.
const DefaultDeadline = 24 * time.Hour

// DefaultBackoffLimit is how often the Pod of a Job is retried, unless its template says otherwise.
const DefaultBackoffLimit int32 = 3

// PermanentExitCodes are the exit codes of sysexits.h that are not retried: 64 to 78 except 69 (unavailable), 74 (I/O error) and 75 (try
// again).
var PermanentExitCodes = []int32{64, 65, 66, 67, 68, 70, 71, 72, 73, 76, 77, 78}

// applyStep sets the Job's fields for the step's retries and timeout, which override the template's. With a backoff every retry is a separate
// Job, so each Job tries once.
func applyStep(spec *batchv1.JobSpec, step v1alpha1.PipelineStep) {
	switch {
	case step.Backoff != nil:
		spec.BackoffLimit = ptr.To[int32](0)
	case step.Retries != nil:
		spec.BackoffLimit = ptr.To(*step.Retries)
	}
	if step.Timeout != nil {
		spec.ActiveDeadlineSeconds = ptr.To(wholeSeconds(step.Timeout.Duration))
	}
}

// wholeSeconds rounds up, to one second at least.
func wholeSeconds(d time.Duration) int64 {
	return max(int64((d+time.Second-1)/time.Second), 1)
}

// applyDefaults sets fields that the template does not set. A step needs no rights in the cluster, so its Pods mount no token. The Pod failure
// policy needs Pods that never restart, so it is set for those only.
func applyDefaults(spec *batchv1.JobSpec, policy Policy) {
	pod := &spec.Template.Spec
	if pod.RestartPolicy == "" {
		pod.RestartPolicy = corev1.RestartPolicyNever
	}
	spec.TTLSecondsAfterFinished = ptr.To(policy.ttlSeconds(spec.TTLSecondsAfterFinished))
	if spec.BackoffLimit == nil && spec.BackoffLimitPerIndex == nil {
		spec.BackoffLimit = ptr.To(DefaultBackoffLimit)
	}
	if spec.PodFailurePolicy == nil && pod.RestartPolicy == corev1.RestartPolicyNever {
		spec.PodFailurePolicy = sysexitsPolicy(pod)
	}
	if spec.ActiveDeadlineSeconds == nil {
		spec.ActiveDeadlineSeconds = ptr.To(wholeSeconds(DefaultDeadline))
	}
	if pod.AutomountServiceAccountToken == nil {
		pod.AutomountServiceAccountToken = ptr.To(false)
	}
}

// maxRules is how many rules a Pod failure policy may have.
const maxRules = 20

// sysexitsPolicy does not count a Pod that the cluster evicted, and fails the Job at a permanent exit code. If the Pod has sidecars,
// only the exit codes of the other containers count.
func sysexitsPolicy(pod *corev1.PodSpec) *batchv1.PodFailurePolicy {
	rules := []batchv1.PodFailurePolicyRule{{
		Action: batchv1.PodFailurePolicyActionIgnore,
		OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
			{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
		},
	}}
	for _, container := range decidingContainers(pod) {
		rules = append(rules, batchv1.PodFailurePolicyRule{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: container,
				Operator:      batchv1.PodFailurePolicyOnExitCodesOpIn,
				Values:        slices.Clone(PermanentExitCodes),
			},
		})
	}
	return &batchv1.PodFailurePolicy{Rules: rules}
}

// decidingContainers returns the containers whose exit codes decide; one nil stands for all of them.
func decidingContainers(pod *corev1.PodSpec) []*string {
	var names []*string
	sidecars := false
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		if ptr.Deref(container.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways {
			sidecars = true
			continue
		}
		names = append(names, ptr.To(container.Name))
	}
	if !sidecars || len(names) >= maxRules {
		return []*string{nil}
	}
	return names
}
