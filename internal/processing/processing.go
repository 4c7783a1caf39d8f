// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package processing decides what post-processing of a recording does next: which Jobs to create, and what to write to its
// status. It is pure: what is known comes in as an Input, time included, and a Decision goes out. The rules are in rules.go, in
// the order in which they count.
package processing

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// MaxSteps is how many steps a recording can hold, those of all matching pipelines together: the bound of its schema.
const MaxSteps = 256

// Settings are the durations that a user can set. All are positive, but for RunningAfter.
type Settings struct {
	// StallAfter is how long after recording-stopping the event that ends the recording may take, how long the Pod of a Job may
	// take to start, and how long a Job may be refused, until a person is needed.
	StallAfter time.Duration
	// StallAfterStarted is the same for a recording of which recording-stopping is not known, from its start on.
	StallAfterStarted time.Duration
	// RunningAfter is how long a step that was Queued may be at work until the status says that it is Running, unless anything else
	// is to be written; 0 is at once.
	RunningAfter time.Duration
	// ReorderWindow is the receiver's window within which a failed recording can still get a file: nothing is done for a
	// failed recording before it has passed.
	ReorderWindow time.Duration
}

// Input is all that a decision depends on. Decide changes none of it.
type Input struct {
	// Recording is the recording as it was read.
	Recording *v1alpha1.MeetingRecording
	// Pipelines are all of the recording's namespace, in any order. They are looked at only once the recording has ended.
	Pipelines []v1alpha1.RecordingPipeline
	// Jobs is what is known of the Jobs of the recording's steps, by name of the Job.
	Jobs map[string]Observation
	// Expressions evaluates conditions. Where it is nil, a condition cannot be evaluated and fails what it is of.
	Expressions Expressions
	// Turns has those of the steps that must wait for their turn, by name of the Job that they would have.
	Turns map[string]Turn
	// Now is the time.
	Now time.Time
	// Settings are the user's.
	Settings Settings
}

// JobState tells what is known of the Job of a step.
type JobState int

// The states of a Job, as far as a step is concerned.
const (
	// JobUnknown: nothing is known. A step that is Pending gets its Job created once it may begin; one that is Running stays as it
	// is. A step whose Job is known has begun, whatever became of what it needs.
	JobUnknown JobState = iota
	// JobActive: it exists, is the recording's, and has not ended.
	JobActive
	// JobSucceeded: it succeeded, and what it made could be read.
	JobSucceeded
	// JobFailed: it failed; or it succeeded, but what it told of its outputs could not be understood.
	JobFailed
	// JobMissing: the API server has no such Job of the recording.
	JobMissing
	// JobTaken: it could not be created, because a Job of the name exists and is not the recording's.
	JobTaken
	// JobInvalid: the API server will never accept it.
	JobInvalid
	// JobRefused: the API server did not allow it, but may later.
	JobRefused
	// JobDeferred: the API server could not be asked, or did not answer.
	JobDeferred
)

// Observation is what is known of one Job.
type Observation struct {
	// State says which of the following count.
	State JobState
	// CreatedAt is when the Job was created: JobActive, JobSucceeded, JobFailed.
	CreatedAt metav1.Time
	// EndedAt is when it ended: JobSucceeded, JobFailed.
	EndedAt metav1.Time
	// Message says what went wrong: JobFailed, JobTaken, JobInvalid, JobRefused; or what a person should know: JobSucceeded.
	Message string
	// Since is when it was first refused, JobRefused, or first seen to be at work, JobActive; zero where that is not known.
	Since time.Time
	// Outputs is what it made: JobSucceeded.
	Outputs []v1alpha1.StepOutput
	// Retries is how many of its Pods were further tries: JobSucceeded, JobFailed.
	Retries int32
	// Permanent says that another try would fail too: JobFailed.
	Permanent bool
	// Waiting says why its Pod does not start: JobActive; nil where it has started, or may still be expected to.
	Waiting *Waiting
	// Queue is the LocalQueue of Kueue that has not admitted it: JobActive; empty where it may run.
	Queue string
}

// Decision says what to do. Where Create is not empty, that comes first: create those Jobs, or have them wait for their turn, add
// what became of them to the Input's Jobs or Turns, and decide again, until it is empty; nothing else of such a Decision counts.
type Decision struct {
	// Create are the Jobs to create.
	Create []jobs.Run
	// Processing and Conditions are what the status is to say, complete.
	Processing v1alpha1.ProcessingStatus
	Conditions []metav1.Condition
	// RequeueAfter is when to decide again, though nothing else happens; 0 is never.
	RequeueAfter time.Duration
	// RerunRefused says why a rerun that was asked for does not begin; empty where none was, or it does.
	RerunRefused string
}
