// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// retrying is a pipeline of one step with a backoff.
func retrying(backoff time.Duration, retries *int32) v1alpha1.RecordingPipeline {
	p := pipeline("p", "a")
	p.Spec.Steps[0].Backoff, p.Spec.Steps[0].Retries = &metav1.Duration{Duration: backoff}, retries
	return p
}

// Each retry is a Job of its own, after a backoff that doubles; earlier attempts are in the history, and the last is the outcome.
func TestRetries(t *testing.T) {
	s := tell(t, retrying(30*time.Second, ptr.To[int32](2)))
	var waits []time.Duration
	for range 2 {
		s.ends("p/a", failed("why")).expect("Running", "a Pending")
		step := s.in.Recording.Status.Processing.Steps[0]
		if step.StartTime != nil || step.CompletionTime != nil || step.JobName != jobs.Name("rec", "p", "a", step.Attempt) {
			t.Errorf("the next attempt is %+v", step)
		}
		waits = append(waits, s.last.RequeueAfter)
		s.in.Now = s.in.Now.Add(s.last.RequeueAfter)
		s.decide().expect("Running", "a Running")
	}
	if diff := cmp.Diff([]time.Duration{30 * time.Second, time.Minute}, waits); diff != "" {
		t.Errorf("waits (-want +got)\n%s", diff)
	}
	s.ends("p/a", failed("why")).expect("Failed", "a Failed").expectCreated("p/a", "p/a", "p/a")
	step, history := s.in.Recording.Status.Processing.Steps[0], s.in.Recording.Status.Processing.History
	if step.Attempt != 3 || step.Retries != 2 || step.RetryTime != nil || len(history) != 2 || history[0].Attempt != 1 || history[1].Attempt != 2 {
		t.Errorf("it ended as %+v after %+v", step, history)
	}
	if s.writes != 6 {
		t.Errorf("%d writes, want 6: two for each attempt", s.writes)
	}
}

// A retry does not wait for days because a clock was ahead when it was planned.
func TestRetryAfterClockWasAhead(t *testing.T) {
	s := tell(t, retrying(30*time.Second, nil)).ends("p/a", failed("why")).expect("Running", "a Pending")
	s.in.Now = s.in.Now.Add(-49 * time.Hour)
	s.decide().expect("Running", "a Running").expectCreated("p/a", "p/a")
}

func TestRetryMessage(t *testing.T) {
	s := tell(t, retrying(90*time.Second, nil)).ends("p/a", failed("container main exited with 1"))
	if got, want := s.message(0), "Attempt 1 failed, the next starts at 2026-11-23T12:01:30Z: container main exited with 1"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	s.in.Now = s.in.Now.Add(2 * time.Minute)
	s.decide().ends("p/a", succeeded()).expect("Succeeded", "a Succeeded")
	if step := s.in.Recording.Status.Processing.Steps[0]; step.Retries != 1 || step.Message != "" {
		t.Errorf("it ended as %+v", step)
	}
}

// What is not tried again.
func TestNoRetry(t *testing.T) {
	permanent := failed("why")
	permanent.Permanent = true
	tried := failed("why")
	tried.Retries = 3
	for name, test := range map[string]struct {
		pipeline v1alpha1.RecordingPipeline
		ended    outcomes.Observation
		retries  int32
	}{
		"no backoff":                  {pipeline("p", "a"), tried, 3},
		"permanent":                   {retrying(time.Second, nil), permanent, 0},
		"no retries":                  {retrying(time.Second, ptr.To[int32](0)), failed("why"), 0},
		"deleted":                     {retrying(time.Second, nil), outcomes.Observation{State: outcomes.JobMissing}, 0},
		"tried as often by Pods":      {retrying(time.Second, ptr.To[int32](3)), tried, 3},
		"not valid, never was a Job":  {retrying(time.Second, nil), outcomes.Observation{State: outcomes.JobInvalid}, 0},
		"another has taken the place": {retrying(time.Second, nil), outcomes.Observation{State: outcomes.JobTaken}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, test.pipeline)
			if test.ended.State == outcomes.JobInvalid {
				s.in.Recording = recording(stopped, 0)
			}
			s.ends("p/a", test.ended).expect("Failed", "a Failed")
			if got := s.in.Recording.Status.Processing.Steps[0].Retries; got != test.retries {
				t.Errorf("%d retries, want %d", got, test.retries)
			}
		})
	}
}

// The wait doubles up to an hour, is a whole second at least, and counts from the failure, whenever that is heard of.
func TestBackoff(t *testing.T) {
	for name, test := range map[string]struct {
		backoff time.Duration
		retries int32
		late    time.Duration
		want    time.Duration
	}{
		"first":             {10 * time.Second, 0, 0, 10 * time.Second},
		"fourth":            {10 * time.Second, 3, 0, 80 * time.Second},
		"an hour at most":   {10 * time.Second, 15, 0, time.Hour},
		"never beyond":      {time.Hour, 19, 0, time.Hour},
		"a fraction":        {1500 * time.Millisecond, 0, 0, 2 * time.Second},
		"heard of late":     {time.Minute, 0, 40 * time.Second, 20 * time.Second},
		"heard of too late": {time.Minute, 0, time.Hour, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, retrying(test.backoff, ptr.To[int32](20)))
			s.in.Recording = s.in.Recording.DeepCopy()
			s.in.Recording.Status.Processing.Steps[0].Retries = test.retries
			s.in.Jobs[s.runs["p/a"].Name()] = failed("why")
			s.in.Now = noon.Add(test.late)
			s.decide()
			if s.last.RequeueAfter != test.want {
				t.Errorf("it waits %s, want %s", s.last.RequeueAfter, test.want)
			}
		})
	}
}

// A retry that is due waits while the recording is suspended, asks no condition again, and goes on when its pipeline is fixed.
func TestRetryOfAHeldStep(t *testing.T) {
	p := retrying(time.Second, nil)
	p.Spec.Steps[0].When = "true"
	s := tell(t, p).ends("p/a", failed("why"))
	s.in.Recording.Spec.Suspend = true
	s.in.Now = s.in.Now.Add(time.Minute)
	s.decide().expect("Running", "a Pending").expectCreated("p/a")
	if s.last.RequeueAfter != 0 {
		t.Errorf("it wants to be looked at in %s", s.last.RequeueAfter)
	}
	s.in.Recording.Spec.Suspend = false
	s.in.Pipelines[0].Spec.Steps[0].When = "false"
	s.decide().expect("Running", "a Running").expectCreated("p/a", "p/a")
}

// What is remembered of earlier attempts is never shared with the recording that was read.
func TestHistoryIsNotShared(t *testing.T) {
	s := tell(t, graph("p", "a", "b"))
	for i := range s.in.Pipelines[0].Spec.Steps {
		s.in.Pipelines[0].Spec.Steps[i].Backoff = &metav1.Duration{Duration: time.Second}
	}
	room := make([]v1alpha1.StepAttempt, 1, 8)
	room[0] = v1alpha1.StepAttempt{Pipeline: "p", Step: "a", Attempt: 1, State: v1alpha1.StepFailed}
	s.in.Recording.Status.Processing.History = room
	s.in.Jobs[s.runs["p/a"].Name()] = failed("first")
	one := planning.Decide(s.in).Processing.History
	s.in.Jobs[s.runs["p/a"].Name()] = failed("second")
	planning.Decide(s.in)
	if len(one) != 2 || !strings.Contains(one[1].Message, "first") || room[:2][1].Message != "" {
		t.Errorf("another decision changed this one: %+v", one)
	}
}
