// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// LabelKueueQueue is the label by which Kueue finds the LocalQueue of a Job, in the Job's namespace; see
// https://kueue.sigs.k8s.io/docs/tasks/run/jobs/.
const LabelKueueQueue = "kueue.x-k8s.io/queue-name"

// DefaultKeep is how long a Job is kept after it ended, unless its pipeline or template says otherwise.
const DefaultKeep = time.Hour

// ttlSlack is how long after that Kubernetes deletes the Job, if the manager has not: the manager does so only once the outcome is
// stored, however long that takes.
const ttlSlack = 7 * 24 * time.Hour

// Policy is what a pipeline defines for the Jobs of a step besides the template.
type Policy struct {
	// QueueName is the LocalQueue of Kueue that the Jobs wait in; empty for none.
	QueueName string
	// KeepJobs is how long a Job is kept after it ended, unless its template says otherwise; nil is DefaultKeep.
	KeepJobs *metav1.Duration
}

// PolicyOf returns the policy for a step of the pipeline. A step's own limit or queue replaces those of the pipeline.
func PolicyOf(pipeline *v1alpha1.RecordingPipeline, step *v1alpha1.PipelineStep) Policy {
	policy := Policy{QueueName: step.QueueName}
	if step.QueueName == "" && step.MaxConcurrent == nil {
		policy.QueueName = pipeline.Spec.QueueName
	}
	if retention := pipeline.Spec.Retention; retention != nil {
		policy.KeepJobs = retention.KeepJobs
	}
	return policy
}

// enqueue hands the Job to Kueue, which releases it. It is suspended from the start, so that it does not run before it is admitted if
// Kueue, or its webhook, is not installed.
func (p Policy) enqueue(job *batchv1.Job) {
	if p.QueueName == "" {
		return
	}
	job.Labels[LabelKueueQueue] = p.QueueName
	job.Spec.Suspend = ptr.To(true)
}

// ttlSeconds returns the Job's ttlSecondsAfterFinished: how long it is kept, of which the template's own value takes precedence, and
// the slack.
func (p Policy) ttlSeconds(template *int32) int32 {
	keep := DefaultKeep
	switch {
	case template != nil:
		keep = time.Duration(*template) * time.Second
	case p.KeepJobs != nil:
		keep = p.KeepJobs.Duration
	}
	return int32(min((keep+ttlSlack+time.Second-1)/time.Second, math.MaxInt32))
}

// KeepUntil returns until when a Job that ended at the time is kept.
func KeepUntil(job *batchv1.Job, ended time.Time) time.Time {
	ttl := time.Duration(ptr.Deref(job.Spec.TTLSecondsAfterFinished, 0)) * time.Second
	return ended.Add(max(ttl-ttlSlack, 0))
}

// QueueOf returns the LocalQueue of Kueue that the Job waits in; empty if it waits in none, or was admitted.
func QueueOf(job *batchv1.Job) string {
	if !ptr.Deref(job.Spec.Suspend, false) {
		return ""
	}
	return job.Labels[LabelKueueQueue]
}
