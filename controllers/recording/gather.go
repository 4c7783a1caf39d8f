// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// facts is what the decision depends on.
type facts struct {
	planning.Input
	known *entry
	// unread is why some Jobs could not be observed.
	unread error
	// wait is how long until something without a watch is observed again; 0 is never.
	wait time.Duration
	// confirmed reports whether no other leader has changed the recording, as of the epoch.
	confirmed bool
	epoch     int64
}

// anyJob reports whether a Job of the recording exists or has existed, as far as was observed.
func (f *facts) anyJob() bool {
	for _, observed := range f.Jobs {
		switch observed.State {
		case outcomes.JobActive, outcomes.JobSucceeded, outcomes.JobFailed:
			return true
		}
	}
	return false
}

// gather reads the pipelines, once they can matter, and the Jobs of the steps that have not ended.
func (r *Reconciler) gather(ctx context.Context, recording *v1alpha1.MeetingRecording, known *entry) (*facts, error) {
	gathered := &facts{known: known, Input: planning.Input{
		Recording:   recording,
		Jobs:        make(map[string]outcomes.Observation),
		Expressions: r.Conditions,
		Now:         r.Clock.Now(),
		Settings:    r.Settings,
	}}
	if !mayAct(recording) {
		return gathered, nil
	}
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.Client.List(ctx, &pipelines, client.InNamespace(recording.Namespace)); err != nil {
		return nil, fmt.Errorf("list the pipelines: %w", err)
	}
	gathered.Pipelines = pipelines.Items
	for i := range recording.Status.Processing.Steps {
		step := &recording.Status.Processing.Steps[i]
		var err error
		switch {
		case planning.HasJob(*step):
			err = r.observe(ctx, gathered, step, known.job(step.JobName))
		case !step.State.IsFinal():
			err = r.observePending(ctx, gathered, step, known.job(step.JobName))
		}
		if err != nil {
			gathered.unread = errors.Join(gathered.unread, fmt.Errorf("observe Job %s: %w", step.JobName, err))
			gathered.Jobs[step.JobName] = known.job(step.JobName).unread(err, gathered.Now)
		}
	}
	return gathered, nil
}

// mayAct reports whether the recording has ended, and there are Jobs to observe or to create.
func mayAct(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing.State
	if state.IsFinal() {
		return planning.RerunIsDue(recording)
	}
	return planning.IsUnderWay(state) || recording.Status.Recording.State.IsFinal()
}

// observePending observes the Job of a step that has none as far as the status says. It may have one, from a process that was stopped
// before it could write the status.
func (r *Reconciler) observePending(ctx context.Context, gathered *facts, step *v1alpha1.StepStatus, known *jobEntry,
) error {
	if wait := known.retryTime.Sub(gathered.Now); wait > 0 {
		gathered.Jobs[step.JobName] = known.refused
		gathered.wait = kube.Soonest(gathered.wait, wait)
		return nil
	}
	if known.created.State == outcomes.JobActive { // we created it, and the status does not show it yet
		return r.observe(ctx, gathered, step, known)
	}
	job, err := getJob(ctx, r.Client, gathered.Recording, step.JobName)
	if err != nil || job == nil || !metav1.IsControlledBy(job, gathered.Recording) {
		return err
	}
	return r.observeJob(ctx, gathered, job, known)
}

// observe observes the Job of a step that runs. The cache may not have it yet, or no longer have it because its label was removed:
// only the API server knows that a Job is gone.
func (r *Reconciler) observe(ctx context.Context, gathered *facts, step *v1alpha1.StepStatus, known *jobEntry,
) error {
	name := step.JobName
	job, err := getJob(ctx, r.Client, gathered.Recording, name)
	if err != nil {
		return err
	}
	if job == nil && gathered.Now.Before(known.awaitedUntil) {
		gathered.Jobs[name] = known.created
		gathered.wait = kube.Soonest(gathered.wait, known.awaitedUntil.Sub(gathered.Now))
		return nil
	}
	known.awaitedUntil = time.Time{}
	if job == nil {
		job, err = getJob(ctx, r.Live, gathered.Recording, name)
		if err != nil {
			return err
		}
		if job != nil && outcomes.JobCondition(job) == nil {
			gathered.wait = kube.Soonest(gathered.wait, r.Pace.AgainAfter) // no event comes of a Job that is not in the cache
		}
	}
	if job == nil || !metav1.IsControlledBy(job, gathered.Recording) {
		r.scheduler.ended(gathered.Recording.Namespace, name)
		gathered.Jobs[name] = outcomes.Observation{State: outcomes.JobMissing}
		return nil
	}
	if step.State == v1alpha1.StepRunning && step.Message != "" && known.problem == nil {
		known.nextProbe = gathered.Now // the status reports a problem that this process has not observed: check it again
	}
	return r.observeJob(ctx, gathered, job, known)
}

// observeJob observes a Job of the recording, and its Pods if they matter: once it has ended, and while they make no progress.
func (r *Reconciler) observeJob(ctx context.Context, gathered *facts, job *batchv1.Job, known *jobEntry) error {
	if ended := outcomes.JobCondition(job); ended != nil {
		pods, err := r.pods(ctx, job)
		if err != nil {
			return err
		}
		r.scheduler.ended(job.Namespace, job.Name) // the watch does not show it if it lost its label
		gathered.Jobs[job.Name] = outcomes.Ended(job, ended, pods)
		return nil
	}
	observed := outcomes.Active(job)
	problem, wait, err := r.probe(ctx, job, known, gathered.Now)
	if err != nil {
		return err
	}
	observed.Problem = problem
	gathered.wait = kube.Soonest(gathered.wait, wait)
	gathered.Jobs[job.Name] = observed
	return nil
}

// probe observes the Pods of a Job that are not all ready, now and then, and returns why they make no progress and when to observe them
// again.
func (r *Reconciler) probe(ctx context.Context, job *batchv1.Job, known *jobEntry, now time.Time,
) (*outcomes.Problem, time.Duration, error) {
	is := aspectsOf(job)
	if problem := outcomes.JobProblem(job); problem != nil || is.ready || is.suspended {
		known.problem, known.nextProbe, known.interval = nil, time.Time{}, 0
		if is.ready {
			known.progressTime = now
		}
		return problem, 0, nil
	}
	if known.nextProbe.IsZero() {
		known.nextProbe = now.Add(r.Pace.ProbeAfter)
	}
	if wait := known.nextProbe.Sub(now); wait > 0 {
		return known.problem, wait, nil
	}
	pods, err := r.pods(ctx, job)
	if err != nil {
		return nil, 0, err
	}
	if len(pods) == 0 && known.progressTime.IsZero() && job.Status.Active+job.Status.Failed+job.Status.Succeeded > 0 {
		known.progressTime = now // its Pods are gone, so it is unknown since when nothing runs
	}
	known.problem = outcomes.FindProblem(job, pods)
	if known.problem != nil && known.progressTime.After(known.problem.Since) {
		known.problem.Since = known.progressTime
	}
	known.interval = min(max(2*known.interval, r.Pace.ProbeAfter), r.Pace.ProbeMax)
	known.nextProbe = now.Add(known.interval)
	return known.problem, known.interval, nil
}

// getJob returns the recording's Job of the name from the cache or the API server; nil if there is none.
func getJob(ctx context.Context, reader client.Reader, of *v1alpha1.MeetingRecording, name string) (*batchv1.Job, error) {
	var job batchv1.Job
	err := reader.Get(ctx, client.ObjectKey{Namespace: of.Namespace, Name: name}, &job)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &job, nil
}

// pods lists the Pods of a Job from the API server: the controller keeps no cache of Pods. They are no older than the Job as it was
// read, which ends only after its Pods, and come from the API server's watch cache without a read of etcd. Pods of others that have the
// same labels do not count.
func (r *Reconciler) pods(ctx context.Context, job *batchv1.Job) ([]corev1.Pod, error) {
	var pods corev1.PodList
	namespace, selector := client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.ControllerUidLabel: string(job.UID)}
	notOlder := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: job.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}}
	err := r.Live.List(ctx, &pods, namespace, selector, notOlder)
	if apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		err = r.Live.List(ctx, &pods, namespace, selector) // versions of Pods and Jobs cannot be compared: Pods are in another etcd, or were restored
	}
	if err != nil {
		return nil, fmt.Errorf("list the Pods of Job %s: %w", job.Name, err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !metav1.IsControlledBy(&pod, job) }), nil
}
