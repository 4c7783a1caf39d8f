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

// keepJobs is for Jobs whose template does not say. Kubernetes deletes a Job a week later than the manager.
func TestKeepJobs(t *testing.T) {
	for name, test := range map[string]struct {
		keep     *metav1.Duration
		template *int32
		want     time.Duration
	}{
		"nothing":        {want: time.Hour},
		"the pipeline":   {keep: &metav1.Duration{Duration: 2 * time.Minute}, want: 2 * time.Minute},
		"not at all":     {keep: &metav1.Duration{}, want: 0},
		"rounded up":     {keep: &metav1.Duration{Duration: 1500 * time.Millisecond}, want: 2 * time.Second},
		"the template":   {keep: &metav1.Duration{Duration: time.Minute}, template: ptr.To[int32](7), want: 7 * time.Second},
		"a year at most": {keep: &metav1.Duration{Duration: 8760 * time.Hour}, want: 8760 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			run := run()
			run.Step.Template.Spec.TTLSecondsAfterFinished = test.template
			run.Policy = jobs.PolicyOf(&v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{
				Retention: &v1alpha1.PipelineRetention{KeepJobs: test.keep},
			}}, &run.Step)
			job, ended := jobs.Build(run), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			if got := jobs.KeepUntil(job, ended).Sub(ended); got != test.want {
				t.Errorf("it is kept for %s, want %s", got, test.want)
			}
			if got, week := *job.Spec.TTLSecondsAfterFinished, int32(7*24*3600); got != int32(test.want.Seconds())+week {
				t.Errorf("ttlSecondsAfterFinished = %d, want a week more", got)
			}
		})
	}
}

// A Job for Kueue is suspended and carries its queue; its Pods do not, for Kueue would queue them too.
func TestQueueName(t *testing.T) {
	run := run()
	run.Policy = jobs.PolicyOf(&v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{QueueName: "team-a"}}, &run.Step)
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
