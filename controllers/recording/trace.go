// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// trace tells the recording's trace of a decision that was stored, and of the Jobs whose outcome it has.
func (r *Reconciler) trace(facts *facts, stored planning.Decision) {
	if r.Tracer == nil {
		return
	}
	recording := facts.Recording
	about := tracing.Recording{
		Place: tracecontext.Parse(recording.Annotations[v1alpha1.AnnotationTraceparent]),
		Name:  recording.Namespace + "/" + recording.Name,
	}
	if !about.Place.IsSampled() {
		return
	}
	r.Tracer.Decision(about, string(stored.Processing.State), facts.Now, r.Clock.Now())
	for _, attempt := range newlyEnded(recording.Status.Processing, stored.Processing) {
		name := jobs.Name(recording.Name, attempt.Pipeline, attempt.Step, attempt.Attempt)
		r.Tracer.Job(about, tracing.Job{
			Name:     name,
			Place:    tracecontext.OfJob(about.Place, name),
			Pipeline: attempt.Pipeline,
			Step:     attempt.Step,
			Attempt:  int(attempt.Attempt),
			Start:    attempt.StartTime.Time,
			End:      attempt.CompletionTime.Time,
			Failed:   attempt.State == v1alpha1.StepFailed,
		})
	}
}

// newlyEnded returns the attempts that had a Job, have ended after, and had not before. An attempt is the same in the steps and in the
// history, to which a retry or a rerun moves it.
func newlyEnded(before, after v1alpha1.ProcessingStatus) []v1alpha1.StepAttempt {
	type key struct {
		pipeline, name string
		attempt        int32
	}
	known := make(map[key]bool)
	for _, attempt := range ended(before) {
		known[key{attempt.Pipeline, attempt.Step, attempt.Attempt}] = true
	}
	var fresh []v1alpha1.StepAttempt
	for _, attempt := range ended(after) {
		if !known[key{attempt.Pipeline, attempt.Step, attempt.Attempt}] {
			fresh = append(fresh, attempt)
		}
	}
	return fresh
}

// ended returns the attempts that had a Job and have ended.
func ended(status v1alpha1.ProcessingStatus) []v1alpha1.StepAttempt {
	all := slices.Clone(status.History)
	for i := range status.Steps {
		all = append(all, planning.AttemptOf(&status.Steps[i]))
	}
	return slices.DeleteFunc(all, func(attempt v1alpha1.StepAttempt) bool {
		return attempt.StartTime == nil || attempt.CompletionTime == nil
	})
}
