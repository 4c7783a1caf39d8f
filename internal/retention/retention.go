// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retention decides when MeetingRecordings may be deleted. It is pure: what was read, and what time it is, are arguments.
//
// The recordings of a session are deleted together: the chain of a session ends at the first name that does not exist, so a gap in
// it would lead later events astray.
package retention

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
)

// Quiet is how long the last event of a recording must be past, whatever else is set: the provider may deliver an event again.
const Quiet = 24 * time.Hour

// HoldForSink is for how long a recording is kept beyond its time because a sink does not know all of it.
const HoldForSink = 7 * 24 * time.Hour

// Rules are how long the recordings of a namespace are kept.
type Rules struct {
	// Default is for recordings that no pipeline ran for, and stands for pipelines that are gone; 0 keeps them.
	Default time.Duration
	// Pipelines are those of the namespace, by name, each with its keepRecordings; 0 keeps recordings.
	Pipelines map[string]time.Duration
	// Sink says that a sink is told of recordings: what it does not know is kept for HoldForSink more.
	Sink bool
}

// RulesOf returns the rules of a namespace that has the pipelines.
func RulesOf(pipelines []v1alpha1.RecordingPipeline, byDefault time.Duration) Rules {
	rules := Rules{Default: byDefault, Pipelines: make(map[string]time.Duration, len(pipelines))}
	for i := range pipelines {
		var keep time.Duration
		if retention := pipelines[i].Spec.Retention; retention != nil && retention.KeepRecordings != nil {
			keep = max(retention.KeepRecordings.Duration, Quiet)
		}
		rules.Pipelines[pipelines[i].Name] = keep
	}
	return rules
}

// Shortest returns the age below which no recording is deleted; false where none ever is.
func (r Rules) Shortest() (time.Duration, bool) {
	shortest := r.Default
	for _, keep := range r.Pipelines {
		if keep > 0 && (shortest == 0 || keep < shortest) {
			shortest = keep
		}
	}
	return shortest, shortest > 0
}

// keep returns how long the recording is kept after it was over; 0 is for ever. Of the pipelines that ran for it the longest counts.
func (r Rules) keep(recording *v1alpha1.MeetingRecording) time.Duration {
	names := make(map[string]bool)
	for i := range recording.Status.Processing.Steps {
		names[recording.Status.Processing.Steps[i].Pipeline] = true
	}
	for i := range recording.Status.Processing.History {
		names[recording.Status.Processing.History[i].Pipeline] = true
	}
	if len(names) == 0 {
		return r.Default
	}
	var longest time.Duration
	for name := range names {
		keep, exists := r.Pipelines[name]
		if !exists {
			keep = r.Default
		}
		if keep == 0 {
			return 0
		}
		longest = max(longest, keep)
	}
	return longest
}

// Due says whether the recordings of a session may all be deleted now: each is over, and has been for as long as it is kept. One
// that never ended, and for which there is no rule, is kept for as long as the others of its session.
func (r Rules) Due(session []*v1alpha1.MeetingRecording, now time.Time) bool {
	var longest time.Duration
	for _, recording := range session {
		longest = max(longest, r.keep(recording))
	}
	for _, recording := range session {
		keep := r.keep(recording)
		if keep == 0 && neverEnded(recording) {
			keep = longest
		}
		if !r.dueAfter(recording, keep, now) {
			return false
		}
	}
	return len(session) > 0
}

// MayBeDue says whether the recording itself does not stand in the way of its session's deletion.
func (r Rules) MayBeDue(recording *v1alpha1.MeetingRecording, now time.Time) bool {
	keep := r.keep(recording)
	if shortest, ok := r.Shortest(); ok && keep == 0 && neverEnded(recording) {
		keep = shortest
	}
	return r.dueAfter(recording, keep, now)
}

func (r Rules) dueAfter(recording *v1alpha1.MeetingRecording, keep time.Duration, now time.Time) bool {
	if !recording.DeletionTimestamp.IsZero() {
		return true
	}
	if recording.Spec.Hold {
		return false
	}
	if keep == 0 || !isOver(recording) {
		return false
	}
	if r.Sink && isUndelivered(recording) {
		keep += HoldForSink
	}
	return !now.Before(overSince(recording).Add(keep)) && !now.Before(lastEvent(recording).Add(Quiet))
}

// isUndelivered reports whether the sink has not received everything.
func isUndelivered(recording *v1alpha1.MeetingRecording) bool {
	if delivery.Ended(recording) {
		return recording.Status.Delivery.State == v1alpha1.DeliveryPending
	}
	return len(delivery.Pending(recording, recording.Status.Delivery)) > 0
}

// isOver reports whether nothing more will happen to the recording by itself: its processing has ended and no rerun is requested, or it is
// stalled.
func isOver(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing
	if rerun := recording.Spec.Rerun; rerun != nil && rerun.Token != state.ObservedRerunToken {
		return false
	}
	return delivery.Ended(recording) || isStalled(recording)
}

// isStalled reports whether the recording needs manual intervention.
func isStalled(recording *v1alpha1.MeetingRecording) bool {
	return meta.IsStatusConditionTrue(recording.Status.Conditions, v1alpha1.ConditionStalled)
}

// neverEnded reports whether the event that should end the recording never came.
func neverEnded(recording *v1alpha1.MeetingRecording) bool {
	stalled := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Reason == v1alpha1.ReasonTerminalEventMissing && !hasEnded(recording)
}

func hasEnded(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Recording.State
	return state == v1alpha1.RecordingStopped || state == v1alpha1.RecordingFailed
}

// overSince is when the last thing happened to the recording that a person may want to look back to.
func overSince(recording *v1alpha1.MeetingRecording) time.Time {
	last := lastEvent(recording)
	if ready := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionReady); ready != nil && !neverEnded(recording) {
		last = later(last, ready.LastTransitionTime.Time)
	}
	if stalled := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionStalled); isStalled(recording) && !neverEnded(recording) {
		last = later(last, stalled.LastTransitionTime.Time)
	}
	for i := range recording.Status.Processing.Steps {
		if ended := recording.Status.Processing.Steps[i].CompletionTime; ended != nil {
			last = later(last, ended.Time)
		}
	}
	return last
}

func lastEvent(recording *v1alpha1.MeetingRecording) time.Time {
	last := recording.CreationTimestamp.Time
	for i := range recording.Status.Recording.Events {
		last = later(last, recording.Status.Recording.Events[i].LastReceiveTime.Time)
	}
	return last
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
