// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// cacheDelay is how long the cache may take to have a Job that was just created, before the API server is asked for it.
const cacheDelay = 10 * time.Second

// createJobs creates Jobs, or adopts those of the recording that exist already, and adds the result of each to the facts. It returns an
// error if the API server did not decide on one; all others are tried nevertheless. ErrConflict means that the recording has changed.
func (r *Reconciler) createJobs(ctx context.Context, gathered *facts, runs []jobs.Run) error {
	var deferred []error
	for _, run := range runs {
		name := run.Name()
		known := gathered.known.job(name)
		err := r.createJob(ctx, gathered, run, known)
		if errors.Is(err, kube.ErrConflict) {
			return err
		}
		if err != nil {
			why := outcomes.Observation{State: outcomes.JobDeferred, Message: "The API server has not decided on the Job, which is tried again: " + err.Error()}
			gathered.Jobs[name] = known.undecided(why, gathered.Now)
			deferred = append(deferred, fmt.Errorf("create Job %s: %w", name, err))
		}
		switch observed := gathered.Jobs[name]; observed.State {
		case outcomes.JobDeferred: // it may exist, so its slot stays taken for now
		case outcomes.JobActive:
			r.scheduler.on(gathered.Recording.Namespace, func(queues *scheduling.Queues) []string { queues.Created(name); return nil })
			known.accepted()
		case outcomes.JobTaken, outcomes.JobRefused:
			r.scheduler.ended(gathered.Recording.Namespace, name)
			gathered.wait = kube.Soonest(gathered.wait, known.refuse(observed, r.Pace, gathered.Now))
			gathered.Jobs[name] = known.refused
		default:
			r.scheduler.ended(gathered.Recording.Namespace, name)
			known.accepted()
		}
	}
	return errors.Join(deferred...)
}

// createJob creates one Job and adds the result to the facts. It returns an error if the API server did not decide.
func (r *Reconciler) createJob(ctx context.Context, gathered *facts, run jobs.Run, known *jobEntry) error {
	name := run.Name()
	existing, err := getJob(ctx, r.Client, gathered.Recording, name)
	if err != nil {
		return err
	}
	if existing != nil && metav1.IsControlledBy(existing, gathered.Recording) {
		return r.observeJob(ctx, gathered, existing, known)
	}
	if _, isDeleted := gathered.known.deleted.Load(name); isDeleted || known.created.State == outcomes.JobActive {
		return r.observe(ctx, gathered, &v1alpha1.StepStatus{JobName: name}, known)
	}
	if err := r.confirmStatus(ctx, gathered.Recording, run); err != nil {
		return err
	}
	if err := r.confirm(ctx, gathered); err != nil { // last, because it must still be true when the Job is created
		return err
	}
	job := jobs.Build(run)
	switch err = r.Client.Create(ctx, job, client.FieldOwner(kube.FieldOwner)); {
	case err == nil:
		now := r.Clock.Now()
		known.created, known.createTime = outcomes.Active(job), now
		known.awaitedUntil = now.Add(cacheDelay)
		gathered.Jobs[name] = known.created
		if ended := gathered.Recording.Status.Recording.EndTime; ended != nil {
			jobDelay.Observe(max(now.Sub(ended.Time).Seconds(), 0))
		}
		return nil
	case apierrors.IsAlreadyExists(err):
		return r.adopt(ctx, gathered, name, known)
	}
	switch state := outcomes.WhyNotCreated(err); state {
	case outcomes.JobInvalid:
		gathered.Jobs[name] = outcomes.Observation{State: state, Message: "The Job is not valid: " + err.Error()}
	case outcomes.JobRefused:
		gathered.Jobs[name] = outcomes.Observation{State: state, Message: "The Job was rejected and is retried: " + err.Error()}
	default:
		return err
	}
	return nil
}

// confirmStatus returns nil if any outcome of a run could be stored. Unless a status write was accepted in the namespace before, it asks the
// API server by a dry run.
func (r *Reconciler) confirmStatus(ctx context.Context, recording *v1alpha1.MeetingRecording, run jobs.Run) error {
	if err, known := r.statusWrites.Get(recording.Namespace); known && err == nil {
		return nil
	}
	after, sample := recording.DeepCopy(), planning.Sample(run, r.Clock.Now())
	after.Status.Processing, after.Status.Conditions = sample.Processing, sample.Conditions
	after.Status.ObservedGeneration = recording.Generation
	err := kube.PatchStatus(ctx, r.Client, recording, after, client.DryRunAll)
	if err == nil {
		_ = r.statusWrites.Set(recording.Namespace, nil)
		return nil
	}
	if apierrors.IsNotFound(err) {
		return kube.ErrConflict
	}
	r.rejected(ctx, recording, err)
	return err
}

// confirm returns nil if no other leader has changed the recording since it was read from the cache: only then may a Job be created. A
// leader that was stopped for longer than its Lease, or whose cache lags behind, may find the name of a Job free that another leader
// created and deleted. So the recording must have been written in the epoch in which this process leads, or the API server must confirm
// that it is still the same.
func (r *Reconciler) confirm(ctx context.Context, gathered *facts) error {
	epoch, leads := r.Leading()
	if !leads {
		return kube.ErrConflict
	}
	if gathered.confirmed && gathered.epoch == epoch {
		return nil
	}
	began, err := r.epoch.of(ctx, epoch, r.Leading, r.Live, gathered.Recording.Namespace)
	if err != nil {
		return err
	}
	hasFailed := gathered.Recording.Status.Recording.State == v1alpha1.RecordingFailed // a file may come late, by the sidecar
	if hasFailed || gathered.known.unsure || !kube.IsOlder(began, gathered.Recording.ResourceVersion) {
		if err := r.isUnchanged(ctx, gathered.Recording); err != nil {
			return err
		}
		gathered.known.unsure = false
	}
	if now, leads := r.Leading(); !leads || now != epoch {
		return kube.ErrConflict
	}
	gathered.confirmed, gathered.epoch = true, epoch
	return nil
}

// isUnchanged returns nil if the API server has the recording as it was read, as far as that matters to its Jobs.
func (r *Reconciler) isUnchanged(ctx context.Context, recording *v1alpha1.MeetingRecording) error {
	var live v1alpha1.MeetingRecording
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(recording), &live); err != nil {
		if apierrors.IsNotFound(err) {
			return kube.ErrConflict
		}
		return fmt.Errorf("confirm that the recording has not changed: %w", err)
	}
	if live.UID != recording.UID ||
		live.Generation != recording.Generation || !live.DeletionTimestamp.IsZero() || live.Status.Recording.State != recording.Status.Recording.State ||
		!equality.Semantic.DeepEqual(live.Status.Processing, recording.Status.Processing) {
		return kube.ErrConflict
	}
	return nil
}

// adopt takes over a Job that exists if it is the recording's: it is from a process that was stopped between the Job and the status, or
// that no longer leads.
func (r *Reconciler) adopt(ctx context.Context, gathered *facts, name string, known *jobEntry) error {
	job, err := getJob(ctx, r.Live, gathered.Recording, name)
	if err != nil {
		return err
	}
	if job == nil {
		return errors.New("the Job existed a moment ago and is gone")
	}
	if metav1.IsControlledBy(job, gathered.Recording) {
		return r.observeJob(ctx, gathered, job, known)
	}
	gathered.Jobs[name] = outcomes.Observation{
		State: outcomes.JobTaken,
		Message: fmt.Sprintf("Job %s exists and does not belong to this recording: delete it (kubectl delete job -n %s %s). "+
			"The step starts when it is gone.", name, job.Namespace, name),
	}
	return nil
}

const (
	// burstFrom is how many recordings may wait in the work queue before that is a burst: more than ever wait while they end one at a time.
	burstFrom = 4
	// In a burst the first status write waits burstPause for each recording in the work queue, within minBurstPause and maxBurstPause,
	// which is less than cacheDelay; and burstPatience in all at most.
	burstPause    = 10 * time.Millisecond
	minBurstPause = 250 * time.Millisecond
	maxBurstPause = 3 * time.Second
	burstPatience = 15 * time.Second
)

// burstWait returns how long the first status write of a recording waits whose Jobs were just created, because others wait for theirs; 0
// if it does not. So the API server creates Jobs first, and a recording whose Jobs end meanwhile is written once less. Until then only
// this process knows about Jobs that the cache does not have, so it remembers them for longer.
func (r *Reconciler) burstWait(facts *facts, decision planning.Decision) time.Duration {
	if !decision.Begins(facts.Recording) || len(facts.Queued) > 0 || len(facts.Jobs) == 0 {
		return 0
	}
	for name, observed := range facts.Jobs {
		created := facts.known.job(name).createTime
		if observed.State != outcomes.JobActive || created.IsZero() || facts.Now.Sub(created) >= burstPatience {
			return 0
		}
	}
	waiting := r.scheduler.backlog()
	if waiting <= burstFrom {
		return 0
	}
	for name := range facts.Jobs {
		if job := facts.known.job(name); !job.awaitedUntil.IsZero() {
			job.awaitedUntil = facts.Now.Add(cacheDelay)
		}
	}
	return min(max(time.Duration(waiting)*burstPause, minBurstPause), maxBurstPause)
}

// epochStart is how far the API server's data had come at some moment of the current epoch of leadership. What is newer was written since
// then, and no other leader has written since.
type epochStart struct {
	// asking is held during the request: the other workers wait for its answer, but no longer than their own context.
	asking  *semaphore.Weighted
	epoch   int64
	version string // empty while it is not known
}

// of returns a resource version from within the epoch, no older than its start. It asks the API server once per epoch, for the metadata of
// one recording; ErrConflict means that this process may no longer lead.
func (s *epochStart) of(ctx context.Context, epoch int64, leading Leading, live client.Reader, namespace string) (string, error) {
	if err := s.asking.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("wait for the newest resource version: %w", err)
	}
	defer s.asking.Release(1)
	if s.version != "" && s.epoch == epoch {
		return s.version, nil
	}
	list := metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	// Without a resource version the answer is as new as etcd's data.
	if err := live.List(ctx, &list, client.InNamespace(namespace), client.Limit(1)); err != nil {
		return "", fmt.Errorf("read the newest resource version: %w", err)
	}
	if now, leads := leading(); !leads || now != epoch {
		return "", kube.ErrConflict
	}
	s.epoch, s.version = epoch, list.ResourceVersion
	return s.version, nil
}
