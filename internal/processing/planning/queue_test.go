// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

const (
	saysQueued     = "Ready=False/Queued Reconciling=True/Queued"
	saysProcessing = "Ready=False/Processing Reconciling=True/Processing"
)

// queueing is an Input in which steps can be queued.
func queueing(r *v1alpha1.MeetingRecording, pipelines ...v1alpha1.RecordingPipeline) planning.Input {
	in := input(r, pipelines...)
	in.Queued = make(map[string]scheduling.Answer)
	return in
}

// inQueue returns a recording whose steps wait in the queue.
func inQueue(t *testing.T, steps ...string) *v1alpha1.MeetingRecording {
	t.Helper()
	in := queueing(recording(stopped, time.Minute), pipeline("p", steps...))
	for i, step := range steps {
		in.Queued[jobName("p", step)] = scheduling.Answer{Position: i + 7, Of: 495}
	}
	return stored(in.Recording, planning.Decide(in))
}

// expectDecision checks the state, the conditions and when to decide again, and that nothing is to be created.
func expectDecision(t *testing.T, decision planning.Decision, state v1alpha1.ProcessingState, conditions string, again time.Duration) {
	t.Helper()
	if len(decision.Create) > 0 || decision.Processing.State != state || kstatus.Conditions(decision.Conditions) != conditions || decision.RequeueAfter != again {
		t.Errorf("%d Jobs, %s, %s, again in %s; want none, %s, %s, %s", len(decision.Create), decision.Processing.State,
			kstatus.Conditions(decision.Conditions), decision.RequeueAfter, state, conditions, again)
	}
}

func TestStepsWaitForTheirTurn(t *testing.T) {
	r := inQueue(t, "a", "b")
	if got := kstatus.Of(t, r); got != "InProgress" {
		t.Errorf("kstatus = %s, want InProgress", got)
	}
	in := queueing(r, pipeline("p", "a", "b"))
	in.Queued[jobName("p", "a")] = scheduling.Answer{Position: 1, Of: 3} // the line has moved, which is not written
	in.Queued[jobName("p", "b")] = scheduling.Answer{Position: 2, Of: 3}
	decision := planning.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, saysQueued, 0)
	if decision.Changes(r) {
		t.Error("a line that moves is written")
	}
	want := "position 7 of 495 in the queue of RecordingPipeline p, which has reached maxConcurrent"
	if got := r.Status.Processing.Steps[0]; got.State != v1alpha1.StepQueued || got.Message != want || got.StartTime != nil {
		t.Errorf("step = %+v, want Queued: %s", got, want)
	}
}

// Where one step is at work the recording runs, though others wait.
func TestSomeStepsWait(t *testing.T) {
	in := queueing(recording(stopped, time.Minute), pipeline("p", "a"), pipeline("q", "a"))
	in.Queued[jobName("q", "a")] = scheduling.Answer{Position: 1, Of: 1}
	if create := planning.Decide(in).Create; len(create) != 1 || create[0].Pipeline != "p" {
		t.Fatalf("create = %+v, want the Job of p", create)
	}
	in.Jobs[jobName("p", "a")] = active()
	expectDecision(t, planning.Decide(in), v1alpha1.ProcessingRunning, saysProcessing, 0)
}

// A step that has left the queue is Running.
func TestLeavingTheQueue(t *testing.T) {
	inUse := active()
	inUse.Problem = &outcomes.Problem{Head: "container main does not start (InvalidImageName)", Since: noon}
	for name, test := range map[string]struct {
		jobs    map[string]outcomes.Observation
		state   v1alpha1.ProcessingState
		changes bool
	}{
		"it runs":                 {jobs: map[string]outcomes.Observation{"a": active()}, state: "Running", changes: true},
		"both run":                {jobs: map[string]outcomes.Observation{"a": active(), "b": active()}, state: "Running", changes: true},
		"the other has ended":     {jobs: map[string]outcomes.Observation{"a": succeeded(), "b": active()}, state: "Running", changes: true},
		"its Pod does not start":  {jobs: map[string]outcomes.Observation{"a": inUse}, state: "Running", changes: true},
		"it was deleted":          {jobs: map[string]outcomes.Observation{"a": {State: outcomes.JobMissing}}, state: "Queued", changes: true},
		"another is refused":      {jobs: map[string]outcomes.Observation{"a": active(), "b": {State: outcomes.JobRefused, Message: "quota"}}, state: "Running", changes: true},
		"it succeeded":            {jobs: map[string]outcomes.Observation{"a": succeeded(), "b": succeeded()}, state: "Succeeded", changes: true},
		"it failed, and no other": {jobs: map[string]outcomes.Observation{"a": failed("why")}, state: "Queued", changes: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := inQueue(t, "a", "b")
			in := queueing(r, pipeline("p", "a", "b"))
			for _, step := range []string{"a", "b"} {
				if job, ok := test.jobs[step]; ok {
					in.Jobs[jobName("p", step)] = job
				} else {
					in.Queued[jobName("p", step)] = scheduling.Answer{Position: 1, Of: 1}
				}
			}
			decision := planning.Decide(in)
			if decision.Processing.State != test.state || decision.Changes(r) != test.changes {
				t.Errorf("%s, changes %t; want %s, %t: %+v", decision.Processing.State, decision.Changes(r), test.state, test.changes, decision.Processing.Steps)
			}
			if after := stored(r, decision); planning.Decide(withRecording(in, after)).Changes(after) {
				t.Error("the same facts change the status twice")
			}
		})
	}
}

func withRecording(in planning.Input, r *v1alpha1.MeetingRecording) planning.Input {
	in.Recording = r
	return in
}

// A queued step that cannot have its Job after all says why, and is Pending.
func TestQueuedStepIsRefused(t *testing.T) {
	in := queueing(inQueue(t, "a"), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = outcomes.Observation{State: outcomes.JobRefused, Message: "quota"}
	step := planning.Decide(in).Processing.Steps[0]
	if step.State != v1alpha1.StepPending || step.Message != "quota" {
		t.Errorf("step = %+v, want Pending: quota", step)
	}
}

// A recording that is suspended while its steps wait gives their places up, and gets others when it is released.
func TestSuspendWhileQueued(t *testing.T) {
	r := inQueue(t, "a")
	r.Spec.Suspend = true
	in := queueing(r, pipeline("p", "a"))
	decision := planning.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, "Ready=False/Suspended", 0)
	if step := decision.Processing.Steps[0]; step.State != v1alpha1.StepPending || step.Message != "" {
		t.Errorf("step = %+v, want Pending without a message", step)
	}
	r = stored(r, decision)
	r.Spec.Suspend = false
	in = queueing(r, pipeline("p", "a"))
	if create := planning.Decide(in).Create; len(create) != 1 {
		t.Errorf("create = %+v, want the Job", create)
	}
	in.Queued[jobName("p", "a")] = scheduling.Answer{Position: 1, Of: 2}
	expectDecision(t, planning.Decide(in), v1alpha1.ProcessingQueued, saysQueued, 0)
}

// A pipeline that loses its limit, or goes, leaves nobody waiting.
func TestQueuedWithoutLimit(t *testing.T) {
	r := inQueue(t, "a")
	if create := planning.Decide(queueing(r, pipeline("p", "a"))).Create; len(create) != 1 {
		t.Errorf("create = %+v, want the Job", create)
	}
	if got := planning.Decide(queueing(r)).Processing.State; got != v1alpha1.ProcessingFailed {
		t.Errorf("without its pipeline it is %s, want Failed", got)
	}
}

// A Job that waits for Kueue is Queued, and known to exist: when it is gone, somebody deleted it.
func TestKueueAdmits(t *testing.T) {
	p := pipeline("p", "a")
	p.Spec.QueueName = "team-a"
	in := queueing(recording(stopped, time.Minute), p)
	create := planning.Decide(in).Create
	if len(create) != 1 || create[0].Policy.QueueName != "team-a" {
		t.Fatalf("create = %+v, want a Job for LocalQueue team-a", create)
	}
	waits := active()
	waits.Queue = "team-a"
	in.Jobs[jobName("p", "a")] = waits
	decision := planning.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, saysQueued, 0)
	want := []v1alpha1.StepStatus{{
		Pipeline: "p", Step: "a", JobName: jobName("p", "a"), Attempt: 1, State: v1alpha1.StepQueued, StartTime: &waits.CreatedAt,
		Message: "Job " + jobName("p", "a") + " waits for LocalQueue team-a of Kueue: kubectl describe workloads shows why",
	}}
	if diff := cmp.Diff(want, decision.Processing.Steps); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	r := stored(in.Recording, decision)
	for name, test := range map[string]struct {
		job   outcomes.Observation
		state v1alpha1.ProcessingState
		again time.Duration
	}{
		"nothing is known": {state: v1alpha1.ProcessingQueued},
		"it still waits":   {job: waits, state: v1alpha1.ProcessingQueued},
		"admitted now":     {job: active(), state: v1alpha1.ProcessingRunning},
		"deleted":          {job: outcomes.Observation{State: outcomes.JobMissing}, state: v1alpha1.ProcessingFailed},
		"succeeded":        {job: succeeded(), state: v1alpha1.ProcessingSucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			in := queueing(r, p)
			in.Jobs[jobName("p", "a")] = test.job
			decision := planning.Decide(in)
			if decision.Processing.State != test.state || decision.RequeueAfter != test.again || len(decision.Create) > 0 {
				t.Errorf("%s, again in %s, %d Jobs; want %s, %s, none", decision.Processing.State, decision.RequeueAfter, len(decision.Create), test.state, test.again)
			}
		})
	}
}
