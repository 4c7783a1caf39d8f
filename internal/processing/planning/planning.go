// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package planning decides what post-processing of a recording does next: which Jobs to create, and what to write to its status. It is
// pure: an Input, including the time, results in a Decision. The rules are in rules.go, in the order in which they apply.
package planning

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// MaxSteps is how many steps a recording can have, of all matching pipelines together: the limit of its schema.
const MaxSteps = 256

// Settings are the durations that a user can set. All are positive.
type Settings struct {
	// StallAfter is how long the recording may wait for the event that ends it after recording-stopping or session-ended, how long a
	// step may make no progress, and how long a Job may be rejected, before the recording is Stalled.
	StallAfter time.Duration
	// StallAfterStarted is how long a recording without either event may take, from its start.
	StallAfterStarted time.Duration
	// ReorderWindow is the receiver's window within which a failed recording can still get a file: a failed recording is not
	// processed before it has passed.
	ReorderWindow time.Duration
}

// Expressions evaluates the conditions of pipelines and steps; an empty one is true. The same arguments always have the same result. An
// error is for the author of the condition, and says what to fix.
type Expressions interface {
	// Pipeline evaluates the condition of a pipeline, its spec.when.
	Pipeline(source string, recording *v1alpha1.MeetingRecording) (bool, error)
	// Step evaluates the condition of a step, its when. needed are the steps that it needs, directly or through others, all of which have
	// ended; a condition that names another is an error.
	Step(source string, recording *v1alpha1.MeetingRecording, needed []v1alpha1.StepStatus) (bool, error)
}

// Input is all that a decision depends on. Decide changes none of it.
type Input struct {
	// Recording is the recording as it was read.
	Recording *v1alpha1.MeetingRecording
	// Pipelines are all pipelines of the recording's namespace, in any order. They count only once the recording has ended.
	Pipelines []v1alpha1.RecordingPipeline
	// Jobs are the observations of the Jobs of the recording's steps, by name of the Job.
	Jobs map[string]outcomes.Observation
	// Expressions evaluates conditions.
	Expressions Expressions
	// Queued has the steps that must wait in a queue, by name of the Job that they would have.
	Queued map[string]scheduling.Answer
	// Now is the time.
	Now time.Time
	// Settings are the user's settings.
	Settings Settings
}

// Decision is what to do. If Create is not empty, that comes first: create those Jobs, or queue them, add the result to the Input's
// Jobs or Queued, and decide again, until it is empty. Nothing else of such a Decision counts.
type Decision struct {
	// Create are the Jobs to create.
	Create []jobs.Run
	// Processing and Conditions are the new status, complete.
	Processing v1alpha1.ProcessingStatus
	Conditions []metav1.Condition
	// RequeueAfter is when to decide again even if nothing else happens; 0 is never.
	RequeueAfter time.Duration
	// Absent reports whether the decision is final because a pipeline, or something in it, is missing. Then the pipelines should be
	// read from the API server, because a cache may be stale.
	Absent bool
	// RerunRefused is why a requested rerun does not start; empty if none was requested, or it starts.
	RerunRefused string
}

// after returns the time, or the next moment after the last one if the clock has gone back: a sink identifies a change by its time, and
// treats the later one as the newer.
func after(last *metav1.MicroTime, now time.Time) *metav1.MicroTime {
	now = now.Truncate(time.Microsecond)
	if last != nil && !now.After(last.Time) {
		now = last.Add(time.Microsecond)
	}
	return &metav1.MicroTime{Time: now}
}

// decide returns the decision to store a status, with the conditions that the summary wants.
func (in Input) decide(processing v1alpha1.ProcessingStatus, summary conditions.Summary) Decision {
	if before := in.Recording.Status.Processing; processing.State != before.State {
		processing.LastTransitionTime = after(before.LastTransitionTime, in.Now)
	}
	return Decision{
		Processing: processing,
		Conditions: summary.Over(in.Recording.Status.Conditions, in.Recording.Generation, metav1.NewTime(in.Now)),
	}
}

// Changes reports whether the decision must be stored, because it differs from the recording's status.
func (d Decision) Changes(recording *v1alpha1.MeetingRecording) bool {
	return !IsObserved(recording) || !equality.Semantic.DeepEqual(d.Processing, recording.Status.Processing) ||
		!equality.Semantic.DeepEqual(d.Conditions, recording.Status.Conditions)
}

// Begins reports whether the decision is the first that acts on how the recording ended.
func (d Decision) Begins(recording *v1alpha1.MeetingRecording) bool {
	return d.Processing.State != recording.Status.Processing.State && len(recording.Status.Processing.Steps) == 0
}

// Sample returns a decision with every possible field, to test whether the API server stores them.
func Sample(run jobs.Run, now time.Time) Decision {
	at, size := metav1.NewTime(now), int64(1)
	output := v1alpha1.StepOutput{
		Name:      "sample",
		URL:       "https://example.com/sample",
		MediaType: "video/mp4",
		SizeBytes: &size,
		SHA256:    strings.Repeat("0", 64),
		Values:    &runtime.RawExtension{Raw: []byte(`{"sample":1}`)},
	}
	step := v1alpha1.StepStatus{
		Pipeline:       run.Pipeline,
		Step:           run.Step.Name,
		JobName:        run.Name(),
		Attempt:        run.Attempt,
		Retries:        1,
		State:          v1alpha1.StepSkipped,
		Reason:         v1alpha1.StepNeedFailed,
		RetryTime:      &at,
		StartTime:      &at,
		CompletionTime: &at,
		Message:        "dry run",
		Outputs:        []v1alpha1.StepOutput{output},
	}
	processing := v1alpha1.ProcessingStatus{
		State:              v1alpha1.ProcessingSucceeded,
		Steps:              []v1alpha1.StepStatus{step},
		History:            []v1alpha1.StepAttempt{AttemptOf(&step)},
		ObservedRerunToken: "dry-run",
	}
	return Input{Recording: run.Recording, Now: now}.decide(processing, conditions.Stalled(v1alpha1.ReasonProcessingFailed, "dry run"))
}

// Notice is a Kubernetes Event to write once the decision is stored.
type Notice struct {
	// Type is the Event's type, Normal or Warning.
	Type, Reason, Message string
}

// Notices compares the recording as it was with the decision that was stored, and returns what users should learn, once. A recording that
// succeeds has one.
func Notices(before *v1alpha1.MeetingRecording, stored Decision) []Notice {
	ready := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return nil
	}
	var notices []Notice
	state := stored.Processing.State
	switch changed := state != before.Status.Processing.State; {
	case changed && state == v1alpha1.ProcessingSucceeded:
		notices = append(notices, Notice{corev1.EventTypeNormal, "ProcessingSucceeded", ready.Message})
	case changed && state == v1alpha1.ProcessingFailed:
		notices = append(notices, Notice{corev1.EventTypeWarning, "ProcessingFailed", ready.Message})
	}
	if stored.RerunRefused != "" {
		notices = append(notices, Notice{corev1.EventTypeWarning, "RerunRefused", stored.RerunRefused})
	}
	if stalled := BecameStalled(before, stored); stalled != "" && !state.IsFinal() {
		notices = append(notices, Notice{corev1.EventTypeWarning, stalled, ready.Message})
	}
	return notices
}

// BecameStalled returns the reason of the Stalled condition if it is new; empty if it is not, or there is none.
func BecameStalled(before *v1alpha1.MeetingRecording, stored Decision) string {
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionStalled)
	is := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionStalled)
	if is == nil || was != nil && was.Reason == is.Reason {
		return ""
	}
	return is.Reason
}
