// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Changes reports whether the decision must be stored, because it differs from the recording's status.
func (d Decision) Changes(recording *v1alpha1.MeetingRecording) bool {
	return !IsObserved(recording) || !equality.Semantic.DeepEqual(d.Processing, recording.Status.Processing) ||
		!equality.Semantic.DeepEqual(d.Conditions, recording.Status.Conditions)
}

// Begins reports whether the decision is the first that acts on how the recording ended.
func (d Decision) Begins(recording *v1alpha1.MeetingRecording) bool {
	return d.Processing.State != recording.Status.Processing.State && len(recording.Status.Processing.Steps) == 0
}

// Notice is a Kubernetes Event to write once the decision is stored.
type Notice struct {
	// Type is that of the Event, Normal or Warning.
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
