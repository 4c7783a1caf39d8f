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
	"github.com/meetingops/meeting-recording-operator/test/harness"
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
	api.Create(t, pipeline)
}

// complete has a step's Job succeed with the outputs.
func (w *world) complete(t testing.TB, recording, step string, outputs ...v1alpha1.StepOutput) {
	t.Helper()
	message, err := json.Marshal(map[string]any{"outputs": outputs})
	if err != nil {
		t.Fatal(err)
	}
	api.MustFinish(t, w.awaitJob(t, recording, step), 0, string(message))
}

func (w *world) awaitJob(t testing.TB, recording, step string) *batchv1.Job {
	t.Helper()
	var list batchv1.JobList
	harness.Eventually(t, "the Job of "+step, func(ctx context.Context) error {
		err := api.Client.List(ctx, &list, client.InNamespace(w.namespace),
			client.MatchingLabels{v1alpha1.LabelRecording: recording, v1alpha1.LabelStep: step})
		if err == nil && len(list.Items) != 1 {
			err = fmt.Errorf("there are %d", len(list.Items))
		}
		return err
	})
	return &list.Items[0]
}
