// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// havePipeline makes the pipeline web, whose steps run side by side.
func (w *world) havePipeline(t testing.TB, steps ...string) {
	t.Helper()
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: w.namespace}}
	pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	for _, name := range steps {
		pipeline.Spec.Steps = append(pipeline.Spec.Steps, v1alpha1.PipelineStep{Name: name, Template: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: "example.com/" + name + ":1"}}}},
		}}})
	}
	create(t, pipeline)
}

// complete plays the Job controller and the kubelet, which envtest lacks, for a step's Job: it makes the Pod, lets it tell of what it made,
// and completes the Job.
func (w *world) complete(t testing.TB, recording, step string, outputs ...v1alpha1.StepOutput) {
	t.Helper()
	told, err := json.Marshal(map[string]any{"outputs": outputs})
	if err != nil {
		t.Fatal(err)
	}
	job := w.awaitJob(t, recording, step)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "p-", Namespace: w.namespace, Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}},
		Spec: job.Spec.Template.Spec,
	}
	create(t, pod)
	pod.Status.Phase = corev1.PodSucceeded
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: step,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", Message: string(told)}}}}
	if err := k8sClient.Status().Update(t.Context(), pod); err != nil {
		t.Fatalf("the Pod's status: %v", err)
	}
	now := metav1.Now()
	job.Status = batchv1.JobStatus{StartTime: &now, CompletionTime: &now, Succeeded: 1, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: now},
	}}
	if err := k8sClient.Status().Update(t.Context(), job); err != nil {
		t.Fatalf("the Job's status: %v", err)
	}
}

func (w *world) awaitJob(t testing.TB, recording, step string) *batchv1.Job {
	t.Helper()
	var list batchv1.JobList
	eventually(t, "the Job of "+step, func(ctx context.Context) error {
		err := k8sClient.List(ctx, &list, client.InNamespace(w.namespace),
			client.MatchingLabels{v1alpha1.LabelRecording: recording, v1alpha1.LabelStep: step})
		if err == nil && len(list.Items) != 1 {
			err = fmt.Errorf("there are %d", len(list.Items))
		}
		return err
	})
	return &list.Items[0]
}
