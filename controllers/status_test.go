// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// The patch is taken whatever the sidecar wrote meanwhile, unless that is what the decision was made by; another controller's
// write is never overwritten; and a status that breaks the schema is told apart from both.
func TestStoreDecision(t *testing.T) {
	running := processing.Decision{
		Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{
			{Pipeline: "p", Step: "a", Attempt: 1, State: v1alpha1.StepRunning},
		}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProcessing, LastTransitionTime: metav1.Now(),
		}},
	}
	tooLong := running
	tooLong.Processing.Steps = []v1alpha1.StepStatus{{Pipeline: "p", Step: "a", Attempt: 1, State: v1alpha1.StepFailed, Message: strings.Repeat("x", 1025)}}
	tests := map[string]struct {
		meanwhile func(*v1alpha1.MeetingRecording)
		decision  processing.Decision
		want      func(error) bool
	}{
		"nothing meanwhile": {func(*v1alpha1.MeetingRecording) {}, running, func(err error) bool { return err == nil }},
		"a delivery meanwhile": {func(r *v1alpha1.MeetingRecording) { r.Status.Recording.Events[0].Deliveries++ }, running,
			func(err error) bool { return err == nil }},
		"the file came meanwhile": {func(r *v1alpha1.MeetingRecording) { r.Status.Recording.State = v1alpha1.RecordingStopped }, running,
			func(err error) bool { return errors.Is(err, controllers.ErrConflict) }},
		"another controller wrote": {func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingSkipped }, running,
			func(err error) bool { return errors.Is(err, controllers.ErrConflict) }},
		"against the schema": {func(*v1alpha1.MeetingRecording) {}, tooLong,
			func(err error) bool { return apierrors.IsInvalid(err) && !errors.Is(err, controllers.ErrConflict) }},
	}
	ns := namespace(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			recording := newRecording(t, ns, strings.ReplaceAll(name, " ", "-"))
			arrives(t, recording, v1alpha1.EventFailed, 0)
			read := recording.DeepCopy()
			old := recording.DeepCopy()
			test.meanwhile(recording)
			patchRecording(t, recording, old)
			if err := controllers.StoreDecision(t.Context(), admin, read, test.decision); !test.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
	gone := newRecording(t, ns, "gone")
	if err := admin.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if err := controllers.StoreDecision(t.Context(), admin, gone, running); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("a deleted recording: %v, want not found", err)
	}
}
