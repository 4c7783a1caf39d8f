// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conditions builds the conditions of recordings and pipelines, following kstatus.
package conditions

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Summary is what the conditions of an object report. At most one of Stalled and Reconciling is set, because kstatus uses the first
// that it finds.
type Summary struct {
	Ready       metav1.ConditionStatus
	Stalled     bool
	Reconciling bool
	Reason      string
	Message     string
}

// Done is the summary of an object with nothing left to do.
func Done(reason, message string) Summary {
	return Summary{Ready: metav1.ConditionTrue, Reason: reason, Message: message}
}

// Working is the summary of an object on which work is under way.
func Working(reason, message string) Summary {
	return Summary{Ready: metav1.ConditionFalse, Reconciling: true, Reason: reason, Message: message}
}

// Stalled is the summary of an object that needs manual intervention.
func Stalled(reason, message string) Summary {
	return Summary{Ready: metav1.ConditionFalse, Stalled: true, Reason: reason, Message: message}
}

// Paused is the summary of an object that waits for its user.
func Paused(reason, message string) Summary {
	return Summary{Ready: metav1.ConditionFalse, Reason: reason, Message: message}
}

// Over returns the existing conditions updated by the summary: Ready is always set, Stalled and Reconciling only while True. The
// time of a transition changes only if the status does.
func (s Summary) Over(existing []metav1.Condition, generation int64, now metav1.Time) []metav1.Condition {
	conditions := make([]metav1.Condition, len(existing), len(existing)+2)
	copy(conditions, existing)
	set := func(kind string, status metav1.ConditionStatus, wanted bool) {
		if !wanted {
			meta.RemoveStatusCondition(&conditions, kind)
			return
		}
		meta.SetStatusCondition(&conditions, metav1.Condition{
			Type:               kind,
			Status:             status,
			ObservedGeneration: generation,
			LastTransitionTime: *now.DeepCopy(),
			Reason:             s.Reason,
			Message:            s.Message,
		})
	}
	set(v1alpha1.ConditionReady, s.Ready, true)
	set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, s.Reconciling)
	set(v1alpha1.ConditionStalled, metav1.ConditionTrue, s.Stalled)
	return conditions
}
