// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// reorderSlack is waited beyond the reorder window, so that an event that the receiver took within it is written by then:
	// its write may take seconds, and its clock may differ.
	reorderSlack = 5 * time.Second
	// tooManyStepsRetry is how often pipelines that have too many steps together are looked at again.
	tooManyStepsRetry = 5 * time.Minute
)

// A rule decides, or leaves it to the next.
type rule func(Input) (Decision, bool)

// rules count in this order: the first that decides does. Where none does, processing begins.
var rules = []rule{
	isBeingDeleted,
	isRerun,
	isFinal,
	isUnderWay,
	recordingGoesOn,
	failureMayTurn,
	isSuspended,
}

// Decide says what to do next for a recording. The same Input has always the same Decision; once its Decision is stored and
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

// IsFinal says whether processing has ended, so that nothing is done for the recording again unless a rerun asks for it.
func IsFinal(state v1alpha1.ProcessingState) bool {
	switch state {
	case v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed, v1alpha1.ProcessingSkipped:
		return true
	}
	return false
}

func isFinal(in Input) (Decision, bool) {
	return stay(in), IsFinal(in.Recording.Status.Processing.State)
}

// isUnderWay goes on with the steps that the status lists, whatever has become of the recording and the pipelines since.
func isUnderWay(in Input) (Decision, bool) {
	processing := in.Recording.Status.Processing
	if !IsUnderWay(processing.State) {
		return Decision{}, false
	}
	return advance(in, processing), true
}

// IsUnderWay says whether the status lists steps that have not all ended.
func IsUnderWay(state v1alpha1.ProcessingState) bool {
	return state == v1alpha1.ProcessingRunning || state == v1alpha1.ProcessingQueued
}

// HasEnded says whether the recording itself has ended, with a file or without.
func HasEnded(recording *v1alpha1.MeetingRecording) bool {
	switch recording.Status.Recording.State {
	case v1alpha1.RecordingStopped, v1alpha1.RecordingFailed:
		return true
	}
	return false
}

// recordingGoesOn writes nothing until the event that ends the recording is overdue.
func recordingGoesOn(in Input) (Decision, bool) {
	if HasEnded(in.Recording) {
		return Decision{}, false
	}
	missing := terminalEvent(in)
	if wait := missing.due.Sub(in.Now); wait > 0 && !missing.told {
		decision := stay(in)
		decision.RequeueAfter = wait
		return decision, true
	}
	return Decision{
		Processing: in.Recording.Status.Processing,
		Conditions: verdict{
			ready:   metav1.ConditionFalse,
			stalled: true,
			reason:  v1alpha1.ReasonTerminalEventMissing,
			message: missing.message,
		}.conditions(in),
	}, true
}

// failureMayTurn waits for the file that may yet come after recording-failed: what was done for the failure could not be undone,
// and the Jobs for the file must be created all the same.
func failureMayTurn(in Input) (Decision, bool) {
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
		Conditions: verdict{
			ready:   metav1.ConditionFalse,
			reason:  v1alpha1.ReasonSuspended,
			message: suspendedMessage,
		}.conditions(in),
	}, true
}

const suspendedMessage = "The recording has ended and spec.suspend holds its Jobs: set it to false to release them."
