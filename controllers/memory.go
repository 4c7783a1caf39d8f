// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// memory holds what the controller knows of recordings in flight that the cache does not tell. All of it can be lost: a
// controller that starts afresh asks the API server once more.
type memory struct {
	mu         sync.Mutex
	recordings map[types.NamespacedName]*recollection
}

// recollection is the memory of one recording. Only the reconciliation of that recording uses it, of which there is one at a time.
type recollection struct {
	uid types.UID
	// written is the resource version that our last write returned.
	written string
	// unsure tells that we have tried to write the status without getting to know whether it worked.
	unsure bool
	jobs   map[string]*jobRecollection
}

// jobRecollection is the memory of one Job.
type jobRecollection struct {
	// created is what is known of a Job that was just created, until the cache has it or awaitedUntil has passed.
	created      processing.Observation
	awaitedUntil time.Time
	// since is when the Job was first seen to be at work; zero while it is suspended.
	since time.Time
	// refused is why the Job could not be created the last time, and since when, after so many tries; retryAt is when the next is
	// due.
	refused processing.Observation
	tries   int
	retryAt time.Time
	// waiting is what kept its Pods when they were last looked at, nextProbe when to look again, and interval how long after the
	// last time; nextProbe is zero while the Job has a ready Pod.
	waiting   *processing.Waiting
	nextProbe time.Time
	interval  time.Duration
}

func newMemory() *memory {
	return &memory{recordings: make(map[types.NamespacedName]*recollection)}
}

// of returns the memory of a recording; an empty one where it is another object of the same name.
func (m *memory) of(recording *v1alpha1.MeetingRecording) *recollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := types.NamespacedName{Namespace: recording.Namespace, Name: recording.Name}
	known, ok := m.recordings[key]
	if !ok || known.uid != recording.UID {
		known = &recollection{uid: recording.UID, jobs: make(map[string]*jobRecollection)}
		m.recordings[key] = known
	}
	return known
}

func (m *memory) forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.recordings, key)
}

// isAheadOf says whether we have written something that the recording, as the cache has it, does not show yet: to decide by it
// would be to decide twice. The watch brings the newer one.
func (k *recollection) isAheadOf(recording *v1alpha1.MeetingRecording) bool {
	if k.written == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(recording.ResourceVersion, k.written)
	return err == nil && order < 0
}

func (k *recollection) job(name string) *jobRecollection {
	known, ok := k.jobs[name]
	if !ok {
		known = &jobRecollection{}
		k.jobs[name] = known
	}
	return known
}

// keepJobs forgets the Jobs of earlier attempts, once there are steps that have others.
func (k *recollection) keepJobs(steps []v1alpha1.StepStatus) {
	if len(steps) == 0 || len(k.jobs) <= len(steps) {
		return
	}
	kept := make(map[string]*jobRecollection, len(steps))
	for i := range steps {
		if known, ok := k.jobs[steps[i].JobName]; ok {
			kept[steps[i].JobName] = known
		}
	}
	k.jobs = kept
}

// atWork returns what is known of a Job that has not ended, and remembers since when it is at work.
func (k *jobRecollection) atWork(job *batchv1.Job, now time.Time) processing.Observation {
	observed := processing.Active(job.CreationTimestamp)
	observed.Queue = jobs.QueueOf(job)
	switch {
	case observed.Queue != "":
		k.since = time.Time{}
	case k.since.IsZero():
		k.since = now
	}
	observed.Since = k.since
	return observed
}

// refuse remembers why the Job could not be created, puts the next try off, and returns for how long.
func (k *jobRecollection) refuse(why processing.Observation, pace Pace, now time.Time) time.Duration {
	wait := pace.RetryMax
	if k.tries < 16 { // a larger shift would only pass RetryMax, or overflow
		wait = min(pace.RetryAfter<<k.tries, pace.RetryMax)
	}
	if why.Since = k.refused.Since; k.tries == 0 {
		why.Since = now
	}
	k.refused, k.retryAt = why, now.Add(wait)
	k.tries++
	return wait
}

// accepted forgets that the Job was ever refused.
func (k *jobRecollection) accepted() {
	k.refused, k.tries, k.retryAt = processing.Observation{}, 0, time.Time{}
}
