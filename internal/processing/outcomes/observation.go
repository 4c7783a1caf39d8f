// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outcomes turns what the API server returns about a Job and its Pods into one Observation: whether the Job runs, why it makes
// no progress, how it ended, and its outputs. It is pure.
package outcomes

import (
	"errors"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// JobState is the observed state of a step's Job.
type JobState int

// The states of a Job, as far as a step is concerned.
const (
	// JobUnknown: it was not observed. A Pending step gets its Job created once it may begin; a Running one does not change. A step whose Job
	// was observed has begun, regardless of the steps that it needs.
	JobUnknown JobState = iota
	// JobActive: it exists, belongs to the recording, and has not ended.
	JobActive
	// JobSucceeded: it succeeded, and its outputs were read.
	JobSucceeded
	// JobFailed: it failed; or it succeeded, but its outputs could not be read or are invalid.
	JobFailed
	// JobMissing: the API server has no such Job of the recording.
	JobMissing
	// JobTaken: it could not be created, because another Job has its name.
	JobTaken
	// JobInvalid: the API server will never accept it.
	JobInvalid
	// JobRefused: the API server rejected it, but may accept it later.
	JobRefused
	// JobDeferred: the API server did not respond.
	JobDeferred
)

// Observation is the observed state of one Job.
type Observation struct {
	// State determines which of the following fields count.
	State JobState
	// CreatedAt is when the Job was created: JobActive, JobSucceeded, JobFailed.
	CreatedAt metav1.Time
	// EndedAt is when it ended: JobSucceeded, JobFailed.
	EndedAt metav1.Time
	// Message says what went wrong: JobFailed, JobTaken, JobInvalid, JobRefused, JobDeferred.
	Message string
	// Since is since when there is none: JobRefused, JobDeferred; zero if that is not known.
	Since time.Time
	// Outputs are its results: JobSucceeded.
	Outputs []v1alpha1.StepOutput
	// Retries is how many of its Pods were retries: JobSucceeded, JobFailed.
	Retries int32
	// Permanent reports whether a retry would fail too: JobFailed.
	Permanent bool
	// Problem is why it makes no progress: JobActive; nil if it does, or may still be expected to.
	Problem *Problem
	// Suspended reports whether it is suspended: JobActive. Queue is then the LocalQueue of Kueue that has not admitted it; empty if
	// something else suspended it.
	Suspended bool
	Queue     string
}

// Active returns the observation of a Job that has not ended and makes progress.
func Active(job *batchv1.Job) Observation {
	return Observation{
		State: JobActive, CreatedAt: job.CreationTimestamp, Suspended: ptr.Deref(job.Spec.Suspend, false), Queue: jobs.QueueOf(job),
	}
}

// WhyNotCreated evaluates the API server's response to creating a Job: JobInvalid if it never accepts it, JobRefused if it may later (a
// quota, a policy, an admission webhook that denies or cannot be reached, missing rights), and JobDeferred if it did not decide (a
// time-out, too many requests, a failed connection).
//
// A ValidatingAdmissionPolicy denies with 422 and a webhook with 400 unless configured otherwise, which are the codes of an invalid
// Job too: only their messages distinguish them.
func WhyNotCreated(err error) JobState {
	switch {
	case deniedByPolicy(err), apierrors.IsForbidden(err), apierrors.IsInternalError(err):
		return JobRefused
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return JobInvalid
	}
	return JobDeferred
}

func deniedByPolicy(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	message := status.Status().Message
	return strings.Contains(message, "denied the request") || // admission webhooks
		strings.Contains(message, "denied request") || // ValidatingAdmissionPolicy
		strings.Contains(message, "does not support dry run") // admission webhooks with side effects
}
