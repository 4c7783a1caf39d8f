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
	// mark is the scheduler's, of before the recording was read.
	mark uint64
	// undecided says that some turns are not decided yet, because of others that are about to be looked at.
	undecided bool
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

// gather reads the pipelines, once they can matter, and the Jobs of the steps that have not ended.
func (r *RecordingReconciler) gather(ctx context.Context, recording *v1alpha1.MeetingRecording, known *recollection,
) (*facts, error) {
	gathered := &facts{Input: processing.Input{
		Recording: recording,
		Jobs:      make(map[string]processing.Observation),
		Now:       r.clock.Now(),
		Settings:  r.settings,
	}}
	gathered.Expressions = r.conditions
	if !mayAct(recording) {
		return gathered, nil
	}
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.client.List(ctx, &pipelines, client.InNamespace(recording.Namespace)); err != nil {
		return nil, fmt.Errorf("list the pipelines: %w", err)
	}
	gathered.Pipelines = pipelines.Items
	known.keepJobs(recording.Status.Processing.Steps)
	for i := range recording.Status.Processing.Steps {
		step := &recording.Status.Processing.Steps[i]
		var err error
		switch {
		case processing.HasJob(*step):
			err = r.observe(ctx, gathered, step, known.job(step.JobName))
		case awaitsJob(step):
			err = r.observePending(ctx, gathered, step, known.job(step.JobName))
		}
		if err != nil {
			return nil, fmt.Errorf("look at Job %s: %w", step.JobName, err)
		}
	}
	return gathered, nil
}

// mayAct says whether more than the recording itself can matter: it has ended, and there are Jobs to look at or to create.
func mayAct(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing.State
	if processing.IsFinal(state) {
		return processing.RerunIsDue(recording)
	}
	return processing.IsUnderWay(state) || processing.HasEnded(recording)
}

// awaitsJob says whether the status tells of no Job of the step yet: one may have been created all the same.
func awaitsJob(step *v1alpha1.StepStatus) bool {
	return step.State == v1alpha1.StepPending || step.State == v1alpha1.StepQueued
}

// observePending finds out about the Job of a step that has none as far as the status tells. It may have one: a step that was Queued
// is written Running late, and a controller that was stopped before it could write may have left one. Then the step has begun,
// whatever has become since of what it needs.
func (r *RecordingReconciler) observePending(ctx context.Context, gathered *facts, step *v1alpha1.StepStatus, known *jobRecollection,
) error {
	if wait := known.retryAt.Sub(gathered.Now); wait > 0 {
		gathered.Jobs[step.JobName] = known.refused
		gathered.wait = soonest(gathered.wait, wait)
		return nil
	}
	if known.created.State == processing.JobActive { // we created it, and the status does not tell yet
		return r.observe(ctx, gathered, step, known)
	}
	job, err := r.cachedJob(ctx, gathered.Recording, step.JobName)
	if err != nil || job == nil || !metav1.IsControlledBy(job, gathered.Recording) {
		return err
	}
	return r.observeJob(ctx, gathered, job, known)
}

// observe finds out about the Job of a step that runs. The cache may not have it yet, or no longer be right that it is there not:
// only the API server can say that a Job is gone.
func (r *RecordingReconciler) observe(ctx context.Context, gathered *facts, step *v1alpha1.StepStatus, known *jobRecollection,
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
		if job != nil && processing.JobCondition(job) == nil {
			r.scheduler.seen(job.Namespace, job.Labels[v1alpha1.LabelPipeline], name)
		}
	}
	if job == nil || !metav1.IsControlledBy(job, gathered.Recording) {
		r.scheduler.over(gathered.Recording.Namespace, name)
		gathered.Jobs[name] = processing.Observation{State: processing.JobMissing}
		return nil
	}
	if step.State == v1alpha1.StepRunning && step.Message != "" && known.waiting == nil {
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
	observed := known.atWork(job, gathered.Now)
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

// pods lists the Pods of a Job from the API server: the controller keeps no cache of Pods. They are no older than the Job as it was read, which
// has ended only after its Pods have, and come from the API server's watch cache without a read of etcd.
func (r *RecordingReconciler) pods(ctx context.Context, job *batchv1.Job) ([]corev1.Pod, error) {
	var pods corev1.PodList
	namespace, selector := client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.JobNameLabel: job.Name}
	err := r.live.List(ctx, &pods, namespace, selector, notOlderThan(job.ResourceVersion))
	if apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		err = r.live.List(ctx, &pods, namespace, selector) // the versions of Pods are not those of Jobs: they are kept in another etcd, or were restored
	}
	if err != nil {
		return nil, fmt.Errorf("list the Pods of Job %s: %w", job.Name, err)
	}
	return pods.Items, nil
}

// notOlderThan has a list be answered from the API server's watch cache, once that is as new as the version.
func notOlderThan(version string) client.ListOption {
	return &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: version, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}}
}
