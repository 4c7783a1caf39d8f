// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// Whatever has happened: once the controller has nothing more to write, an event or a timeout leads out of the state, or nothing is
// left to do.
func TestEveryStateHasAnExit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]v1alpha1.RecordingState{"", v1alpha1.RecordingStarting, v1alpha1.RecordingStarted, v1alpha1.RecordingStopping, stopped, fail}).Draw(t, "state")
		w := newWorld(t, end, drawPipelines(t), 1)
		if w.stored().Status.Recording.State.IsFinal() {
			w.live()
		}
		in, decision := w.rest()
		switch exit := exitOf(in, decision); {
		case exit == "":
			t.Fatalf("nothing leads out of %+v, conditions %s", in.Recording.Status.Processing, said(in.Recording.Status.Conditions))
		case exit == "done" && kstatusIsInProgress(in.Recording):
			t.Fatalf("it is done, and kstatus says that it is in progress: generation %d, %+v", in.Recording.Generation, in.Recording.Status)
		}
	})
}

// rest reconciles calmly until nothing changes.
func (w *world) rest() (planning.Input, planning.Decision) {
	c := w.controllers[0]
	w.restart(c)
	for range 100 {
		before := len(w.versions)
		w.reconcile(c, calm)
		if len(w.versions) == before && c.cached == before-1 {
			in := w.input(c, calm)
			decision := w.decide(in)
			for len(decision.Create) > 0 { // rejected, or another Job has the name
				for _, run := range decision.Create {
					in.Jobs[run.Name()] = w.create(c, in, run, calm)
				}
				decision = w.decide(in)
			}
			if !decision.Changes(in.Recording) {
				return in, decision
			}
		}
	}
	w.t.Fatal("it never stops writing")
	return planning.Input{}, planning.Decision{}
}

// exitOf names what leads out of the state; empty if nothing does.
func exitOf(in planning.Input, decision planning.Decision) string {
	state := in.Recording.Status.Processing.State
	if state.IsFinal() && !planning.RerunIsDue(in.Recording) {
		return "done"
	}
	if decision.RequeueAfter > 0 {
		return "timeout"
	}
	for _, observed := range in.Jobs {
		switch observed.State {
		case outcomes.JobActive:
			return "the Job's end"
		case outcomes.JobTaken, outcomes.JobRefused, outcomes.JobDeferred:
			return "the controller's retry"
		}
	}
	if in.Recording.Status.Recording.State.IsFinal() && in.Recording.Spec.Suspend {
		return "spec.suspend"
	}
	if !in.Recording.Status.Recording.State.IsFinal() && len(in.Recording.Status.Conditions) > 0 {
		return "the event that is missing, which the conditions name"
	}
	return ""
}

func kstatusIsInProgress(r *v1alpha1.MeetingRecording) bool {
	return len(r.Status.Conditions) > 0 && r.Status.ObservedGeneration != r.Generation
}

// A step without progress becomes Stalled after StallAfter, measured from its last progress.
func TestStallsAfterTheLastProgress(t *testing.T) {
	for name, test := range map[string]struct {
		since time.Duration
		says  string
		again time.Duration
	}{
		"long ago":   {settings.StallAfter, "Ready=False/NoProgress Stalled=True/NoProgress", 0},
		"a while":    {settings.StallAfter - time.Minute, "Ready=False/Processing Reconciling=True/Processing", time.Minute},
		"just now":   {0, "Ready=False/Processing Reconciling=True/Processing", settings.StallAfter},
		"clock back": {-time.Hour, "Ready=False/Processing Reconciling=True/Processing", settings.StallAfter + time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(underWay(t, "a"), pipeline("p", "a"))
			observed := active()
			observed.Problem = &outcomes.Problem{Head: "the Pod runs on node n but is not ready", Since: noon.Add(-test.since), Usual: true}
			in.Jobs[jobName("p", "a")] = observed
			decision := planning.Decide(in)
			if got := said(decision.Conditions); got != test.says || decision.RequeueAfter != test.again {
				t.Errorf("it says %s, again in %s; want %s, %s", got, decision.RequeueAfter, test.says, test.again)
			}
		})
	}
}

// A Job that something else suspended is Queued, says so, and becomes Stalled.
func TestSuspendedByOthers(t *testing.T) {
	in := input(underWay(t, "a"), pipeline("p", "a"))
	observed := active()
	observed.Suspended = true
	observed.Problem = &outcomes.Problem{Head: "the Job is suspended", Since: noon.Add(-time.Minute)}
	in.Jobs[jobName("p", "a")] = observed
	decision := planning.Decide(in)
	if step := decision.Processing.Steps[0]; step.State != v1alpha1.StepQueued || step.Message != "the Job is suspended" {
		t.Errorf("step = %+v, want Queued, with a message", step)
	}
	in.Recording, in.Now = stored(in.Recording, decision), noon.Add(settings.StallAfter)
	if got := said(planning.Decide(in).Conditions); got != "Ready=False/NoProgress Stalled=True/NoProgress" {
		t.Errorf("it says %s after a while", got)
	}
}
