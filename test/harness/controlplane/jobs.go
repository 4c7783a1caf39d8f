// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// RunPod plays the Job controller and the kubelet: it creates the Job's Pod, whose first container gets the state. The Pod has the Job's
// name, so that an attempt that failed midway can be repeated.
func RunPod(ctx context.Context, c client.Client, job *batchv1.Job, phase corev1.PodPhase, state corev1.ContainerState) (*corev1.Pod, error) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name, Namespace: job.Namespace, Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: job.Spec.Template.Spec,
	}
	if err := c.Create(ctx, pod); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create the Pod of %s: %w", job.Name, err)
	}
	container := job.Spec.Template.Spec.Containers[0]
	return pod, patchStatus(ctx, c, pod, corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: container.Name, Image: container.Image, State: state},
	}})
}

// EndJob plays the Job controller at a Job's end.
func EndJob(ctx context.Context, c client.Client, job *batchv1.Job, succeeded bool) error {
	now := metav1.Now()
	status := batchv1.JobStatus{StartTime: &now, CompletionTime: &now, Succeeded: 1}
	reason, types := batchv1.JobReasonCompletionsReached, []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete}
	if !succeeded {
		status = batchv1.JobStatus{StartTime: &now, Failed: 1}
		reason, types = batchv1.JobReasonPodFailurePolicy, []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed}
	}
	for _, one := range types {
		status.Conditions = append(status.Conditions, batchv1.JobCondition{
			Type: one, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: now, LastProbeTime: now,
		})
	}
	return patchStatus(ctx, c, job, status)
}

// Finish has a Job's Pod end with the exit code and the termination message, and the Job with it.
func Finish(ctx context.Context, c client.Client, job *batchv1.Job, exitCode int32, message string) error {
	phase, reason := corev1.PodSucceeded, "Completed"
	if exitCode != 0 {
		phase, reason = corev1.PodFailed, "Error"
	}
	terminated := &corev1.ContainerStateTerminated{ExitCode: exitCode, Reason: reason, Message: message}
	if _, err := RunPod(ctx, c, job, phase, corev1.ContainerState{Terminated: terminated}); err != nil {
		return err
	}
	return EndJob(ctx, c, job, exitCode == 0)
}

// MustFinish is Finish for a test.
func (c *ControlPlane) MustFinish(t testing.TB, job *batchv1.Job, exitCode int32, message string) {
	t.Helper()
	if err := Finish(t.Context(), c.Client, job, exitCode, message); err != nil {
		t.Fatal(err)
	}
}

// patchStatus writes a status whoever else writes to the object meanwhile.
func patchStatus(ctx context.Context, c client.Client, object client.Object, status any) error {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	if err := c.Status().Patch(ctx, object, client.RawPatch(client.Merge.Type(), patch)); err != nil {
		return fmt.Errorf("write the status of %T %s: %w", object, object.GetName(), err)
	}
	return nil
}
