// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

// Whatever has happened: once the controller has nothing more to write, an event or a timeout leads out of the state, or nothing is
// left to do. What leads out really changes something, a Job that makes no progress becomes Stalled, and one that does has a deadline.
func TestEveryStateHasAnExit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]v1alpha1.RecordingState{"", v1alpha1.RecordingStarting, v1alpha1.RecordingStarted, v1alpha1.RecordingStopping, stopped, fail}).Draw(t, "state")
		w := newWorld(t, end, drawPipelines(t), 1)
		if w.stored().Status.Recording.State.IsFinal() {
			w.live()
		}
		in, decision := w.rest()
		if in.Recording.Status.Processing.State.IsFinal() && !planning.RerunIsDue(in.Recording) {
			if kstatusIsInProgress(in.Recording) {
				t.Fatalf("it is done, and kstatus says that it is in progress: generation %d, %+v", in.Recording.Generation, in.Recording.Status)
			}
			return
		}
		exits := exitsOf(in, decision)
		// Beside a step that makes it Stalled, the time at which another one would changes nothing yet.
		isStalled := strings.Contains(kstatus.Conditions(decision.Conditions), "Stalled=True")
		if len(exits) == 0 || decision.RequeueAfter > 0 && !isStalled && !slices.Contains(exits, "timeout") {
			t.Fatalf("only %v lead out of %+v, again in %s, conditions %s", exits, in.Recording.Status.Processing, decision.RequeueAfter, kstatus.Conditions(in.Recording.Status.Conditions))
		}
		for name, observed := range in.Jobs {
			switch {
			case observed.State != outcomes.JobActive:
			case observed.Problem != nil:
				late := in
				late.Now, late.Jobs = in.Now.Add(settings.StallAfter), maps.Clone(in.Jobs)
				decision := planning.Decide(late)
				for ; len(decision.Create) > 0; decision = planning.Decide(late) { // the backoff of another step is over, too
					for _, run := range decision.Create {
						late.Jobs[run.Name()] = outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(late.Now)}
					}
				}
				if got := kstatus.Conditions(decision.Conditions); !strings.Contains(got, "Stalled=True") {
					t.Fatalf("Job %s makes no progress, and after a while it says %s", name, got)
				}
			case jobs.Build(w.runs[name].run).Spec.ActiveDeadlineSeconds == nil:
				t.Fatalf("Job %s can run forever", name)
			}
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
			for len(decision.Create) > 0 { // rejected, queued, or another Job has the name
				for _, run := range decision.Create {
					w.ask(c, in, run, calm)
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

// exitsOf names what leads out of the state: what makes a decision that stores something or creates a Job.
func exitsOf(in planning.Input, decision planning.Decision) (exits []string) {
	try := func(exit string, change func(*planning.Input)) {
		next := in
		next.Recording, next.Jobs, next.Queued = in.Recording.DeepCopy(), maps.Clone(in.Jobs), maps.Clone(in.Queued)
		change(&next)
		if changed := planning.Decide(next); len(changed.Create) > 0 || changed.Changes(in.Recording) {
			exits = append(exits, exit)
		}
	}
	if decision.RequeueAfter > 0 {
		try("timeout", func(next *planning.Input) { next.Now = next.Now.Add(decision.RequeueAfter) })
	}
	for name, observed := range in.Jobs {
		switch observed.State {
		case outcomes.JobActive:
			try("the Job's end", func(next *planning.Input) {
				next.Jobs[name] = outcomes.Observation{State: outcomes.JobSucceeded, CreatedAt: observed.CreatedAt, EndedAt: metav1.NewTime(in.Now)}
			})
		case outcomes.JobTaken, outcomes.JobRefused, outcomes.JobDeferred:
			try("the controller's retry", func(next *planning.Input) {
				next.Jobs[name] = outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(in.Now)}
			})
		}
	}
	for name := range in.Queued {
		try("a free slot", func(next *planning.Input) { delete(next.Queued, name) })
	}
	if in.Recording.Spec.Suspend {
		try("spec.suspend", func(next *planning.Input) { next.Recording.Spec.Suspend = false })
	}
	if !in.Recording.Status.Recording.State.IsFinal() {
		try("the event that ends the recording", func(next *planning.Input) { next.Recording.Status.Recording.State = stopped })
	}
	return exits
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
			if got := kstatus.Conditions(decision.Conditions); got != test.says || decision.RequeueAfter != test.again {
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
	if got := kstatus.Conditions(planning.Decide(in).Conditions); got != "Ready=False/NoProgress Stalled=True/NoProgress" {
		t.Errorf("it says %s after a while", got)
	}
}
