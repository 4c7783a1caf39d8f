// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// TestClientsDoNotStall: a client's end of a recording that goes on, which may be a lie, does not make it stall; where nothing else is
// known it does, like a webhook's.
func TestClientsDoNotStall(t *testing.T) {
	for name, tc := range map[string]struct {
		webhook bool
		stalled bool
	}{
		"a webhook has come": {true, false},
		"only clients":       {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := recording(v1alpha1.RecordingStarted, time.Hour)
			if !tc.webhook {
				r.Status.Recording.Events[0].Source = v1alpha1.EventSourceClient
			}
			at := metav1.NewMicroTime(noon.Add(-30 * time.Minute))
			r.Status.Recording.State = v1alpha1.RecordingStopping
			r.Status.Recording.Events = append(r.Status.Recording.Events, v1alpha1.RecordingEvent{
				Type: v1alpha1.EventStopping, Source: v1alpha1.EventSourceClient, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at,
			})
			decision := planning.Decide(input(r))
			if got := meta.IsStatusConditionTrue(decision.Conditions, v1alpha1.ConditionStalled); got != tc.stalled {
				t.Errorf("stalled %t, want %t: %+v", got, tc.stalled, decision.Conditions)
			}
		})
	}
}
