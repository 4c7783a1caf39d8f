// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// keepJobs is for Jobs whose template does not say.
func TestKeepJobs(t *testing.T) {
	for name, test := range map[string]struct {
		keep     *metav1.Duration
		template *int32
		want     int32
	}{
		"nothing":        {want: 3600},
		"the pipeline":   {keep: &metav1.Duration{Duration: 2 * time.Minute}, want: 120},
		"not at all":     {keep: &metav1.Duration{}, want: 0},
		"rounded up":     {keep: &metav1.Duration{Duration: 1500 * time.Millisecond}, want: 2},
		"the template":   {keep: &metav1.Duration{Duration: time.Minute}, template: ptr.To[int32](7), want: 7},
		"a year at most": {keep: &metav1.Duration{Duration: 8760 * time.Hour}, want: 31536000},
	} {
		t.Run(name, func(t *testing.T) {
			run := run()
			run.Step.Template.Spec.TTLSecondsAfterFinished = test.template
			run.Policy = jobs.PolicyOf(&v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{
				Retention: &v1alpha1.PipelineRetention{KeepJobs: test.keep},
			}})
			if got := *jobs.Build(run).Spec.TTLSecondsAfterFinished; got != test.want {
				t.Errorf("ttlSecondsAfterFinished = %d, want %d", got, test.want)
			}
		})
	}
}

// A Job for Kueue is suspended and carries its queue; its Pods do not, for Kueue would queue them too.
func TestQueueName(t *testing.T) {
	run := run()
	run.Policy = jobs.PolicyOf(&v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{QueueName: "team-a"}})
	job := jobs.Build(run)
	if job.Labels[jobs.LabelKueueQueue] != "team-a" || !*job.Spec.Suspend || jobs.QueueOf(job) != "team-a" {
		t.Errorf("labels %v, suspend %t", job.Labels, *job.Spec.Suspend)
	}
	if _, ok := job.Spec.Template.Labels[jobs.LabelKueueQueue]; ok {
		t.Error("the Pods carry the queue's label")
	}
	job.Spec.Suspend = ptr.To(false)
	if got := jobs.QueueOf(job); got != "" {
		t.Errorf("an admitted Job waits in %q", got)
	}
	if got := jobs.QueueOf(&batchv1.Job{Spec: batchv1.JobSpec{Suspend: ptr.To(true)}}); got != "" {
		t.Errorf("a Job that a person suspended waits in %q", got)
	}
}
