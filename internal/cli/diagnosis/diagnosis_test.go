// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

func TestExplain(t *testing.T) {
	for name, test := range situations {
		t.Run(name, func(t *testing.T) {
			test.in.Now = now
			test.in.Incomplete = []string{"pods"}
			answer := Explain(test.in)
			if answer.Reason != test.reason || answer.NeedsAction != test.acts || !strings.Contains(answer.Summary, test.summary) {
				t.Errorf("got %+v", answer)
			}
			if commands := strings.Join(answer.Commands, "\n"); !strings.Contains(commands, test.command) || (test.command == "" && commands != "") {
				t.Errorf("commands %q, want %q", commands, test.command)
			}
			if answer.NeedsAction && (answer.Fix == "" || len(answer.Commands) == 0) {
				t.Errorf("somebody has to act, and nothing says how: %+v", answer)
			}
			if len(answer.Incomplete) != 1 {
				t.Error("what could not be read is not named")
			}
		})
	}
}

// TestRerunWaits: an answer about steps that are under way says that a requested rerun waits for them; no other answer does.
func TestRerunWaits(t *testing.T) {
	asks := func(r *v1alpha1.MeetingRecording, observed string) *v1alpha1.MeetingRecording {
		r.Spec.Rerun = &v1alpha1.Rerun{Token: "again"}
		r.Status.Processing.ObservedRerunToken = observed
		return r
	}
	for name, test := range map[string]struct {
		recording *v1alpha1.MeetingRecording
		waits     bool
	}{
		"requested while a step runs": {asks(runs(), ""), true},
		"observed":                    {asks(runs(), "again"), false},
		"not requested":               {runs(), false},
		"processing has ended": {asks(recording(func(r *v1alpha1.MeetingRecording) {
			withStep(v1alpha1.StepStatus{State: v1alpha1.StepFailed})(r)
			r.Status.Processing.State = v1alpha1.ProcessingFailed
		}), ""), false},
	} {
		answer := Explain(Input{Recording: test.recording, Jobs: usualJob(), Pods: noPods, Now: now})
		says := strings.Contains(answer.Fix, `rerun "again" starts when all steps have ended`)
		acts := strings.Contains(strings.Join(answer.Commands, "\n"), "cancel rec\n") && strings.Contains(strings.Join(answer.Commands, "\n"), "resume rec")
		if says != test.waits || acts != test.waits {
			t.Errorf("%s: %+v", name, answer)
		}
	}
}

// TestReasonOfTomorrow: a reason that this version does not know is passed on.
func TestReasonOfTomorrow(t *testing.T) {
	answer := Explain(Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Ready", "False", "Novelty") }), Now: now})
	if answer.Reason != "Novelty" || answer.Summary != "message of Novelty" {
		t.Errorf("got %+v", answer)
	}
}

// TestGuide: the troubleshooting guide has a row for each answer, and each of its rows has a situation above.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../../docs/how-to/troubleshoot.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, answers := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| [^|]+ \\| [^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		rows[row[1]] = true
	}
	for _, test := range situations {
		answers[test.reason] = true
	}
	for reason := range remedies {
		answers[reason] = true
	}
	if diff := cmp.Diff(answers, rows); diff != "" {
		t.Errorf("(-answers of why +rows of the guide)\n%s", diff)
	}
}

func TestMismatch(t *testing.T) {
	r := recording(func(r *v1alpha1.MeetingRecording) {
		end := metav1.NewMicroTime(now.Add(-time.Minute))
		r.Status.Recording.EndTime = &end
	})
	stopped := []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped} // the API server's default
	for name, test := range map[string]struct {
		spec    v1alpha1.RecordingPipelineSpec
		created time.Duration
		want    string
	}{
		"trigger":  {v1alpha1.RecordingPipelineSpec{Triggers: []v1alpha1.PipelineTrigger{"Failed"}}, time.Hour, "spec.triggers is Failed, the recording is Stopped"},
		"selector": {v1alpha1.RecordingPipelineSpec{Triggers: stopped, Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"a": "b"}}}, time.Hour, "spec.selector does not match"},
		"bad selector": {v1alpha1.RecordingPipelineSpec{Triggers: stopped, Selector: &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{
			{Key: "a", Operator: "in"}}}}, time.Hour, "spec.selector is invalid"},
		"condition": {v1alpha1.RecordingPipelineSpec{Triggers: stopped, When: "false"}, time.Hour, "spec.when was false: false"},
		"too new":   {v1alpha1.RecordingPipelineSpec{Triggers: stopped}, time.Second, "created after the recording ended"},
		"changed":   {v1alpha1.RecordingPipelineSpec{Triggers: stopped}, time.Hour, "it matches now"},
	} {
		t.Run(name, func(t *testing.T) {
			pipeline := &v1alpha1.RecordingPipeline{Spec: test.spec}
			pipeline.CreationTimestamp = ago(test.created)
			if got := mismatch(pipeline, r); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
