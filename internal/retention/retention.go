// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retention decides when MeetingRecordings may be deleted. It is pure: what was read, and what time it is, are arguments.
//
// The recordings of a session are deleted together: the chain of a session ends at the first name that does not exist, so a gap in
// it would lead later events to the wrong object.
package retention

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
)

// Quiet is how long ago the last event of a recording must be, under any rule: the provider may deliver an event again.
const Quiet = 24 * time.Hour

// HoldForSink is how much longer a recording is kept because a sink has not received all of its events.
const HoldForSink = 7 * 24 * time.Hour

// Rules are how long recordings are kept.
type Rules struct {
	// Default applies if no pipeline ran for a recording, or it was deleted; 0 keeps the recording.
	Default time.Duration
	// Sink reports whether there is a sink of CloudEvents: recordings with undelivered events are kept for HoldForSink more.
	Sink bool
	// pipelines has the keepRecordings of each pipeline; 0 keeps recordings.
	pipelines map[types.NamespacedName]time.Duration
}

// With returns the rules with those of the pipelines added.
func (r Rules) With(pipelines []v1alpha1.RecordingPipeline) Rules {
	r.pipelines = make(map[types.NamespacedName]time.Duration, len(pipelines))
	for i := range pipelines {
		var keep time.Duration
		if retention := pipelines[i].Spec.Retention; retention != nil && retention.KeepRecordings != nil {
			keep = max(retention.KeepRecordings.Duration, Quiet)
		}
		r.pipelines[types.NamespacedName{Namespace: pipelines[i].Namespace, Name: pipelines[i].Name}] = keep
	}
	return r
}

// Shortest returns the age below which no recording of the namespace, or with "" of all, is deleted; false if none ever is.
func (r Rules) Shortest(namespace string) (time.Duration, bool) {
	shortest := r.Default
	for pipeline, keep := range r.pipelines {
		if (pipeline.Namespace == namespace || namespace == "") && keep > 0 && (shortest == 0 || keep < shortest) {
			shortest = keep
		}
	}
	return shortest, shortest > 0
}

// longest returns the longest of the times that the namespace's pipelines keep recordings for; 0 if none deletes any.
func (r Rules) longest(namespace string) time.Duration {
	longest := r.Default
	for pipeline, keep := range r.pipelines {
		if pipeline.Namespace == namespace {
			longest = max(longest, keep)
		}
	}
	return longest
}

// keep returns how long the recording is kept after it was over; 0 is forever. Of the pipelines that ran for it the longest counts.
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
		keep, exists := r.pipelines[types.NamespacedName{Namespace: recording.Namespace, Name: name}]
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

// Due reports whether the recordings of a session may all be deleted now: each has been over for as long as it is kept. One that never ended,
// and has no rule, is kept for as long as the others of its session, or if it is alone for the longest time of the namespace's pipelines:
// otherwise such recordings would pile up.
func (r Rules) Due(session []*v1alpha1.MeetingRecording, now time.Time) bool {
	var longest time.Duration
	for _, recording := range session {
		longest = max(longest, r.keep(recording))
	}
	for _, recording := range session {
		keep := r.keep(recording)
		if keep == 0 && neverEnded(recording) {
			keep = cmp.Or(longest, r.longest(recording.Namespace))
		}
		if !r.dueAfter(recording, keep, now) {
			return false
		}
	}
	return len(session) > 0
}

// MayBeDue reports whether the recording itself does not prevent its session's deletion.
func (r Rules) MayBeDue(recording *v1alpha1.MeetingRecording, now time.Time) bool {
	keep := r.keep(recording)
	if shortest, ok := r.Shortest(recording.Namespace); ok && keep == 0 && neverEnded(recording) {
		keep = shortest
	}
	return r.dueAfter(recording, keep, now)
}

func (r Rules) dueAfter(recording *v1alpha1.MeetingRecording, keep time.Duration, now time.Time) bool {
	if !recording.DeletionTimestamp.IsZero() {
		return true
	}
	if recording.Spec.Hold || keep == 0 || !isOver(recording) {
		return false
	}
	if r.Sink && isUndelivered(recording) {
		keep += HoldForSink
	}
	return !now.Before(overSince(recording).Add(keep)) && !now.Before(lastEvent(recording).Add(Quiet))
}

// isUndelivered reports whether the sink has not received everything.
func isUndelivered(recording *v1alpha1.MeetingRecording) bool {
	if recording.Status.Processing.State.IsFinal() {
		return recording.Status.Delivery.State == v1alpha1.DeliveryPending
	}
	return len(delivery.Pending(recording, recording.Status.Delivery)) > 0
}

// isOver reports whether nothing more will happen to the recording by itself: its processing has ended, or it is stalled. A requested rerun is
// yet to happen, unless processing never began.
func isOver(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing
	hasBegun := state.State.IsFinal() || len(state.Steps) > 0
	if rerun := recording.Spec.Rerun; rerun != nil && rerun.Token != state.ObservedRerunToken && hasBegun {
		return false
	}
	return state.State.IsFinal() || meta.IsStatusConditionTrue(recording.Status.Conditions, v1alpha1.ConditionStalled)
}

// neverEnded reports whether the event that should end the recording never came.
func neverEnded(recording *v1alpha1.MeetingRecording) bool {
	stalled := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Reason == v1alpha1.ReasonTerminalEventMissing && !recording.Status.Recording.State.IsFinal()
}

// overSince is when the last thing happened to the recording that a user may want to look up.
func overSince(recording *v1alpha1.MeetingRecording) time.Time {
	last := lastEvent(recording)
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionStalled} {
		if condition := meta.FindStatusCondition(recording.Status.Conditions, kind); condition != nil && !neverEnded(recording) {
			last = later(last, condition.LastTransitionTime.Time)
		}
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
