// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

// graph returns a pipeline of steps written as "name", or "name needs a,b", or "name when true", in this order.
func graph(name string, steps ...string) v1alpha1.RecordingPipeline {
	var names []string
	for _, step := range steps {
		names = append(names, strings.Fields(step)[0])
	}
	p := pipeline(name, names...)
	for i, step := range steps {
		_, rest, _ := strings.Cut(step, " ")
		rest, p.Spec.Steps[i].When, _ = strings.Cut(rest, "when ")
		if needs, ok := strings.CutPrefix(strings.TrimSpace(rest), "needs "); ok {
			p.Spec.Steps[i].Needs = strings.Split(needs, ",")
		}
	}
	return p
}

// story drives one recording as the controller does, and keeps what it asked for.
type story struct {
	t       *testing.T
	in      planning.Input
	created []string
	runs    map[string]jobs.Run
	writes  int
	last    planning.Decision
}

func tell(t *testing.T, pipelines ...v1alpha1.RecordingPipeline) *story {
	t.Helper()
	s := &story{t: t, in: input(recording(stopped, 0), pipelines...), runs: make(map[string]jobs.Run)}
	return s.decide()
}

// decide lets the controller decide until it has nothing to write any more.
func (s *story) decide() *story {
	s.t.Helper()
	for range 100 {
		s.last = planning.Decide(s.in)
		for len(s.last.Create) > 0 {
			for _, run := range s.last.Create {
				s.created = append(s.created, run.Pipeline+"/"+run.Step.Name)
				s.runs[run.Pipeline+"/"+run.Step.Name] = run
				s.in.Jobs[run.Name()] = outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(s.in.Now)}
			}
			s.last = planning.Decide(s.in)
		}
		if !s.last.Changes(s.in.Recording) {
			return s
		}
		s.in.Recording = stored(s.in.Recording, s.last)
		s.writes++
	}
	s.t.Fatal("it writes without end")
	return s
}

// ends ends the Job of the step's latest attempt as the observation says.
func (s *story) ends(step string, how outcomes.Observation) *story {
	s.t.Helper()
	how.EndedAt = metav1.NewTime(s.in.Now)
	s.in.Jobs[s.runs[step].Name()] = how
	return s.decide()
}

// asks sets the rerun's token, and the steps.
func (s *story) asks(token string, steps ...string) *story {
	s.t.Helper()
	s.in.Recording = s.in.Recording.DeepCopy()
	s.in.Recording.Spec.Rerun = &v1alpha1.Rerun{Token: token, Steps: references(steps)}
	s.in.Recording.Generation++
	return s.decide()
}

// is sums the steps up, such as "a Succeeded; b Skipped ConditionFalse".
func (s *story) is() string {
	var steps []string
	for _, step := range s.in.Recording.Status.Processing.Steps {
		steps = append(steps, strings.TrimSpace(step.Step+" "+string(step.State)+" "+string(step.Reason)))
	}
	return strings.Join(steps, "; ")
}

func (s *story) expect(state v1alpha1.ProcessingState, steps string) *story {
	s.t.Helper()
	if got := s.in.Recording.Status.Processing.State; got != state || s.is() != steps {
		s.t.Fatalf("it is %s: %s; want %s: %s", got, s.is(), state, steps)
	}
	return s
}

func (s *story) expectCreated(names ...string) *story {
	s.t.Helper()
	if diff := cmp.Diff(names, s.created); diff != "" {
		s.t.Fatalf("Jobs created (-want +got)\n%s", diff)
	}
	return s
}

func (s *story) message(i int) string { return s.in.Recording.Status.Processing.Steps[i].Message }

// The sample pipeline costs one write at its beginning and one for each step that ends: an outcome and the beginning of what
// follows are one.
func TestGraphRunsInOrder(t *testing.T) {
	s := tell(t, graph("p", "notify needs thumbnail,archive", "thumbnail needs probe when false", "archive needs probe", "probe"))
	s.expect("Running", "notify Pending; thumbnail Pending; archive Pending; probe Running").expectCreated("p/probe")
	probed := succeeded()
	probed.Outputs = []v1alpha1.StepOutput{{Name: "report", URL: "file:///r.json"}}
	s.ends("p/probe", probed)
	s.expect("Running", "notify Pending; thumbnail Skipped ConditionFalse; archive Running; probe Succeeded").expectCreated("p/probe", "p/archive")
	if got, want := s.message(1), "Its condition is false: false"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	s.ends("p/archive", succeeded())
	var told []string
	for _, step := range s.runs["p/notify"].Needed {
		told = append(told, step.Step+" "+string(step.State))
	}
	if diff := cmp.Diff([]string{"thumbnail Skipped", "archive Succeeded", "probe Succeeded"}, told); diff != "" {
		t.Errorf("the last step is told of (-want +got)\n%s", diff)
	}
	s.ends("p/notify", succeeded())
	s.expect("Succeeded", "notify Succeeded; thumbnail Skipped ConditionFalse; archive Succeeded; probe Succeeded")
	if s.writes != 4 {
		t.Errorf("%d writes, want 4", s.writes)
	}
	if got, want := s.last.Conditions[0].Message, "Every step succeeded (3) or was skipped by its condition (1)."; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
}

// A failed step skips what needs it, directly or through others, and nothing else, also of another pipeline.
func TestFailureSkipsDependants(t *testing.T) {
	s := tell(t, graph("p", "a", "b needs a", "c needs b", "d", "e needs d,c"), graph("q", "a", "b needs a"))
	s.ends("p/a", failed("why")).expect("Running",
		"a Failed; b Skipped NeedFailed; c Skipped NeedFailed; d Running; e Skipped NeedFailed; a Running; b Pending")
	for _, i := range []int{1, 2, 4} {
		if got, want := s.message(i), "It needs step a, which failed."; got != want {
			t.Errorf("message of step %d = %q, want %q", i, got, want)
		}
	}
	s.ends("p/d", succeeded()).ends("q/a", succeeded()).ends("q/b", succeeded())
	s.expect("Failed", "a Failed; b Skipped NeedFailed; c Skipped NeedFailed; d Succeeded; e Skipped NeedFailed; a Succeeded; b Succeeded")
	if got, want := kstatus.Conditions(s.last.Conditions), failedForGood; got != want {
		t.Errorf("says %s, want %s", got, want)
	}
}

const failedForGood = "Ready=False/ProcessingFailed Stalled=True/ProcessingFailed"

// What can never begin fails and says what to fix.
func TestInvalidGraphsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		steps   []string
		is      string
		message string
	}{
		"unknown":        {[]string{"a needs nobody", "b needs a"}, "a Failed; b Skipped NeedFailed", "It needs step nobody, which is not among the steps that were planned for the recording. Fix the pipeline, then rerun all its steps."},
		"itself":         {[]string{"a needs a"}, "a Failed", "It needs step a, which needs it in turn. Fix the pipeline, then rerun the step."},
		"cycle":          {[]string{"a needs b", "b needs c", "c needs a"}, "a Skipped NeedFailed; b Skipped NeedFailed; c Failed", "It needs step c, which failed."},
		"no evaluation":  {[]string{"a when error", "b needs a"}, "a Failed; b Skipped NeedFailed", "Its condition cannot be evaluated: no such key: durationSeconds"},
		"before a cycle": {[]string{"x needs a", "a needs b", "b needs a"}, "x Skipped NeedFailed; a Skipped NeedFailed; b Failed", "It needs step b, which failed."},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, graph("p", test.steps...)).expect("Failed", test.is)
			if got := s.message(0); got != test.message || len(s.created) > 0 || s.writes != 1 {
				t.Errorf("message = %q, %d Jobs, %d writes; want %q, none, 1", got, len(s.created), s.writes, test.message)
			}
		})
	}
}

// A pipeline whose condition is false does not match; one whose condition cannot be evaluated fails, and says so.
func TestConditionsOfPipelines(t *testing.T) {
	when := func(source string) v1alpha1.RecordingPipeline {
		p := pipeline("p", "a")
		p.Spec.When = source
		return p
	}
	tell(t, when("true")).expect("Running", "a Running")
	tell(t, when("false")).expect("Skipped", "")
	s := tell(t, when("error")).expect("Failed", "a Failed")
	if got, want := s.message(0), "RecordingPipeline p: spec.when cannot be evaluated: no such key: durationSeconds"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
}

// A Job that a controller left when it was stopped before it could write counts as begun, whatever its step needs.
func TestJobLeftBehindIsTakenUp(t *testing.T) {
	s := tell(t, graph("p", "a", "b needs a"))
	left := jobs.Run{Recording: s.in.Recording, Pipeline: "p", Step: s.in.Pipelines[0].Spec.Steps[1], Attempt: 1}
	s.in.Jobs[left.Name()] = active()
	s.runs["p/b"] = left
	s.ends("p/a", outcomes.Observation{State: outcomes.JobMissing}).expect("Running", "a Failed; b Running")
	s.ends("p/b", succeeded()).expect("Failed", "a Failed; b Succeeded").expectCreated("p/a")
}
