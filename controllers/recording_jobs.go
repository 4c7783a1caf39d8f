// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// cacheDelay is how long the cache may take to have a Job that was just created, before the API server is asked for it.
const cacheDelay = 10 * time.Second

// createJobs creates Jobs, or takes up those of the recording that are already there, and adds what became of each to the facts.
// It returns an error where the API server did not decide on one; all others are tried nevertheless. errConflict tells that the
// recording is not what was decided by any more.
func (r *RecordingReconciler) createJobs(ctx context.Context, gathered *facts, runs []jobs.Run, known *recollection) error {
	var deferred []error
	for _, run := range runs {
		name := run.Name()
		err := r.createJob(ctx, gathered, run, known)
		if errors.Is(err, errConflict) {
			return err
		}
		if err != nil {
			gathered.Jobs[name] = processing.Observation{State: processing.JobDeferred}
			deferred = append(deferred, fmt.Errorf("create Job %s: %w", name, err))
		}
		r.tellOfTurn(gathered, name, gathered.Jobs[name], known.job(name))
		switch observed := gathered.Jobs[name]; observed.State {
		case processing.JobTaken, processing.JobRefused:
			gathered.wait = soonest(gathered.wait, known.job(name).refuse(observed, r.pace, gathered.Now))
			gathered.Jobs[name] = known.job(name).refused
		default:
			known.job(name).accepted()
		}
	}
	return errors.Join(deferred...)
}

// createJob creates one Job and adds what became of it to the facts. It returns an error where the API server did not decide.
func (r *RecordingReconciler) createJob(ctx context.Context, gathered *facts, run jobs.Run, recollected *recollection) error {
	name := run.Name()
	known := recollected.job(name)
	existing, err := r.cachedJob(ctx, gathered.Recording, name)
	if err != nil {
		return err
	}
	if existing != nil && metav1.IsControlledBy(existing, gathered.Recording) {
		return r.observeJob(ctx, gathered, existing, known)
	}
	if known.created.State == processing.JobActive && gathered.Now.Before(known.awaitedUntil) {
		gathered.Jobs[name] = known.created // by us, see wait
		return nil
	}
	if err := r.confirm(ctx, gathered, recollected); err != nil {
		return err
	}
	job := jobs.Build(run)
	switch err := r.client.Create(ctx, job, client.FieldOwner(FieldOwner)); {
	case err == nil:
		now := r.clock.Now()
		known.created = known.atWork(job, now)
		known.awaitedUntil = now.Add(cacheDelay)
		gathered.Jobs[name] = known.created
		if ended := gathered.Recording.Status.Recording.EndTime; ended != nil {
			jobDelay.Observe(max(now.Sub(ended.Time).Seconds(), 0))
		}
		return nil
	case apierrors.IsAlreadyExists(err):
		return r.adopt(ctx, gathered, name, known)
	default:
		return refuse(gathered, name, err)
	}
}

// confirm returns nil if no other leader has gone on with the recording since it was read from the cache: only then may a Job be created. A
// leader that was stopped for longer than its Lease, or whose cache lags behind, may find the name of a Job free that another leader created,
// and that was deleted when it had ended. So the recording was written in the term for which we lead for sure, or the API server itself
// says that it is still the same.
func (r *RecordingReconciler) confirm(ctx context.Context, gathered *facts, known *recollection) error {
	term, leads := r.term()
	if !leads {
		return errConflict
	}
	if gathered.confirmed && gathered.term == term {
		return nil
	}
	began, err := r.termStart.versionOf(ctx, term, r.term, r.live, gathered.Recording.Namespace)
	if err != nil {
		return err
	}
	hasFailed := gathered.Recording.Status.Recording.State == v1alpha1.RecordingFailed // a file may come late, by the sidecar
	if hasFailed || known.unsure || !isNewerThan(gathered.Recording, began) {
		if err := r.look(ctx, gathered.Recording); err != nil {
			return err
		}
		known.unsure = false
	}
	if now, leads := r.term(); !leads || now != term {
		return errConflict
	}
	gathered.confirmed, gathered.term = true, term
	return nil
}

// look returns nil if the recording is for the API server itself what it was when it was read, as far as that matters to its Jobs.
func (r *RecordingReconciler) look(ctx context.Context, recording *v1alpha1.MeetingRecording) error {
	var live v1alpha1.MeetingRecording
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(recording), &live); err != nil {
		if apierrors.IsNotFound(err) {
			return errConflict
		}
		return fmt.Errorf("see whether another has gone on with it: %w", err)
	}
	if live.UID != recording.UID ||
		live.Generation != recording.Generation || !live.DeletionTimestamp.IsZero() || live.Status.Recording.State != recording.Status.Recording.State ||
		!equality.Semantic.DeepEqual(live.Status.Processing, recording.Status.Processing) {
		return errConflict
	}
	return nil
}

// adopt takes up a Job that exists if it is the recording's: a controller that was stopped between the Job and the status left
// it, or one that leads no longer.
func (r *RecordingReconciler) adopt(ctx context.Context, gathered *facts, name string, known *jobRecollection) error {
	job, err := r.liveJob(ctx, gathered.Recording, name)
	if err != nil {
		return err
	}
	if job == nil {
		return errors.New("it existed a moment ago and is gone")
	}
	if metav1.IsControlledBy(job, gathered.Recording) {
		return r.observeJob(ctx, gathered, job, known)
	}
	gathered.Jobs[name] = processing.Observation{
		State: processing.JobTaken,
		Message: fmt.Sprintf("Job %s exists and is not this recording's: delete it (kubectl delete job -n %s %s). "+
			"The step begins by itself when it is gone.", name, job.Namespace, name),
	}
	return nil
}

// refuse adds to the facts why the API server did not take a Job; where it did not decide, it returns the error.
func refuse(gathered *facts, name string, err error) error {
	switch state := processing.WhyNotCreated(err); state {
	case processing.JobInvalid:
		gathered.Jobs[name] = processing.Observation{State: state, Message: "The Job is not valid: " + err.Error()}
	case processing.JobRefused:
		gathered.Jobs[name] = processing.Observation{State: state, Message: "The Job was refused and is tried again: " + err.Error()}
	default:
		return err
	}
	return nil
}
