// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
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

// A rule decides, or leaves the decision to the next rule.
type rule func(Input) (Decision, bool)

// rules apply in this order: the first one that decides is used. If none does, processing begins.
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
// forever.
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

// isUnderWay continues with the steps that the status lists, even if the recording or the pipelines have changed since.
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

// isRecording writes nothing until the event that ends the recording is overdue: StallAfter after recording-stopping or session-ended, or else
// StallAfterStarted after the first sign of the recording. A sign far in the future does not count: then the sidecar's clock was wrong.
func isRecording(in Input) (Decision, bool) {
	if in.Recording.Status.Recording.State.IsFinal() {
		return Decision{}, false
	}
	since, what, patience := lastSign(in)
	if since.Sub(in.Now) > patience {
		since, what = in.Recording.CreationTimestamp.Time, "The object was created"
	}
	message := fmt.Sprintf("%s at %s, and neither recording-stopped nor recording-failed has arrived since. "+
		"Check whether the provider still records, and whether its webhooks reach the sidecar. "+
		"Processing starts when the event arrives; delete this object if the recording is lost.", what, since.UTC().Format(time.RFC3339))
	if reported := reportedStall(in, v1alpha1.ReasonTerminalEventMissing); reported != nil {
		message = reported.Message
	} else if wait := since.Add(patience).Sub(in.Now); wait > 0 {
		decision := stay(in)
		decision.RequeueAfter = wait
		return decision, true
	}
	return in.decide(in.Recording.Status.Processing, conditions.Stalled(v1alpha1.ReasonTerminalEventMissing, message)), true
}

// mayStillGetFile waits for the file that may arrive after recording-failed: work for the failure could not be undone, and the file still
// needs its Jobs. It does not wait for an end far in the future: then the sidecar's clock was wrong.
func mayStillGetFile(in Input) (Decision, bool) {
	recording := in.Recording.Status.Recording
	if recording.State != v1alpha1.RecordingFailed || recording.EndTime == nil {
		return Decision{}, false
	}
	window := in.Settings.ReorderWindow + reorderSlack
	wait := recording.EndTime.Add(window).Sub(in.Now)
	if wait <= 0 || wait > 2*window {
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
	return in.decide(processing, conditions.Paused(v1alpha1.ReasonSuspended, suspendedMessage)), true
}

const suspendedMessage = "The recording has ended and spec.suspend prevents its Jobs: set it to false to continue."

// reportedStall returns the Stalled condition if it has the reason, or else nil. It stays until its cause is gone, because a new controller
// cannot know since when, and clocks differ.
func reportedStall(in Input, reason string) *metav1.Condition {
	stalled := meta.FindStatusCondition(in.Recording.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != reason {
		return nil
	}
	return stalled
}

func lastSign(in Input) (since time.Time, what string, patience time.Duration) {
	if at, ok := receiveTime(in.Recording, v1alpha1.EventStopping); ok {
		return at, "recording-stopping arrived", in.Settings.StallAfter
	}
	if ended := in.Recording.Status.Recording.SessionEndTime; ended != nil {
		return ended.Time, "session-ended arrived", in.Settings.StallAfter
	}
	if at, ok := receiveTime(in.Recording, v1alpha1.EventStarted); ok {
		return at, "recording-started arrived", in.Settings.StallAfterStarted
	}
	if at, ok := receiveTime(in.Recording, v1alpha1.EventStarting); ok {
		return at, "recording-starting arrived", in.Settings.StallAfterStarted
	}
	return in.Recording.CreationTimestamp.Time, "The object was created", in.Settings.StallAfterStarted
}

// receiveTime returns when an event arrived. Client events count only while no webhook has arrived: otherwise a forged one could stall a
// recording that continues.
func receiveTime(recording *v1alpha1.MeetingRecording, event v1alpha1.EventType) (time.Time, bool) {
	events := recording.Status.Recording.Events
	reported := slices.ContainsFunc(events, func(e v1alpha1.RecordingEvent) bool { return e.Source != v1alpha1.EventSourceClient })
	for _, entry := range events {
		if entry.Type == event && (!reported || entry.Source != v1alpha1.EventSourceClient) {
			return entry.ReceiveTime.Time, true
		}
	}
	return time.Time{}, false
}
