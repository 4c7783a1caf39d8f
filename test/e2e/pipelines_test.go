// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// gated is a pipeline for the recordings of one meeting, whose steps follow each other, and each of which ends when its gate at the file
// server is open.
func gated(in, name, meeting string, steps ...string) *v1alpha1.RecordingPipeline {
	p := &v1alpha1.RecordingPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: name},
		Spec: v1alpha1.RecordingPipelineSpec{
			Triggers: []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped},
			Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{v1alpha1.LabelMeetingID: v1alpha1.LabelValue(meeting)}},
		},
	}
	for i, step := range steps {
		s := v1alpha1.PipelineStep{Name: step, Template: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: restrictedPod(step)},
		}}}
		if i > 0 {
			s.Needs = []string{steps[i-1]}
		}
		p.Spec.Steps = append(p.Spec.Steps, s)
	}
	return p
}

// restrictedPod is a Pod of a step, as the restricted level allows it.
func restrictedPod(step string) corev1.PodSpec {
	return corev1.PodSpec{
		DNSPolicy:                     corev1.DNSDefault,
		AutomountServiceAccountToken:  ptr.To(false),
		TerminationGracePeriodSeconds: ptr.To[int64](1),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65532), RunAsGroup: ptr.To[int64](65532),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: step, Image: cluster.images.busybox, ImagePullPolicy: corev1.PullIfNotPresent,
			Command: []string{"sh", "-euc", fmt.Sprintf(
				`timeout 600 wget -q -O - %s/step/"$RECORDING_NAME"/%s || exit 69
printf '{"outputs":[{"name":"done","url":"https://example.com/%%s/%s"}]}' "$RECORDING_NAME" >/dev/termination-log`, files.url, step, step)},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}

// applyPipeline creates a pipeline, which is removed with the test, and waits until the operator has accepted it.
func (c *testCluster) applyPipeline(t testing.TB, p *v1alpha1.RecordingPipeline) {
	t.Helper()
	if err := c.client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.IgnoreNotFound(c.client.Delete(context.Background(), p)); err != nil && !meta.IsNoMatchError(err) {
			t.Error(err)
		}
	})
	c.awaitPipeline(t, p.Namespace, p.Name)
}

// awaitPipeline waits until the operator has accepted a pipeline.
func (c *testCluster) awaitPipeline(t testing.TB, in, name string) {
	t.Helper()
	harness.Within(t, time.Minute, "pipeline "+name+" is accepted", func(ctx context.Context) error {
		var p v1alpha1.RecordingPipeline
		if err := c.client.Get(ctx, client.ObjectKey{Namespace: in, Name: name}, &p); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("it is not ready: %+v", p.Status.Conditions)
		}
		return nil
	})
}

// expectRunOnce fails unless each step of a recording succeeded at its first attempt, had one Job, and ran in one Pod.
func (c *testCluster) expectRunOnce(t testing.TB, r *v1alpha1.MeetingRecording, pipeline string, steps ...string) {
	t.Helper()
	byName := map[string]v1alpha1.StepStatus{}
	for _, s := range r.Status.Processing.Steps {
		if s.Pipeline == pipeline {
			byName[s.Step] = s
		}
	}
	if len(byName) != len(steps) {
		t.Errorf("%s has the steps %s, want %v", r.Name, stepsOf(r), steps)
	}
	for _, step := range steps {
		s := byName[step]
		if s.State != v1alpha1.StepSucceeded || s.Attempt != 1 || len(s.Outputs) != 1 || s.Outputs[0].URL != "https://example.com/"+r.Name+"/"+step {
			t.Errorf("step %s of %s is %+v", step, r.Name, s)
		}
		if n := files.came(r.Name, step); n != 1 {
			t.Errorf("step %s of %s was run %d times", step, r.Name, n)
		}
		var jobs batchv1.JobList
		err := c.client.List(t.Context(), &jobs, client.InNamespace(r.Namespace), client.MatchingLabels{
			v1alpha1.LabelRecording: r.Name, v1alpha1.LabelPipeline: pipeline, v1alpha1.LabelStep: step,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs.Items) != 1 {
			t.Errorf("step %s of %s has %d Jobs", step, r.Name, len(jobs.Items))
		}
	}
}
