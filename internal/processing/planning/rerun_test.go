// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

// finished is a recording whose steps a, b (which needs a) and c have succeeded.
func finished(t *testing.T) *story {
	t.Helper()
	made := succeeded()
	made.Outputs = []v1alpha1.StepOutput{{Name: "made", URL: "x:1"}}
	s := tell(t, graph("p", "a", "b needs a", "c")).ends("p/a", made).ends("p/b", made).ends("p/c", made)
	s.expect("Succeeded", "a Succeeded; b Succeeded; c Succeeded")
	s.created = nil
	return s
}

// attempts sums up steps and history, such as "a2 b1 | a1".
func (s *story) attempts() string {
	var steps, history []string
	for _, step := range s.in.Recording.Status.Processing.Steps {
		steps = append(steps, fmt.Sprintf("%s%d", step.Step, step.Attempt))
	}
	for _, earlier := range s.in.Recording.Status.Processing.History {
		history = append(history, fmt.Sprintf("%s%d", earlier.Step, earlier.Attempt))
	}
	return strings.TrimSpace(strings.Join(steps, " ") + " | " + strings.Join(history, " "))
}

func (s *story) expectAttempts(want string) *story {
	s.t.Helper()
	if got := s.attempts(); got != want {
		s.t.Fatalf("attempts %s, want %s", got, want)
	}
	return s
}

// A new token runs all steps again, by the pipelines that match now, in their order, and leaves what was in the history.
func TestRerunAll(t *testing.T) {
	s := finished(t)
	before := s.in.Recording.Status.Processing.Steps
	s.in.Pipelines = append(s.in.Pipelines, pipeline("q", "d"))
	s.asks("again").expect("Running", "a Running; b Pending; c Running; d Running").expectCreated("p/a", "p/c", "q/d")
	s.expectAttempts("a2 b2 c2 d2 | a1 b1 c1")
	for i, earlier := range s.in.Recording.Status.Processing.History {
		if earlier.State != v1alpha1.StepSucceeded || !earlier.CompletionTime.Equal(before[i].CompletionTime) || len(earlier.Outputs) != 1 {
			t.Errorf("the history has %+v of %+v", earlier, before[i])
		}
	}
	if got, want := kstatus.Conditions(s.last.Conditions), "Ready=False/Processing Reconciling=True/Processing"; got != want {
		t.Errorf("says %s, want %s", got, want)
	}
	s.ends("p/a", succeeded()).ends("p/b", failed("why")).ends("p/c", succeeded()).ends("q/d", succeeded())
	s.expect("Failed", "a Succeeded; b Failed; c Succeeded; d Succeeded").decide().expectAttempts("a2 b2 c2 d2 | a1 b1 c1")
	s.asks("third").expectAttempts("a3 b3 c3 d3 | a1 b1 c1 a2 b2 c2 d2")
}

// Named steps run again and those that need them; the others stay.
func TestRerunSome(t *testing.T) {
	s := finished(t).asks("again", "p/a").expect("Running", "a Running; b Pending; c Succeeded").expectAttempts("a2 b2 c1 | a1 b1")
	s.ends("p/a", succeeded()).ends("p/b", succeeded()).expect("Succeeded", "a Succeeded; b Succeeded; c Succeeded")
	s.asks("more", "p/b", "p/c", "p/b").expect("Running", "a Succeeded; b Running; c Running").expectAttempts("a2 b3 c3 | a1 b1 b2 c1")
}

// A rerun of a step whose need failed is skipped again; together with the need it runs.
func TestRerunAfterAFailure(t *testing.T) {
	s := tell(t, graph("p", "a", "b needs a", "c needs b")).ends("p/a", failed("why"))
	s.asks("b", "p/c").expect("Failed", "a Failed; b Skipped NeedFailed; c Skipped NeedFailed").expectAttempts("a1 b1 c2 | c1")
	s.asks("a", "p/a").expect("Running", "a Running; b Pending; c Pending").expectAttempts("a3 b3 c3 | c1 a1 b1 c2")
}

// What cannot be run again says why, once, and leaves everything as it is.
func TestRerunRefused(t *testing.T) {
	many := make([]v1alpha1.RecordingPipeline, 0, 9)
	for i := range 9 {
		many = append(many, pipeline(fmt.Sprintf("p%d", i), strings.Fields(strings.Repeat("s ", 32))...))
	}
	for name, test := range map[string]struct {
		pipelines []v1alpha1.RecordingPipeline
		steps     []string
		want      string
	}{
		"unknown steps":    {[]v1alpha1.RecordingPipeline{pipeline("p", "a")}, []string{"p/a", "p/x", "q/a"}, `The rerun "again" cannot start: the recording has no step p/x, q/a. Its steps are in status.processing.steps; a rerun without steps plans again.`},
		"nothing matches":  {nil, nil, `The rerun "again" cannot start: no RecordingPipeline of the namespace matches the recording.`},
		"too many at once": {many, nil, `The rerun "again" cannot start: The RecordingPipelines that match have 288 steps together and a recording can hold 256: narrow their selectors, or delete some.`},
	} {
		t.Run(name, func(t *testing.T) {
			s := finished(t)
			s.in.Pipelines = test.pipelines
			r := s.in.Recording.DeepCopy()
			r.Spec.Rerun = &v1alpha1.Rerun{Token: "again", Steps: references(test.steps)}
			s.in.Recording = r
			notices := planning.Notices(r, planning.Decide(s.in))
			if len(notices) != 1 || notices[0].Reason != "RerunRefused" || notices[0].Message != test.want {
				t.Errorf("notices %+v, want one: %s", notices, test.want)
			}
			s.writes = 0
			s.decide().expect("Succeeded", "a Succeeded; b Succeeded; c Succeeded").expectAttempts("a1 b1 c1 |")
			ready := meta.FindStatusCondition(s.in.Recording.Status.Conditions, v1alpha1.ConditionReady)
			if s.writes != 1 || ready.Reason != v1alpha1.ReasonProcessed || ready.Message != "Every step succeeded (3). "+test.want {
				t.Errorf("%d writes; %s: %s", s.writes, ready.Reason, ready.Message)
			}
		})
	}
}

// A recording that nothing matched has its steps once something does and a rerun asks for it.
func TestRerunOfASkippedRecording(t *testing.T) {
	s := tell(t).expect("Skipped", "").asks("early").expect("Skipped", "")
	if got, want := s.in.Recording.Status.Conditions[0].Message, `No RecordingPipeline of the namespace matched when the recording ended as Stopped. `+
		`The rerun "early" cannot start: no RecordingPipeline of the namespace matches the recording.`; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	s.in.Pipelines = append(s.in.Pipelines, pipeline("p", "a"))
	s.decide().expect("Skipped", "").asks("again").expect("Running", "a Running").expectAttempts("a1 |")
}

// A token that was there before processing began asks for nothing; one that comes meanwhile waits until it has ended.
func TestTokensBeforeTheEnd(t *testing.T) {
	in := input(recording(stopped, 0), pipeline("p", "a"))
	in.Recording.Spec.Rerun = &v1alpha1.Rerun{Token: "first"}
	s := &story{t: t, in: in, runs: finished(t).runs}
	s.decide().ends("p/a", succeeded()).expect("Succeeded", "a Succeeded").expectAttempts("a1 |")

	s = tell(t, pipeline("p", "a")).asks("early").expect("Running", "a Running").expectAttempts("a1 |")
	s.in.Jobs[s.runs["p/a"].Name()] = succeeded()
	ended := planning.Decide(s.in)
	if ended.Processing.State != v1alpha1.ProcessingSucceeded || !planning.RerunIsDue(stored(s.in.Recording, ended)) {
		t.Errorf("it ended as %s, want Succeeded and that the rerun is due", ended.Processing.State)
	}
	s.decide().expect("Running", "a Running").expectAttempts("a2 | a1")
}

// A rerun may come with suspend, which holds it; what is taken back is not asked for.
func TestRerunHeld(t *testing.T) {
	s := finished(t)
	s.in.Recording.Spec.Suspend = true
	s.asks("again").expect("Running", "a Pending; b Pending; c Pending").expectCreated()
	if got, want := kstatus.Conditions(s.last.Conditions), "Ready=False/Suspended"; got != want {
		t.Errorf("says %s, want %s", got, want)
	}
	s.in.Recording.Spec.Suspend = false
	s.decide().expect("Running", "a Running; b Pending; c Running")

	s = finished(t).asks("x", "p/c").ends("p/c", succeeded())
	s.in.Recording.Spec.Rerun = nil
	if s.decide(); planning.RerunIsDue(s.in.Recording) || s.attempts() != "a1 b1 c2 | c1" {
		t.Errorf("without spec.rerun it runs again: %s", s.attempts())
	}
}
