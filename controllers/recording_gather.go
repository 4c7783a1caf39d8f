// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// facts is what was gathered to decide by.
type facts struct {
	processing.Input
	// wait is until something is to be looked at that does not tell of itself; 0 is never.
	wait time.Duration
	// confirmed tells that the API server was asked whether another has gone on with the recording, in a term of our leadership.
	confirmed bool
	term      int64
}

// anyJob says whether a Job of the recording is known to exist or to have existed.
func (f *facts) anyJob() bool {
	for _, observed := range f.Jobs {
		switch observed.State {
		case processing.JobActive, processing.JobSucceeded, processing.JobFailed:
			return true
		}
	}
	return false
}

// gather reads the pipelines, once they can matter, and the Jobs of the steps that run.
func (r *RecordingReconciler) gather(ctx context.Context, recording *v1alpha1.MeetingRecording, known *recollection,
) (*facts, error) {
	gathered := &facts{Input: processing.Input{
		Recording: recording,
		Jobs:      make(map[string]processing.Observation),
		Now:       r.clock.Now(),
		Settings:  r.settings,
	}}
	running := recording.Status.Processing.State == v1alpha1.ProcessingRunning
	if !running && (!processing.HasEnded(recording) || processing.IsFinal(recording.Status.Processing.State)) {
		return gathered, nil
	}
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.client.List(ctx, &pipelines, client.InNamespace(recording.Namespace)); err != nil {
		return nil, fmt.Errorf("list the pipelines: %w", err)
	}
	gathered.Pipelines = pipelines.Items
	for _, step := range recording.Status.Processing.Steps {
		job := known.job(step.JobName)
		switch step.State {
		case v1alpha1.StepPending:
			if wait := job.retryAt.Sub(gathered.Now); wait > 0 {
				gathered.Jobs[step.JobName] = job.refused
				gathered.wait = soonest(gathered.wait, wait)
			}
		case v1alpha1.StepRunning:
			if err := r.observe(ctx, gathered, step, job); err != nil {
				return nil, fmt.Errorf("look at Job %s: %w", step.JobName, err)
			}
		}
	}
	return gathered, nil
}

// observe finds out about the Job of a step that runs. The cache may not have it yet, or no longer be right that it is there not:
// only the API server can say that a Job is gone.
func (r *RecordingReconciler) observe(ctx context.Context, gathered *facts, step v1alpha1.StepStatus, known *jobRecollection,
) error {
	name := step.JobName
	job, err := r.cachedJob(ctx, gathered.Recording, name)
	if err != nil {
		return err
	}
	if job == nil && gathered.Now.Before(known.awaitedUntil) {
		gathered.Jobs[name] = known.created
		gathered.wait = soonest(gathered.wait, known.awaitedUntil.Sub(gathered.Now))
		return nil
	}
	known.awaitedUntil = time.Time{}
	if job == nil {
		job, err = r.liveJob(ctx, gathered.Recording, name)
		if err != nil {
			return err
		}
	}
	if job == nil || !metav1.IsControlledBy(job, gathered.Recording) {
		gathered.Jobs[name] = processing.Observation{State: processing.JobMissing}
		return nil
	}
	if step.Message != "" && known.waiting == nil {
		known.nextProbe = gathered.Now // the status tells of something that we do not know of, or no longer: see whether it is so
	}
	return r.observeJob(ctx, gathered, job, known)
}

// observeJob reads how far a Job of the recording is, and its Pods where they matter: once it has ended, and while they do not
// start.
func (r *RecordingReconciler) observeJob(ctx context.Context, gathered *facts, job *batchv1.Job, known *jobRecollection) error {
	if ended := processing.JobCondition(job); ended != nil {
		pods, err := r.pods(ctx, job)
		if err != nil {
			return err
		}
		gathered.Jobs[job.Name] = processing.Ended(job, ended, pods)
		return nil
	}
	observed := processing.Active(job.CreationTimestamp)
	waiting, wait, err := r.probe(ctx, job, known, gathered.Now)
	if err != nil {
		return err
	}
	observed.Waiting = waiting
	gathered.wait = soonest(gathered.wait, wait)
	gathered.Jobs[job.Name] = observed
	return nil
}

// probe looks at the Pods of a Job none of which is ready, now and then, and returns what keeps them and when to look again.
func (r *RecordingReconciler) probe(ctx context.Context, job *batchv1.Job, known *jobRecollection, now time.Time,
) (*processing.Waiting, time.Duration, error) {
	if ptr.Deref(job.Status.Ready, 0) > 0 || ptr.Deref(job.Spec.Suspend, false) || job.DeletionTimestamp != nil {
		known.waiting, known.nextProbe, known.interval = nil, time.Time{}, 0
		return nil, 0, nil
	}
	if known.nextProbe.IsZero() {
		known.nextProbe = now.Add(r.pace.ProbeAfter)
	}
	if wait := known.nextProbe.Sub(now); wait > 0 {
		return known.waiting, wait, nil
	}
	pods, err := r.pods(ctx, job)
	if err != nil {
		return nil, 0, err
	}
	known.waiting = processing.NotStarting(job, pods)
	known.interval = min(max(2*known.interval, r.pace.ProbeAfter), r.pace.ProbeMax)
	known.nextProbe = now.Add(known.interval)
	return known.waiting, known.interval, nil
}

// cachedJob returns the Job of the name from the cache, nil where it has none.
func (r *RecordingReconciler) cachedJob(ctx context.Context, recording *v1alpha1.MeetingRecording, name string) (*batchv1.Job, error) {
	return getJob(ctx, r.client, recording.Namespace, name)
}

// liveJob returns the Job of the name from the API server, nil where there is none.
func (r *RecordingReconciler) liveJob(ctx context.Context, recording *v1alpha1.MeetingRecording, name string) (*batchv1.Job, error) {
	return getJob(ctx, r.live, recording.Namespace, name)
}

func getJob(ctx context.Context, reader client.Reader, namespace, name string) (*batchv1.Job, error) {
	var job batchv1.Job
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &job)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &job, nil
}

// pods lists the Pods of a Job from the API server: the controller keeps no cache of Pods.
func (r *RecordingReconciler) pods(ctx context.Context, job *batchv1.Job) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := r.live.List(ctx, &pods, client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.JobNameLabel: job.Name})
	if err != nil {
		return nil, fmt.Errorf("list the Pods of Job %s: %w", job.Name, err)
	}
	return pods.Items, nil
}
