// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// A Job is reported once: when its end is stored, as that of its step or as an earlier attempt of a step that goes on.
func TestNewlyEnded(t *testing.T) {
	noon := metav1.NewTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	runs := func(attempt int32) v1alpha1.StepStatus {
		return v1alpha1.StepStatus{Pipeline: "p", Step: "s", Attempt: attempt, State: v1alpha1.StepRunning, StartTime: &noon}
	}
	done := runs(1)
	done.State, done.CompletionTime = v1alpha1.StepFailed, &noon
	earlier := v1alpha1.StepAttempt{Pipeline: "p", Step: "s", Attempt: 1, State: v1alpha1.StepFailed, StartTime: &noon, CompletionTime: &noon}
	skipped := v1alpha1.StepStatus{Pipeline: "p", Step: "t", Attempt: 1, State: v1alpha1.StepSkipped, CompletionTime: &noon}
	of := func(step v1alpha1.StepStatus, history ...v1alpha1.StepAttempt) v1alpha1.ProcessingStatus {
		return v1alpha1.ProcessingStatus{Steps: []v1alpha1.StepStatus{step, skipped}, History: history}
	}
	for name, test := range map[string]struct {
		before, after v1alpha1.ProcessingStatus
		want          []string
	}{
		"starts":              {of(v1alpha1.StepStatus{}), of(runs(1)), nil},
		"ends":                {of(runs(1)), of(done), []string{"p/s/1"}},
		"ended before":        {of(done), of(done), nil},
		"ends, to be retried": {of(runs(1)), of(v1alpha1.StepStatus{Pipeline: "p", Step: "s", Attempt: 2}, earlier), []string{"p/s/1"}},
		"reruns":              {of(done), of(runs(2), earlier), nil},
		"is dropped":          {of(runs(2), earlier), of(runs(2)), nil},
		"ends at once":        {of(v1alpha1.StepStatus{}), of(done), []string{"p/s/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, attempt := range newlyEnded(test.before, test.after) {
				got = append(got, fmt.Sprintf("%s/%s/%d", attempt.Pipeline, attempt.Step, attempt.Attempt))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
