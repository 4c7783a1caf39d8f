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
)

// missing is the event that should end a recording.
type missing struct {
	// due is when the recording becomes Stalled without it.
	due time.Time
	// message says since when it is missing and what to do.
	message string
	// reported reports whether the conditions already say so: they stay until the event arrives.
	reported bool
}

// terminalEvent returns when the event that ends a recording is due: StallAfter after recording-stopping or session-ended, or else
// StallAfterStarted after the first sign of the recording.
func terminalEvent(in Input) missing {
	if stalled := reportedStall(in, v1alpha1.ReasonTerminalEventMissing); stalled != nil {
		return missing{message: stalled.Message, reported: true}
	}
	since, what, patience := lastSign(in)
	return missing{
		due: since.Add(patience),
		message: fmt.Sprintf("%s at %s, and neither recording-stopped nor recording-failed has arrived since. "+
			"Check whether the provider still records, and whether its webhooks reach the sidecar. "+
			"Processing starts when the event arrives; delete this object if the recording is lost.",
			what, since.UTC().Format(time.RFC3339)),
	}
}

// reportedStall returns the Stalled condition if it has the reason, or else nil. It stays until its cause is gone, because a controller
// that has just started may not know since when, and clocks differ.
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
