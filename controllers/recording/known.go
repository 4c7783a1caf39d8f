// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// entry is the state of one recording in flight that the informer's cache does not have. It can be lost: a new process asks the API server
// once more. Only the recording's own reconciliation uses it, one at a time; the watch also writes deleted.
type entry struct {
	uid     types.UID
	written string
	// unsure reports whether a status write got no answer.
	unsure bool
	jobs   map[string]*jobEntry
	// deleted has the names of its Jobs that the watch has seen deleted. They are not created again, even if their creation was not confirmed.
	deleted sync.Map
}

// jobEntry is the same for one Job.
type jobEntry struct {
	// created is the Job that was just created, until the cache has it or awaitedUntil has passed, and createTime when.
	created      outcomes.Observation
	createTime   time.Time
	awaitedUntil time.Time
	// refused is why the Job could not be created the last time, and since when; tries counts rejections, and retryTime is when the next is due.
	refused   outcomes.Observation
	tries     int
	retryTime time.Time
	// problem is why its Pods made no progress when they were last observed, nextProbe when to observe them again, and interval how
	// long after the last time; nextProbe is zero while the Job has a ready Pod. progressTime is when it last had one.
	problem      *outcomes.Problem
	nextProbe    time.Time
	interval     time.Duration
	progressTime time.Time
}

func newEntry(uid types.UID) *entry { return &entry{uid: uid, jobs: make(map[string]*jobEntry)} }

// entryOf returns the entry of a recording; an empty one, which is not cached, if there is one of another object of the same name.
func (r *Reconciler) entryOf(key client.ObjectKey, uid types.UID) *entry {
	made := newEntry(uid)
	found, _ := r.known.LoadOrStore(key, made)
	if found.(*entry).uid == uid { //nolint:forcetypeassert // nothing else is stored
		return found.(*entry)
	}
	return made
}

// isAheadOf reports whether the cached recording lacks a write of this process, so that a decision would repeat one. The watch brings the
// newer version.
func (e *entry) isAheadOf(recording *v1alpha1.MeetingRecording) bool {
	return kube.IsOlder(recording.ResourceVersion, e.written)
}

func (e *entry) job(name string) *jobEntry {
	found, ok := e.jobs[name]
	if !ok {
		found = &jobEntry{}
		e.jobs[name] = found
	}
	return found
}

// unread returns the observation of a Job that could not be observed: it counts as one that makes no progress.
func (j *jobEntry) unread(err error, now time.Time) outcomes.Observation {
	if j.problem == nil {
		j.problem = &outcomes.Problem{Head: "the Job cannot be observed", Detail: err.Error(), Since: now, Usual: true}
	}
	return outcomes.Observation{State: outcomes.JobActive, Problem: j.problem}
}

// refuse stores why the Job could not be created, delays the next try, and returns for how long.
func (j *jobEntry) refuse(why outcomes.Observation, pace Pace, now time.Time) time.Duration {
	wait := pace.RetryMax
	if j.tries < 16 { // a larger shift would only exceed RetryMax, or overflow
		wait = min(pace.RetryAfter<<j.tries, pace.RetryMax)
	}
	j.undecided(why, now)
	j.retryTime = now.Add(wait)
	j.tries++
	return wait
}

// undecided remembers why there is no Job yet, and since when.
func (j *jobEntry) undecided(why outcomes.Observation, now time.Time) outcomes.Observation {
	if why.Since = j.refused.Since; why.Since.IsZero() {
		why.Since = now
	}
	if why.State == outcomes.JobDeferred && j.refused.State == why.State {
		why.Message = j.refused.Message // a network error differs each time and would be written each time
	}
	j.refused = why
	return why
}

func (j *jobEntry) accepted() {
	j.refused, j.tries, j.retryTime = outcomes.Observation{}, 0, time.Time{}
}
