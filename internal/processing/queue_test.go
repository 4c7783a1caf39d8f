// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

const (
	saysQueued     = "Ready=False/Queued Reconciling=True/Queued"
	saysProcessing = "Ready=False/Processing Reconciling=True/Processing"
)

// lazy is an Input by which steps that leave the queue are told of after five seconds.
func lazy(r *v1alpha1.MeetingRecording, pipelines ...v1alpha1.RecordingPipeline) processing.Input {
	in := input(r, pipelines...)
	in.Settings.RunningAfter = 5 * time.Second
	in.Turns = make(map[string]processing.Turn)
	return in
}

// began is a Job that was first seen to be at work so long before noon.
func began(ago time.Duration) processing.Observation {
	observed := processing.Active(metav1.NewTime(noon.Add(-ago)))
	observed.Since = noon.Add(-ago)
	return observed
}

// inQueue returns a recording whose steps wait for their turn.
func inQueue(t *testing.T, steps ...string) *v1alpha1.MeetingRecording {
	t.Helper()
	in := lazy(recording(stopped, time.Minute), pipeline("p", steps...))
	for i, step := range steps {
		in.Turns[jobName("p", step)] = processing.Turn{Position: i + 7, Of: 495}
	}
	return stored(in.Recording, processing.Decide(in))
}

// expectDecision checks the state, the conditions and when to decide again, and that nothing is to be created.
func expectDecision(t *testing.T, decision processing.Decision, state v1alpha1.ProcessingState, conditions string, again time.Duration) {
	t.Helper()
	if len(decision.Create) > 0 || decision.Processing.State != state || said(decision.Conditions) != conditions || decision.RequeueAfter != again {
		t.Errorf("%d Jobs, %s, %s, again in %s; want none, %s, %s, %s", len(decision.Create), decision.Processing.State,
			said(decision.Conditions), decision.RequeueAfter, state, conditions, again)
	}
}

func TestStepsWaitForTheirTurn(t *testing.T) {
	r := inQueue(t, "a", "b")
	if got := kstatusOf(t, r); got != "InProgress" {
		t.Errorf("kstatus = %s, want InProgress", got)
	}
	in := lazy(r, pipeline("p", "a", "b"))
	in.Turns[jobName("p", "a")] = processing.Turn{Position: 1, Of: 3} // the line has moved, which is not written
	in.Turns[jobName("p", "b")] = processing.Turn{Position: 2, Of: 3}
	decision := processing.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, saysQueued, 0)
	if decision.Changes(r) {
		t.Error("a line that moves is written")
	}
	want := "position 7 of 495 in the queue of RecordingPipeline p, whose maxConcurrent Jobs are at work"
	if got := r.Status.Processing.Steps[0]; got.State != v1alpha1.StepQueued || got.Message != want || got.StartTime != nil {
		t.Errorf("step = %+v, want Queued: %s", got, want)
	}
}

// Where one step is at work the recording runs, though others wait.
func TestSomeStepsWait(t *testing.T) {
	in := lazy(recording(stopped, time.Minute), pipeline("p", "a"), pipeline("q", "a"))
	in.Turns[jobName("q", "a")] = processing.Turn{Position: 1, Of: 1}
	if create := processing.Decide(in).Create; len(create) != 1 || create[0].Pipeline != "p" {
		t.Fatalf("create = %+v, want the Job of p", create)
	}
	in.Jobs[jobName("p", "a")] = began(0)
	expectDecision(t, processing.Decide(in), v1alpha1.ProcessingRunning, saysProcessing, 0)
}

// A step that has left the queue is told of when it has been at work for a while, or when anything else is.
func TestLeavingTheQueue(t *testing.T) {
	inUse := began(0)
	inUse.Waiting = &processing.Waiting{Head: "container main does not start (InvalidImageName)", Since: noon}
	ahead := began(-time.Hour)
	for name, test := range map[string]struct {
		jobs    map[string]processing.Observation
		state   v1alpha1.ProcessingState
		changes bool
		again   time.Duration
	}{
		"just now":                {jobs: map[string]processing.Observation{"a": began(0)}, state: "Queued", again: 5 * time.Second},
		"a moment ago":            {jobs: map[string]processing.Observation{"a": began(4 * time.Second)}, state: "Queued", again: time.Second},
		"both":                    {jobs: map[string]processing.Observation{"a": began(4 * time.Second), "b": began(0)}, state: "Queued", again: time.Second},
		"a while ago":             {jobs: map[string]processing.Observation{"a": began(5 * time.Second)}, state: "Running", changes: true},
		"one of two":              {jobs: map[string]processing.Observation{"a": began(5 * time.Second), "b": began(0)}, state: "Running", changes: true},
		"the other has ended":     {jobs: map[string]processing.Observation{"a": succeeded(), "b": began(0)}, state: "Running", changes: true},
		"its Pod does not start":  {jobs: map[string]processing.Observation{"a": inUse}, state: "Running", changes: true},
		"it was not seen to":      {jobs: map[string]processing.Observation{"a": active()}, state: "Running", changes: true},
		"clocks went backwards":   {jobs: map[string]processing.Observation{"a": ahead}, state: "Queued", again: 5 * time.Second},
		"it was deleted":          {jobs: map[string]processing.Observation{"a": {State: processing.JobMissing}}, state: "Queued", changes: true},
		"another is refused":      {jobs: map[string]processing.Observation{"a": began(0), "b": {State: processing.JobRefused, Message: "quota"}}, state: "Running", changes: true},
		"it succeeded":            {jobs: map[string]processing.Observation{"a": succeeded(), "b": succeeded()}, state: "Succeeded", changes: true},
		"it failed, and no other": {jobs: map[string]processing.Observation{"a": failed("why")}, state: "Queued", changes: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := inQueue(t, "a", "b")
			in := lazy(r, pipeline("p", "a", "b"))
			for _, step := range []string{"a", "b"} {
				if job, ok := test.jobs[step]; ok {
					in.Jobs[jobName("p", step)] = job
				} else {
					in.Turns[jobName("p", step)] = processing.Turn{Position: 1, Of: 1}
				}
			}
			decision := processing.Decide(in)
			if decision.Processing.State != test.state || decision.Changes(r) != test.changes {
				t.Errorf("%s, changes %t; want %s, %t: %+v", decision.Processing.State, decision.Changes(r), test.state, test.changes, decision.Processing.Steps)
			}
			if test.again > 0 && decision.RequeueAfter != test.again {
				t.Errorf("again in %s, want %s", decision.RequeueAfter, test.again)
			}
			if after := stored(r, decision); processing.Decide(withRecording(in, after)).Changes(after) {
				t.Error("the same facts change the status twice")
			}
		})
	}
}

func withRecording(in processing.Input, r *v1alpha1.MeetingRecording) processing.Input {
	in.Recording = r
	return in
}

// A queued step that cannot have its Job after all says why, and is Pending.
func TestQueuedStepIsRefused(t *testing.T) {
	in := lazy(inQueue(t, "a"), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = processing.Observation{State: processing.JobRefused, Message: "quota"}
	step := processing.Decide(in).Processing.Steps[0]
	if step.State != v1alpha1.StepPending || step.Message != "quota" {
		t.Errorf("step = %+v, want Pending: quota", step)
	}
}

// A recording that is suspended while its steps wait gives their places up, and gets others when it is released.
func TestSuspendWhileQueued(t *testing.T) {
	r := inQueue(t, "a")
	r.Spec.Suspend = true
	in := lazy(r, pipeline("p", "a"))
	decision := processing.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, "Ready=False/Suspended", 0)
	if step := decision.Processing.Steps[0]; step.State != v1alpha1.StepPending || step.Message != "" {
		t.Errorf("step = %+v, want Pending without a message", step)
	}
	r = stored(r, decision)
	r.Spec.Suspend = false
	in = lazy(r, pipeline("p", "a"))
	if create := processing.Decide(in).Create; len(create) != 1 {
		t.Errorf("create = %+v, want the Job", create)
	}
	in.Turns[jobName("p", "a")] = processing.Turn{Position: 1, Of: 2}
	expectDecision(t, processing.Decide(in), v1alpha1.ProcessingQueued, saysQueued, 0)
}

// A pipeline that loses its limit, or goes, leaves nobody waiting.
func TestQueuedWithoutLimit(t *testing.T) {
	r := inQueue(t, "a")
	if create := processing.Decide(lazy(r, pipeline("p", "a"))).Create; len(create) != 1 {
		t.Errorf("create = %+v, want the Job", create)
	}
	if got := processing.Decide(lazy(r)).Processing.State; got != v1alpha1.ProcessingFailed {
		t.Errorf("without its pipeline it is %s, want Failed", got)
	}
}

// A Job that waits for Kueue is Queued, and known to exist: when it is gone, somebody deleted it.
func TestKueueAdmits(t *testing.T) {
	p := pipeline("p", "a")
	p.Spec.QueueName = "team-a"
	in := lazy(recording(stopped, time.Minute), p)
	create := processing.Decide(in).Create
	if len(create) != 1 || create[0].Policy.QueueName != "team-a" {
		t.Fatalf("create = %+v, want a Job for LocalQueue team-a", create)
	}
	waits := active()
	waits.Queue = "team-a"
	in.Jobs[jobName("p", "a")] = waits
	decision := processing.Decide(in)
	expectDecision(t, decision, v1alpha1.ProcessingQueued, saysQueued, 0)
	want := []v1alpha1.StepStatus{{
		Pipeline: "p", Step: "a", JobName: jobName("p", "a"), Attempt: 1, State: v1alpha1.StepQueued, StartTime: &waits.CreatedAt,
		Message: "Job " + jobName("p", "a") + " waits for LocalQueue team-a of Kueue: kubectl describe workloads tells why",
	}}
	if diff := cmp.Diff(want, decision.Processing.Steps); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	r := stored(in.Recording, decision)
	for name, test := range map[string]struct {
		job   processing.Observation
		state v1alpha1.ProcessingState
		again time.Duration
	}{
		"nothing is known": {state: v1alpha1.ProcessingQueued},
		"it still waits":   {job: waits, state: v1alpha1.ProcessingQueued},
		"admitted now":     {job: began(0), state: v1alpha1.ProcessingQueued, again: 5 * time.Second},
		"admitted":         {job: began(time.Minute), state: v1alpha1.ProcessingRunning},
		"deleted":          {job: processing.Observation{State: processing.JobMissing}, state: v1alpha1.ProcessingFailed},
		"succeeded":        {job: succeeded(), state: v1alpha1.ProcessingSucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			in := lazy(r, p)
			in.Jobs[jobName("p", "a")] = test.job
			decision := processing.Decide(in)
			if decision.Processing.State != test.state || decision.RequeueAfter != test.again || len(decision.Create) > 0 {
				t.Errorf("%s, again in %s, %d Jobs; want %s, %s, none", decision.Processing.State, decision.RequeueAfter, len(decision.Create), test.state, test.again)
			}
		})
	}
}
