// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// LabelKueueQueue is the label by which Kueue finds the LocalQueue of a Job, in the Job's namespace; see
// https://kueue.sigs.k8s.io/docs/tasks/run/jobs/.
const LabelKueueQueue = "kueue.x-k8s.io/queue-name"

// Policy is what a pipeline says of all its Jobs.
type Policy struct {
	// QueueName is the LocalQueue of Kueue that the Jobs wait in; empty for none.
	QueueName string
	// KeepJobs is how long a Job stays after it ended, where its template does not say; nil is DefaultTTLSeconds.
	KeepJobs *metav1.Duration
}

// PolicyOf returns what the pipeline says of all its Jobs.
func PolicyOf(pipeline *v1alpha1.RecordingPipeline) Policy {
	policy := Policy{QueueName: pipeline.Spec.QueueName}
	if retention := pipeline.Spec.Retention; retention != nil {
		policy.KeepJobs = retention.KeepJobs
	}
	return policy
}

// enqueue hands the Job to Kueue, whose part it is to release it. It is suspended from the start, so that it does not run before
// its turn where Kueue, or its webhook, is not there.
func (p Policy) enqueue(job *batchv1.Job) {
	if p.QueueName == "" {
		return
	}
	job.Labels[LabelKueueQueue] = p.QueueName
	job.Spec.Suspend = ptr.To(true)
}

// ttlSeconds rounds up, so that nothing is deleted early.
func (p Policy) ttlSeconds() int32 {
	if p.KeepJobs == nil {
		return DefaultTTLSeconds
	}
	return int32((p.KeepJobs.Duration + time.Second - 1) / time.Second) // at most a year, by the schema
}

// QueueOf returns the LocalQueue of Kueue that the Job waits in; empty where it waits in none, or has been released.
func QueueOf(job *batchv1.Job) string {
	if !ptr.Deref(job.Spec.Suspend, false) {
		return ""
	}
	return job.Labels[LabelKueueQueue]
}
