// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	sha256OfOutput = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	outputMessage  = `{"outputs":[{"name":"archive","url":"file:///archive/a.mp4","mediaType":"video/mp4","sizeBytes":4,"sha256":"` + sha256OfOutput + `"}]}`
)

// jobsOf returns the Jobs of a recording.
func jobsOf(ctx context.Context, recording string) ([]batchv1.Job, error) {
	list := &batchv1.JobList{}
	err := k8sClient.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelRecording: recording})
	return list.Items, err
}

// awaitJob waits until the recording has a Job.
func awaitJob(t testing.TB, recording string) *batchv1.Job {
	t.Helper()
	var job *batchv1.Job
	eventually(t, "a Job for "+recording, func(ctx context.Context) error {
		jobs, err := jobsOf(ctx, recording)
		if err != nil {
			return err
		}
		if len(jobs) != 1 {
			return fmt.Errorf("there are %d", len(jobs))
		}
		job = &jobs[0]
		return nil
	})
	return job
}

// complete plays the Job controller and the kubelet, which envtest lacks: it makes the Job's Pod, lets it tell of an output, and
// completes the Job.
func complete(t testing.TB, job *batchv1.Job) {
	t.Helper()
	ctx := t.Context()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "p-",
			Namespace:    namespace,
			Labels:       job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job")),
			},
		},
		Spec: job.Spec.Template.Spec,
	}
	if err := k8sClient.Create(ctx, pod); err != nil {
		t.Fatalf("the Pod of the Job: %v", err)
	}
	pod.Status.Phase = corev1.PodSucceeded
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name:  job.Spec.Template.Spec.Containers[0].Name,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", Message: outputMessage}},
	}}
	if err := k8sClient.Status().Update(ctx, pod); err != nil {
		t.Fatalf("the Pod's status: %v", err)
	}
	now := metav1.Now()
	job.Status = batchv1.JobStatus{
		StartTime:      &now,
		CompletionTime: &now,
		Succeeded:      1,
		Conditions: []batchv1.JobCondition{
			{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, LastTransitionTime: now},
			{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: now},
		},
	}
	if err := k8sClient.Status().Update(ctx, job); err != nil {
		t.Fatalf("the Job's status: %v", err)
	}
}

// awaitProcessing waits until the recording's processing is in the state, and returns the recording.
func awaitProcessing(t testing.TB, name string, state v1alpha1.ProcessingState) *v1alpha1.MeetingRecording {
	t.Helper()
	recording := &v1alpha1.MeetingRecording{}
	eventually(t, name+" "+string(state), func(ctx context.Context) error {
		if err := k8sClient.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, recording); err != nil {
			return err
		}
		if recording.Status.Processing.State != state {
			return fmt.Errorf("it is %s", recording.Status.Processing.State)
		}
		return nil
	})
	return recording
}
