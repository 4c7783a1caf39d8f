// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// What a Job gets where its template is silent.
const (
	// DefaultTTLSeconds is how long a Job stays after it ended.
	DefaultTTLSeconds int32 = 3600
	// DefaultBackoffLimit is how often the Pod of a Job is tried again.
	DefaultBackoffLimit int32 = 3
)

// PermanentExitCodes are those of sysexits.h that a Pod is not tried again after: 64 to 78 but for 69 (unavailable), 74 (I/O
// error) and 75 (try again).
var PermanentExitCodes = []int32{64, 65, 66, 67, 68, 70, 71, 72, 73, 76, 77, 78}

// applyDefaults fills what the template left open. The Pod failure policy needs Pods that never restart, so it is set for those
// only; a container's last log lines become its message when it fails, so that the recording can tell why.
func applyDefaults(spec *batchv1.JobSpec, policy Policy) {
	pod := &spec.Template.Spec
	if pod.RestartPolicy == "" {
		pod.RestartPolicy = corev1.RestartPolicyNever
	}
	if spec.TTLSecondsAfterFinished == nil {
		spec.TTLSecondsAfterFinished = ptr.To(policy.ttlSeconds())
	}
	if spec.BackoffLimit == nil && spec.BackoffLimitPerIndex == nil {
		spec.BackoffLimit = ptr.To(DefaultBackoffLimit)
	}
	if spec.PodFailurePolicy == nil && pod.RestartPolicy == corev1.RestartPolicyNever {
		spec.PodFailurePolicy = sysexitsPolicy()
	}
	for i := range pod.InitContainers {
		tellLastLogLines(&pod.InitContainers[i])
	}
	for i := range pod.Containers {
		tellLastLogLines(&pod.Containers[i])
	}
}

// sysexitsPolicy does not count a Pod that the cluster evicted, and ends the Job at a permanent exit code.
func sysexitsPolicy() *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
		{
			Action: batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
				{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				Operator: batchv1.PodFailurePolicyOnExitCodesOpIn,
				Values:   slices.Clone(PermanentExitCodes),
			},
		},
	}}
}

func tellLastLogLines(container *corev1.Container) {
	if container.TerminationMessagePolicy == "" {
		container.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	}
}
