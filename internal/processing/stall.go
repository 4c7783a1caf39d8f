// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

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
	// due is when a person is needed if it has not come.
	due time.Time
	// message says since when it is missing and what to do.
	message string
	// told says that the conditions already say so: they stay until the event comes, whatever else does.
	told bool
}

// terminalEvent says when the event that ends a recording is due: some time after recording-stopping; where that is not known,
// a longer time after the first sign of the recording.
func terminalEvent(in Input) missing {
	if stalled := saidStalled(in, v1alpha1.ReasonTerminalEventMissing); stalled != nil {
		return missing{message: stalled.Message, told: true}
	}
	since, what, patience := lastSign(in)
	return missing{
		due: since.Add(patience),
		message: fmt.Sprintf("%s at %s, and neither recording-stopped nor recording-failed has come since. "+
			"See whether the provider still records, and whether its webhooks reach the sidecar. "+
			"Processing begins by itself when the event comes; delete this object if the recording is not to be had.",
			what, since.UTC().Format(time.RFC3339)),
	}
}

// saidStalled returns the condition by which the status says that a person is needed for the reason; nil where it does not. What is said
// stays until its cause has gone: one who starts afresh may not know since when it has been so, and the clock of another may differ.
func saidStalled(in Input, reason string) *metav1.Condition {
	stalled := meta.FindStatusCondition(in.Recording.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != reason {
		return nil
	}
	return stalled
}

func lastSign(in Input) (since time.Time, what string, patience time.Duration) {
	if at, ok := receivedAt(in.Recording, v1alpha1.EventStopping); ok {
		return at, "recording-stopping came", in.Settings.StallAfter
	}
	if at, ok := receivedAt(in.Recording, v1alpha1.EventStarted); ok {
		return at, "recording-started came", in.Settings.StallAfterStarted
	}
	if at, ok := receivedAt(in.Recording, v1alpha1.EventStarting); ok {
		return at, "recording-starting came", in.Settings.StallAfterStarted
	}
	return in.Recording.CreationTimestamp.Time, "The object was created", in.Settings.StallAfterStarted
}

// receivedAt tells when an event came. What a client told counts only while no webhook has come: with one, it could be a lie that stalls
// a recording which goes on.
func receivedAt(recording *v1alpha1.MeetingRecording, event v1alpha1.EventType) (time.Time, bool) {
	events := recording.Status.Recording.Events
	told := slices.ContainsFunc(events, func(e v1alpha1.RecordingEvent) bool { return e.Source != v1alpha1.EventSourceClient })
	for _, entry := range events {
		if entry.Type == event && (!told || entry.Source != v1alpha1.EventSourceClient) {
			return entry.ReceiveTime.Time, true
		}
	}
	return time.Time{}, false
}
