// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

const (
	stopped  = v1alpha1.RecordingStopped
	started  = v1alpha1.RecordingStarted
	stopping = v1alpha1.RecordingStopping
	fail     = v1alpha1.RecordingFailed
)

// The whole chain of rules: what comes first counts.
func TestDecide(t *testing.T) {
	onFailed := pipeline("p", "a")
	onFailed.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerFailed}
	suspended := func(r *v1alpha1.MeetingRecording) *v1alpha1.MeetingRecording { r.Spec.Suspend = true; return r }
	deleted := func(r *v1alpha1.MeetingRecording) *v1alpha1.MeetingRecording {
		r.DeletionTimestamp = ptr.To(metav1.NewTime(noon))
		return r
	}
	final := func(r *v1alpha1.MeetingRecording, state v1alpha1.ProcessingState) *v1alpha1.MeetingRecording {
		r.Status.Processing.State = state
		return r
	}
	created := func(r *v1alpha1.MeetingRecording, ago time.Duration) *v1alpha1.MeetingRecording {
		r.CreationTimestamp = metav1.NewTime(noon.Add(-ago))
		return r
	}
	many := make([]v1alpha1.RecordingPipeline, 0, 9)
	for i := range 9 {
		var steps []string
		for j := range 32 {
			steps = append(steps, fmt.Sprintf("s%d", j))
		}
		many = append(many, pipeline(fmt.Sprintf("p%d", i), steps...))
	}
	tests := map[string]struct {
		recording *v1alpha1.MeetingRecording
		pipelines []v1alpha1.RecordingPipeline
		state     v1alpha1.ProcessingState
		create    int
		said      string
		again     time.Duration
		kstatus   status.Status
	}{
		"no event": {recording: recording("", time.Hour), state: "Waiting", again: 23 * time.Hour, kstatus: "InProgress"},
		"no event for a day": {recording: recording("", 24*time.Hour), state: "Waiting",
			said: "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", kstatus: "Failed"},
		"starting": {recording: recording("Starting", time.Minute), state: "Waiting", again: 24*time.Hour - time.Minute, kstatus: "InProgress"},
		"started":  {recording: recording(started, time.Minute), state: "Waiting", again: 24*time.Hour - time.Minute, kstatus: "InProgress"},
		"started a day ago": {recording: recording(started, 24*time.Hour), state: "Waiting",
			said: "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", kstatus: "Failed"},
		"stopping": {recording: recording(stopping, time.Minute), state: "Waiting", again: 9 * time.Minute, kstatus: "InProgress"},
		"stopping too long": {recording: recording(stopping, 10*time.Minute), state: "Waiting",
			said: "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", kstatus: "Failed"},
		"stopping, clock a bit ahead": {recording: recording(stopping, -5*time.Minute), state: "Waiting", again: 15 * time.Minute, kstatus: "InProgress"},
		"stopping, clock was wrong": {recording: created(recording(stopping, -7*time.Hour), 10*time.Minute), state: "Waiting",
			said: "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", kstatus: "Failed"},
		"going on, suspended": {recording: suspended(recording(started, time.Minute)), state: "Waiting", again: 24*time.Hour - time.Minute, kstatus: "InProgress"},

		"stopped": {recording: recording(stopped, 0), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a", "b"), pipeline("q", "a")}, create: 3},
		"stopped, nothing matches": {recording: recording(stopped, 0), pipelines: []v1alpha1.RecordingPipeline{onFailed}, state: "Skipped",
			said: "Ready=True/NothingToProcess", kstatus: "Current"},
		"stopped, suspended": {recording: suspended(recording(stopped, 0)), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Suspended",
			said: "Ready=False/Suspended", kstatus: "InProgress"},
		"stopped, too many steps": {recording: recording(stopped, 0), pipelines: many, state: "Waiting", again: 5 * time.Minute,
			said: "Ready=False/TooManySteps Stalled=True/TooManySteps", kstatus: "Failed"},
		"stopped, as many steps as can be": {recording: recording(stopped, 0), pipelines: many[:8], create: 256},

		"failed a moment ago":       {recording: recording(fail, 30*time.Second), state: "Waiting", again: 35 * time.Second, kstatus: "InProgress"},
		"failed, suspended":         {recording: suspended(recording(fail, 0)), state: "Waiting", again: 65 * time.Second, kstatus: "InProgress"},
		"failed, clock a bit ahead": {recording: recording(fail, -30*time.Second), state: "Waiting", again: 95 * time.Second, kstatus: "InProgress"},
		"failed, clock was wrong":   {recording: recording(fail, -2*time.Hour), pipelines: []v1alpha1.RecordingPipeline{onFailed}, create: 1},
		"failed, window passed":     {recording: recording(fail, 65*time.Second), pipelines: []v1alpha1.RecordingPipeline{onFailed}, create: 1},
		"failed, nothing for that":  {recording: recording(fail, time.Hour), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Skipped", said: "Ready=True/NothingToProcess", kstatus: "Current"},

		"being deleted": {recording: deleted(recording(stopped, 0)), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Waiting", kstatus: "Terminating"},
		"succeeded":     {recording: final(recording(stopped, 0), "Succeeded"), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Succeeded"},
		"over, failed":  {recording: final(recording(stopped, 0), "Failed"), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Failed"},
		"skipped":       {recording: final(recording(stopped, 0), "Skipped"), pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a")}, state: "Skipped"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := test.recording.DeepCopy()
			decision := planning.Decide(input(test.recording, test.pipelines...))
			if diff := cmp.Diff(before, test.recording); diff != "" {
				t.Errorf("the input was changed (-before +after)\n%s", diff)
			}
			if len(decision.Create) != test.create {
				t.Fatalf("creates %d Jobs, want %d", len(decision.Create), test.create)
			}
			if test.create > 0 {
				return
			}
			if decision.Processing.State != test.state || decision.RequeueAfter != test.again || kstatus.Conditions(decision.Conditions) != test.said {
				t.Errorf("%s, %q, again in %s; want %s, %q, %s", decision.Processing.State, kstatus.Conditions(decision.Conditions),
					decision.RequeueAfter, test.state, test.said, test.again)
			}
			if got := kstatus.Of(t, stored(test.recording, decision)); test.kstatus != "" && got != test.kstatus {
				t.Errorf("kstatus = %s, want %s", got, test.kstatus)
			}
		})
	}
}

func TestMatching(t *testing.T) {
	both := pipeline("p", "a")
	both.Spec.Triggers = []v1alpha1.PipelineTrigger{"Stopped", "Failed"}
	selecting := func(selector v1alpha1.LabelSelector) v1alpha1.RecordingPipeline {
		p := pipeline("p", "a")
		p.Spec.Selector = &selector
		return p
	}
	deleted := pipeline("p", "a")
	deleted.DeletionTimestamp = ptr.To(metav1.NewTime(noon))
	for name, test := range map[string]struct {
		pipeline v1alpha1.RecordingPipeline
		want     int
	}{
		"no selector":      {pipeline("p", "a"), 1},
		"both ends":        {both, 1},
		"empty selector":   {selecting(v1alpha1.LabelSelector{}), 1},
		"label matches":    {selecting(v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "a"}}), 1},
		"label does not":   {selecting(v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "b"}}), 0},
		"selector invalid": {selecting(v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "team", Operator: "Is"}}}), 0},
		"being deleted":    {deleted, 0},
	} {
		t.Run(name, func(t *testing.T) {
			decision := planning.Decide(input(recording(stopped, 0), test.pipeline))
			if len(decision.Create) != test.want {
				t.Errorf("creates %d Jobs, want %d", len(decision.Create), test.want)
			}
		})
	}
}

// What steps mean for the recording, by what is known of their Jobs.
func TestSteps(t *testing.T) {
	waits := func(head string, ago time.Duration, usual bool) outcomes.Observation {
		observed := active()
		observed.Problem = &outcomes.Problem{Head: head, Detail: "detail", Since: noon.Add(-ago), Usual: usual}
		return observed
	}
	because := func(state outcomes.JobState, why string) outcomes.Observation {
		return outcomes.Observation{State: state, Message: why}
	}
	undecided := func(ago time.Duration) outcomes.Observation {
		return outcomes.Observation{State: outcomes.JobDeferred, Message: "no answer", Since: noon.Add(-ago)}
	}
	unknown := outcomes.Observation{}
	const running = "Ready=False/Processing Reconciling=True/Processing"
	tests := map[string]struct {
		a, b    outcomes.Observation
		state   v1alpha1.ProcessingState
		steps   string
		said    string
		again   time.Duration
		kstatus status.Status
	}{
		"both run":           {a: active(), b: active(), state: "Running", steps: "Running; Running", said: running, kstatus: "InProgress"},
		"one succeeded":      {a: succeeded(), b: active(), state: "Running", steps: "Succeeded; Running", said: running, kstatus: "InProgress"},
		"one failed":         {a: failed("why"), b: active(), state: "Running", steps: "Failed why; Running", said: running, kstatus: "InProgress"},
		"both succeeded":     {a: succeeded(), b: succeeded(), state: "Succeeded", steps: "Succeeded; Succeeded", said: "Ready=True/Processed", kstatus: "Current"},
		"one of both failed": {a: succeeded(), b: failed("why"), state: "Failed", steps: "Succeeded; Failed why", said: "Ready=False/ProcessingFailed Stalled=True/ProcessingFailed", kstatus: "Failed"},
		"deleted": {a: succeeded(), b: because(outcomes.JobMissing, ""), state: "Failed",
			steps: "Succeeded; Failed Job " + jobName("p", "b") + " was deleted before its outcome was stored.",
			said:  "Ready=False/ProcessingFailed Stalled=True/ProcessingFailed", kstatus: "Failed"},
		"invalid": {a: active(), b: because(outcomes.JobInvalid, "spec: no"), state: "Running", steps: "Running; Failed spec: no", said: running, kstatus: "InProgress"},
		"refused": {a: active(), b: because(outcomes.JobRefused, "quota"), state: "Running", steps: "Running; Pending quota",
			said: "Ready=False/JobRefused Reconciling=True/JobRefused", kstatus: "InProgress"},
		"name taken": {a: active(), b: because(outcomes.JobTaken, "taken"), state: "Running", steps: "Running; Pending taken",
			said: "Ready=False/JobNameTaken Stalled=True/JobNameTaken", kstatus: "Failed"},
		"taken before refused": {a: because(outcomes.JobRefused, "quota"), b: because(outcomes.JobTaken, "taken"), state: "Running",
			steps: "Pending quota; Pending taken", said: "Ready=False/JobNameTaken Stalled=True/JobNameTaken", kstatus: "Failed"},
		"deferred": {a: active(), b: because(outcomes.JobDeferred, "tcp 10.0.0.1:1234"), state: "Running",
			steps: "Running; Pending tcp 10.0.0.1:1234", said: running, kstatus: "InProgress"},
		"deferred too long": {a: active(), b: undecided(10 * time.Minute), state: "Running", steps: "Running; Pending no answer",
			said: "Ready=False/JobRefused Stalled=True/JobRefused", kstatus: "Failed"},
		"deferred, not too long": {a: active(), b: undecided(time.Minute), state: "Running", steps: "Running; Pending no answer", said: running,
			again: 9 * time.Minute, kstatus: "InProgress"},
		"waits as usual": {a: active(), b: waits("slow", time.Minute, true), state: "Running", steps: "Running; Running", said: running, again: 9 * time.Minute, kstatus: "InProgress"},
		"waits as usual too long": {a: active(), b: waits("slow", 10*time.Minute, true), state: "Running", steps: "Running; Running slow: detail",
			said: "Ready=False/NoProgress Stalled=True/NoProgress", kstatus: "Failed"},
		"image":          {a: active(), b: waits("no image", time.Minute, false), state: "Running", steps: "Running; Running no image: detail", said: running, again: 9 * time.Minute, kstatus: "InProgress"},
		"image too long": {a: active(), b: waits("no image", time.Hour, false), state: "Running", steps: "Running; Running no image: detail", said: "Ready=False/NoProgress Stalled=True/NoProgress", kstatus: "Failed"},
		"refused step left": {a: succeeded(), b: because(outcomes.JobRefused, "quota"), state: "Running",
			steps: "Succeeded; Pending quota", said: "Ready=False/JobRefused Reconciling=True/JobRefused", kstatus: "InProgress"},
		"nothing new": {a: unknown, b: unknown, state: "Running", steps: "Running; Running", said: running, kstatus: "InProgress"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := recording(stopped, time.Minute)
			if test.b.State == outcomes.JobUnknown || test.b.State == outcomes.JobMissing {
				r = underWay(t, "a", "b")
			}
			in := input(r, pipeline("p", "a", "b"))
			in.Jobs[jobName("p", "a")], in.Jobs[jobName("p", "b")] = test.a, test.b
			decision := planning.Decide(in)
			if len(decision.Create) > 0 {
				t.Fatalf("creates %d Jobs, want none", len(decision.Create))
			}
			var steps []string
			for _, step := range decision.Processing.Steps {
				steps = append(steps, strings.TrimSpace(string(step.State)+" "+step.Message))
			}
			if got := strings.Join(steps, "; "); got != test.steps || decision.Processing.State != test.state || decision.RequeueAfter != test.again {
				t.Errorf("%s: %s, again in %s; want %s: %s, %s", decision.Processing.State, got, decision.RequeueAfter, test.state, test.steps, test.again)
			}
			if got := kstatus.Conditions(decision.Conditions); got != test.said {
				t.Errorf("says %q, want %q", got, test.said)
			}
			after := stored(r, decision)
			if got := kstatus.Of(t, after); got != test.kstatus {
				t.Errorf("kstatus = %s, want %s", got, test.kstatus)
			}
			in.Recording = after
			if again := planning.Decide(in); again.Changes(after) {
				t.Errorf("once stored, the next decision changes the status again:\n%s", cmp.Diff(after.Status.Processing, again.Processing))
			}
		})
	}
}

// A step without a Job waits while spec.suspend is true, whatever its recording did before.
func TestSuspendHoldsStepsWithoutJobs(t *testing.T) {
	in := input(recording(stopped, time.Minute), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = outcomes.Observation{State: outcomes.JobRefused, Message: "quota"}
	held := stored(in.Recording, planning.Decide(in))
	held.Spec.Suspend, held.Generation = true, 2
	decision := planning.Decide(input(held, pipeline("p", "a")))
	if len(decision.Create) > 0 || kstatus.Conditions(decision.Conditions) != "Ready=False/Suspended" {
		t.Errorf("creates %d, says %s; want none, and Ready=False/Suspended", len(decision.Create), kstatus.Conditions(decision.Conditions))
	}
	if got := kstatus.Of(t, stored(held, decision)); got != status.InProgressStatus {
		t.Errorf("kstatus = %s, want InProgress", got)
	}
	held.Spec.Suspend = false
	if decision = planning.Decide(input(held, pipeline("p", "a"))); len(decision.Create) != 1 {
		t.Errorf("released, it creates %d Jobs, want 1", len(decision.Create))
	}
}

// A step that never got a Job fails once its pipeline is gone, because nothing says any longer what to run.
func TestPendingStepOfADeletedPipeline(t *testing.T) {
	in := input(recording(stopped, time.Minute), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = outcomes.Observation{State: outcomes.JobRefused, Message: "quota"}
	waiting := stored(in.Recording, planning.Decide(in))
	for name, pipelines := range map[string][]v1alpha1.RecordingPipeline{"pipeline": nil, "step": {pipeline("p", "b")}} {
		t.Run(name, func(t *testing.T) {
			decision := planning.Decide(input(waiting, pipelines...))
			step := decision.Processing.Steps[0]
			if step.State != v1alpha1.StepFailed || !strings.Contains(step.Message, "was deleted before the step had a Job") {
				t.Errorf("step is %s: %s", step.State, step.Message)
			}
		})
	}
}

// The missing event that comes after all takes the stall away, and other events meanwhile do not.
func TestStallEnds(t *testing.T) {
	r := recording(started, 25*time.Hour)
	r = stored(r, planning.Decide(input(r)))
	r.Status.Recording.State = stopping
	r.Status.Recording.Events = append(r.Status.Recording.Events, v1alpha1.RecordingEvent{Type: v1alpha1.EventStopping, ReceiveTime: metav1.NewMicroTime(noon)})
	if decision := planning.Decide(input(r)); decision.Changes(r) || decision.RequeueAfter != 0 {
		t.Errorf("recording-stopping changes a stalled recording: %s", kstatus.Conditions(decision.Conditions))
	}
	r.Generation = 2
	r = stored(r, planning.Decide(input(r)))
	if got := kstatus.Of(t, r); got != status.FailedStatus {
		t.Errorf("kstatus after a change of the spec = %s, want Failed", got)
	}
	r.Status.Recording.State = stopped
	in := input(r, pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = active()
	if got, want := kstatus.Conditions(planning.Decide(in).Conditions), "Ready=False/Processing Reconciling=True/Processing"; got != want {
		t.Errorf("says %s, want %s", got, want)
	}
}

// A wording that comes and goes is not written over and over; a new cause is.
func TestWaitingMessageStays(t *testing.T) {
	decide := func(r *v1alpha1.MeetingRecording, head, detail string) planning.Decision {
		in := input(r, pipeline("p", "a"))
		observed := active()
		observed.Problem = &outcomes.Problem{Head: head, Detail: detail, Since: noon}
		in.Jobs[jobName("p", "a")] = observed
		return planning.Decide(in)
	}
	r := underWay(t, "a")
	r = stored(r, decide(r, "no image", "not found"))
	if decision := decide(r, "no image", "back-off 10s"); decision.Changes(r) {
		t.Errorf("another wording is written: %s", decision.Processing.Steps[0].Message)
	}
	if decision := decide(r, "no node", ""); decision.Processing.Steps[0].Message != "no node" {
		t.Errorf("message = %q, want the new cause", decision.Processing.Steps[0].Message)
	}
	in := input(r, pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = active()
	if decision := planning.Decide(in); decision.Processing.Steps[0].Message != "" {
		t.Errorf("message = %q, want none once the Pod runs", decision.Processing.Steps[0].Message)
	}
}

func TestNotices(t *testing.T) {
	r := recording(stopped, 0)
	in := input(r, pipeline("p", "a"))
	kinds := func(in planning.Input) string {
		decision := planning.Decide(in)
		text := ""
		for _, notice := range planning.Notices(in.Recording, decision) {
			text += notice.Type + " " + notice.Reason + ";"
		}
		return text
	}
	step := jobName("p", "a")
	for _, test := range []struct {
		name     string
		observed outcomes.Observation
		want     string
	}{
		{"started", active(), ""},
		{"started and stalled", outcomes.Observation{State: outcomes.JobTaken}, "Warning JobNameTaken;"},
		{"succeeded at once", succeeded(), "Normal ProcessingSucceeded;"},
		{"failed at once", failed("why"), "Warning ProcessingFailed;"},
	} {
		in.Jobs[step] = test.observed
		if got := kinds(in); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	overdue := recording(stopping, time.Hour)
	if got, want := kinds(input(overdue)), "Warning TerminalEventMissing;"; got != want {
		t.Errorf("overdue: %q, want %q", got, want)
	}
	told := stored(overdue, planning.Decide(input(overdue)))
	if got := kinds(input(told)); got != "" {
		t.Errorf("told twice: %q", got)
	}
	if meta.FindStatusCondition(told.Status.Conditions, v1alpha1.ConditionStalled).Message == "" {
		t.Error("the stall says nothing")
	}
}

// TestTransitionTimeGrows: a sink knows a change by its time and takes the later for the newer, also where the manager's clock has gone
// back meanwhile.
func TestTransitionTimeGrows(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 1500, time.UTC)
	for _, last := range []time.Duration{-time.Hour, -time.Nanosecond, 0, time.Nanosecond, time.Hour} {
		before := metav1.NewMicroTime(now.Add(last).Truncate(time.Microsecond))
		ended := &v1alpha1.MeetingRecording{}
		ended.Status.Recording.State = v1alpha1.RecordingStopped
		ended.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting, LastTransitionTime: &before}
		decision := planning.Decide(planning.Input{Recording: ended, Now: now})
		if got := decision.Processing.LastTransitionTime; decision.Processing.State != v1alpha1.ProcessingSkipped || !got.After(before.Time) {
			t.Errorf("after a change at %s the next, to %s, is at %s", before, decision.Processing.State, got)
		}
	}
}
