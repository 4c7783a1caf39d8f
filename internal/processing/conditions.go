// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// verdict is what the conditions of an object are to say. At most one of stalled and reconciling is set: kstatus takes the
// first that it meets.
type verdict struct {
	ready       metav1.ConditionStatus
	stalled     bool
	reconciling bool
	reason      string
	message     string
}

// conditions returns the recording's conditions as the verdict wants them.
func (v verdict) conditions(in Input) []metav1.Condition {
	return v.over(in.Recording.Status.Conditions, in.Recording.Generation, metav1.NewTime(in.Now))
}

// over returns the conditions with the verdict put over them: Ready always, Stalled and Reconciling only while True. The time of
// a transition stays where the status does.
func (v verdict) over(existing []metav1.Condition, generation int64, now metav1.Time) []metav1.Condition {
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
			Reason:             v.reason,
			Message:            v.message,
		})
	}
	set(v1alpha1.ConditionReady, v.ready, true)
	set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v.reconciling)
	set(v1alpha1.ConditionStalled, metav1.ConditionTrue, v.stalled)
	return conditions
}
