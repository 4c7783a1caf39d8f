// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
)

const (
	// reorderSlack is waited beyond the reorder window, so that an event that the receiver accepted within it is written by then:
	// its write may take seconds, and its clock may differ.
	reorderSlack = 5 * time.Second
	// tooManyStepsRetry is how often pipelines that have too many steps together are evaluated again.
	tooManyStepsRetry = 5 * time.Minute
)

// A rule decides, or leaves it to the next.
type rule func(Input) (Decision, bool)

// rules apply in this order: the first that decides counts. If none does, processing begins.
var rules = []rule{
	isBeingDeleted,
	isRerun,
	isFinal,
	isUnderWay,
	isRecording,
	mayStillGetFile,
	isSuspended,
}

// Decide returns what to do next for a recording. The same Input always has the same Decision; once its Decision is stored and
// nothing else has changed, the next Decision changes nothing.
func Decide(in Input) Decision {
	for _, decides := range rules {
		if decision, ok := decides(in); ok {
			return decision
		}
	}
	return begin(in)
}

// stay leaves the status as it is.
func stay(in Input) Decision {
	return Decision{
		Processing: in.Recording.Status.Processing,
		Conditions: in.Recording.Status.Conditions,
	}
}

func isBeingDeleted(in Input) (Decision, bool) {
	return stay(in), !in.Recording.DeletionTimestamp.IsZero()
}

// IsObserved reports whether the status accounts for the recording's spec as it is. A recording that the controller never wrote counts
// as observed, because the first write comes with the first decision.
func IsObserved(recording *v1alpha1.MeetingRecording) bool {
	return len(recording.Status.Conditions) == 0 || recording.Status.ObservedGeneration == recording.Generation
}

// isFinal changes nothing, but confirms that a changed spec was observed: otherwise kstatus would report the recording as in progress
// for ever.
func isFinal(in Input) (Decision, bool) {
	decision := stay(in)
	if !IsObserved(in.Recording) {
		decision.Conditions = slices.Clone(decision.Conditions)
		for i := range decision.Conditions {
			decision.Conditions[i].ObservedGeneration = in.Recording.Generation
		}
	}
	return decision, in.Recording.Status.Processing.State.IsFinal()
}

// isUnderWay continues with the steps that the status lists, however the recording and the pipelines have changed since.
func isUnderWay(in Input) (Decision, bool) {
	processing := in.Recording.Status.Processing
	if !IsUnderWay(processing.State) {
		return Decision{}, false
	}
	return advance(in, processing), true
}

// IsUnderWay reports whether the status lists steps that have not all ended.
func IsUnderWay(state v1alpha1.ProcessingState) bool {
	return state == v1alpha1.ProcessingRunning || state == v1alpha1.ProcessingQueued
}

// isRecording writes nothing until the event that ends the recording is overdue.
func isRecording(in Input) (Decision, bool) {
	if in.Recording.Status.Recording.State.IsFinal() {
		return Decision{}, false
	}
	missing := terminalEvent(in)
	if wait := missing.due.Sub(in.Now); wait > 0 && !missing.reported {
		decision := stay(in)
		decision.RequeueAfter = wait
		return decision, true
	}
	return Decision{
		Processing: in.Recording.Status.Processing,
		Conditions: in.summarize(conditions.Summary{
			Ready:   metav1.ConditionFalse,
			Stalled: true,
			Reason:  v1alpha1.ReasonTerminalEventMissing,
			Message: missing.message,
		}),
	}, true
}

// mayStillGetFile waits for the file that may arrive after recording-failed: what was done for the failure could not be undone, and
// the Jobs for the file must be created all the same.
func mayStillGetFile(in Input) (Decision, bool) {
	recording := in.Recording.Status.Recording
	if recording.State != v1alpha1.RecordingFailed || recording.EndTime == nil {
		return Decision{}, false
	}
	wait := recording.EndTime.Add(in.Settings.ReorderWindow + reorderSlack).Sub(in.Now)
	if wait <= 0 {
		return Decision{}, false
	}
	decision := stay(in)
	decision.RequeueAfter = wait
	return decision, true
}

func isSuspended(in Input) (Decision, bool) {
	if !in.Recording.Spec.Suspend {
		return Decision{}, false
	}
	processing := in.Recording.Status.Processing
	processing.State = v1alpha1.ProcessingSuspended
	return Decision{
		Processing: processing,
		Conditions: in.summarize(conditions.Summary{
			Ready:   metav1.ConditionFalse,
			Reason:  v1alpha1.ReasonSuspended,
			Message: suspendedMessage,
		}),
	}, true
}

const suspendedMessage = "The recording has ended and spec.suspend prevents its Jobs: set it to false to continue."
