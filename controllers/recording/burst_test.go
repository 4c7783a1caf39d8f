// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// TestBurstWait: in a burst the status of a recording whose Jobs were just created
// waits for the Jobs of others, but not for long, and for nothing else.
func TestBurstWait(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	active := outcomes.Observation{State: outcomes.JobActive}
	running := planning.Decision{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning}}
	type situation struct {
		others   int // recordings in the work queue
		steps    []v1alpha1.StepStatus
		decision planning.Decision
		jobs     map[string]outcomes.Observation
		turns    map[string]scheduling.Answer
		age      time.Duration
	}
	burst := func(change func(*situation)) situation {
		s := situation{others: burstFrom + 1, decision: running, jobs: map[string]outcomes.Observation{"job": active}, age: time.Second}
		change(&s)
		return s
	}
	for name, test := range map[string]struct {
		situation
		want time.Duration
	}{
		"a burst":                         {burst(func(*situation) {}), minBurstPause},
		"a larger one":                    {burst(func(s *situation) { s.others = 100 }), 100 * burstPause},
		"thousands":                       {burst(func(s *situation) { s.others = 2000 }), maxBurstPause},
		"others are all worked on":        {burst(func(s *situation) { s.others = burstFrom }), 0},
		"the status tells of Jobs before": {burst(func(s *situation) { s.steps = []v1alpha1.StepStatus{{Step: "a"}} }), 0},
		"nothing is decided":              {burst(func(s *situation) { s.decision.Processing.State = v1alpha1.ProcessingWaiting }), 0},
		"no Job":                          {burst(func(s *situation) { s.jobs = nil }), 0},
		"a Job has ended":                 {burst(func(s *situation) { s.jobs["job"] = outcomes.Observation{State: outcomes.JobSucceeded} }), 0},
		"another was refused":             {burst(func(s *situation) { s.jobs["other"] = outcomes.Observation{State: outcomes.JobRefused} }), 0},
		"another is queued":               {burst(func(s *situation) { s.turns = map[string]scheduling.Answer{"other": {}} }), 0},
		"for too long":                    {burst(func(s *situation) { s.age = burstPatience }), 0},
	} {
		t.Run(name, func(t *testing.T) {
			scheduler, queue := newTestScheduler(t)
			r := &Reconciler{scheduler: scheduler}
			for n := range test.others {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "ns", Name: fmt.Sprint(n)}})
			}
			recording := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "r"}}
			recording.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting, Steps: test.steps}
			known := &entry{jobs: map[string]*jobEntry{}}
			for job := range test.jobs {
				known.job(job).createTime, known.job(job).awaitedUntil = now.Add(-test.age), now
			}
			facts := &facts{known: known, Input: planning.Input{Recording: recording, Jobs: test.jobs, Queued: test.turns, Now: now}}
			if got := r.burstWait(facts, test.decision); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if job := known.jobs["job"]; job != nil && job.awaitedUntil.After(now) != (test.want > 0) {
				t.Errorf("the Job is remembered until %s, and it is %s", job.awaitedUntil, now)
			}
		})
	}
	if maxBurstPause >= cacheDelay {
		t.Errorf("the status waits for %s, and a Job is remembered for %s", maxBurstPause, cacheDelay)
	}
}
