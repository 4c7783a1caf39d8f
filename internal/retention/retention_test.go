// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// change is how a recording of a test differs from one that pipeline "week" processed ten days ago.
type change func(*v1alpha1.MeetingRecording)

func recording(changes ...change) *v1alpha1.MeetingRecording {
	at := noon.Add(-10 * day)
	r := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(at)}}
	r.Status.Recording.State = v1alpha1.RecordingStopped
	r.Status.Recording.Events = []v1alpha1.RecordingEvent{{Type: v1alpha1.EventStopped, LastReceiveTime: metav1.NewMicroTime(at)}}
	r.Status.Processing.State = v1alpha1.ProcessingSucceeded
	for _, change := range append([]change{ran("week"), condition(v1alpha1.ConditionReady, v1alpha1.ReasonProcessed, 10*day)}, changes...) {
		change(r)
	}
	return r
}

// ran says which pipelines ran, each in one step that ended with the recording.
func ran(pipelines ...string) change {
	return func(r *v1alpha1.MeetingRecording) {
		r.Status.Processing.Steps = nil
		for _, name := range pipelines {
			ended := metav1.NewTime(r.CreationTimestamp.Time)
			r.Status.Processing.Steps = append(r.Status.Processing.Steps, v1alpha1.StepStatus{Pipeline: name, CompletionTime: &ended})
		}
	}
}

func condition(kind, reason string, ago time.Duration) change {
	return func(r *v1alpha1.MeetingRecording) {
		status := metav1.ConditionFalse
		if kind == v1alpha1.ConditionStalled { // it is there only while it is True
			status = metav1.ConditionTrue
		}
		r.Status.Conditions = append(r.Status.Conditions,
			metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(noon.Add(-ago))})
	}
}

func state(state v1alpha1.ProcessingState) change {
	return func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = state }
}

func event(ago time.Duration) change {
	return func(r *v1alpha1.MeetingRecording) {
		r.Status.Recording.Events[0].LastReceiveTime = metav1.NewMicroTime(noon.Add(-ago))
	}
}

func stepEnded(ago time.Duration) change {
	return func(r *v1alpha1.MeetingRecording) {
		ended := metav1.NewTime(noon.Add(-ago))
		r.Status.Processing.Steps[0].CompletionTime = &ended
	}
}

func rerun(token, done string) change {
	return func(r *v1alpha1.MeetingRecording) {
		r.Spec.Rerun, r.Status.Processing.ObservedRerunToken = &v1alpha1.Rerun{Token: token}, done
	}
}

// stalled is one that never ended: its last event came so long ago, and it was notified of just now.
func stalled(ago time.Duration) change {
	return func(r *v1alpha1.MeetingRecording) {
		ran()(r)
		r.CreationTimestamp = metav1.NewTime(noon.Add(-ago))
		r.Status.Recording.State = v1alpha1.RecordingStarted
		r.Status.Processing.State = v1alpha1.ProcessingWaiting
		r.Status.Conditions = nil
		event(ago)(r)
		condition(v1alpha1.ConditionReady, v1alpha1.ReasonTerminalEventMissing, 0)(r)
		condition(v1alpha1.ConditionStalled, v1alpha1.ReasonTerminalEventMissing, 0)(r)
	}
}

// tooManySteps is one that ended, and whose processing cannot begin.
func tooManySteps(r *v1alpha1.MeetingRecording) {
	r.Status.Processing.State = v1alpha1.ProcessingWaiting
	condition(v1alpha1.ConditionStalled, v1alpha1.ReasonTooManySteps, 8*day)(r)
}

func deleting(r *v1alpha1.MeetingRecording) { r.DeletionTimestamp = &metav1.Time{Time: noon} }

func history(pipeline string) change {
	return func(r *v1alpha1.MeetingRecording) {
		r.Status.Processing.History = []v1alpha1.StepAttempt{{Pipeline: pipeline}}
	}
}

// rules are those of a namespace with three pipelines, of which one says nothing.
func rules(byDefault time.Duration) retention.Rules {
	keep := func(name string, duration time.Duration) v1alpha1.RecordingPipeline {
		p := v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if duration > 0 {
			p.Spec.Retention = &v1alpha1.PipelineRetention{KeepRecordings: &metav1.Duration{Duration: duration}}
		}
		return p
	}
	silent := keep("silent", 0)
	silent.Spec.Retention = &v1alpha1.PipelineRetention{}
	return retention.Rules{Default: byDefault}.With([]v1alpha1.RecordingPipeline{keep("week", week), keep("month", 30*day), silent})
}

func TestDue(t *testing.T) {
	for name, test := range map[string]struct {
		session   []*v1alpha1.MeetingRecording
		byDefault time.Duration
		want      bool
	}{
		"its time is over":               {session: []*v1alpha1.MeetingRecording{recording()}, want: true},
		"failed":                         {session: []*v1alpha1.MeetingRecording{recording(state(v1alpha1.ProcessingFailed))}, want: true},
		"a step ended later":             {session: []*v1alpha1.MeetingRecording{recording(stepEnded(week - time.Second))}},
		"to the second":                  {session: []*v1alpha1.MeetingRecording{recording(stepEnded(week))}, want: true},
		"an event came later":            {session: []*v1alpha1.MeetingRecording{recording(event(week - time.Second))}},
		"the longest counts":             {session: []*v1alpha1.MeetingRecording{recording(ran("week", "month"))}},
		"so it does of earlier attempts": {session: []*v1alpha1.MeetingRecording{recording(history("month"))}},
		"one that says nothing keeps it": {session: []*v1alpha1.MeetingRecording{recording(ran("week", "silent"))}, byDefault: day},
		"a deleted pipeline":             {session: []*v1alpha1.MeetingRecording{recording(ran("week", "gone"))}},
		"a deleted pipeline, a default":  {session: []*v1alpha1.MeetingRecording{recording(ran("week", "gone"))}, byDefault: day, want: true},
		"a deleted one, a long default":  {session: []*v1alpha1.MeetingRecording{recording(ran("week", "gone"))}, byDefault: 30 * day},
		"skipped":                        {session: []*v1alpha1.MeetingRecording{recording(ran(), state(v1alpha1.ProcessingSkipped))}},
		"skipped, a default":             {session: []*v1alpha1.MeetingRecording{recording(ran(), state(v1alpha1.ProcessingSkipped))}, byDefault: week, want: true},
		"the default is not for others":  {session: []*v1alpha1.MeetingRecording{recording(ran("month"))}, byDefault: day},
		"at work":                        {session: []*v1alpha1.MeetingRecording{recording(state(v1alpha1.ProcessingRunning))}},
		"queued":                         {session: []*v1alpha1.MeetingRecording{recording(state(v1alpha1.ProcessingQueued))}},
		"suspended":                      {session: []*v1alpha1.MeetingRecording{recording(ran(), state(v1alpha1.ProcessingSuspended))}, byDefault: day},
		"has not ended":                  {session: []*v1alpha1.MeetingRecording{recording(ran(), state(v1alpha1.ProcessingWaiting))}, byDefault: day},
		"asks for a rerun":               {session: []*v1alpha1.MeetingRecording{recording(rerun("b", "a"))}},
		"its rerun is done":              {session: []*v1alpha1.MeetingRecording{recording(rerun("b", "b"))}, want: true},
		"never ended":                    {session: []*v1alpha1.MeetingRecording{recording(stalled(30 * day))}, want: true},
		"never ended, younger":           {session: []*v1alpha1.MeetingRecording{recording(stalled(29 * day))}},
		"never ended, a default":         {session: []*v1alpha1.MeetingRecording{recording(stalled(10 * day))}, byDefault: week, want: true},
		"never ended, not long ago":      {session: []*v1alpha1.MeetingRecording{recording(stalled(6 * day))}, byDefault: week},
		"never ended, beside others":     {session: []*v1alpha1.MeetingRecording{recording(), recording(stalled(8 * day))}, want: true},
		"never ended, asks for a rerun":  {session: []*v1alpha1.MeetingRecording{recording(stalled(30*day), rerun("b", "a"))}, want: true},
		"too many steps, and a rerun":    {session: []*v1alpha1.MeetingRecording{recording(ran(), tooManySteps, rerun("b", "a"))}, byDefault: week, want: true},
		"skipped, and a rerun":           {session: []*v1alpha1.MeetingRecording{recording(ran(), state(v1alpha1.ProcessingSkipped), rerun("b", "a"))}, byDefault: week},
		"never ended, beside younger":    {session: []*v1alpha1.MeetingRecording{recording(), recording(stalled(6 * day))}},
		"a session, one is not due":      {session: []*v1alpha1.MeetingRecording{recording(), recording(event(time.Hour)), recording()}},
		"a session":                      {session: []*v1alpha1.MeetingRecording{recording(), recording()}, want: true},
		"one is being deleted already":   {session: []*v1alpha1.MeetingRecording{recording(), recording(state(v1alpha1.ProcessingRunning), deleting)}, want: true},
		"nothing":                        {},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rules(test.byDefault).Due(test.session, noon); got != test.want {
				t.Errorf("due: %t, want %t", got, test.want)
			}
		})
	}
}

func TestShortest(t *testing.T) {
	if got, ok := rules(0).Shortest(""); got != week || !ok {
		t.Errorf("shortest = %s, %t; want a week", got, ok)
	}
	if got, ok := rules(2 * day).Shortest(""); got != 2*day || !ok {
		t.Errorf("shortest = %s, %t; want the default", got, ok)
	}
	if got, ok := rules(0).Shortest("other"); ok {
		t.Errorf("shortest = %s in a namespace without rules, want none", got)
	}
}

// A schema that is not enforced, because the object is older than it, does not make recordings go within a day.
func TestNeverWithinADay(t *testing.T) {
	rules := retention.Rules{Default: time.Hour}
	skipped := []change{ran(), state(v1alpha1.ProcessingSkipped)}
	if rules.Due([]*v1alpha1.MeetingRecording{recording(append(skipped, event(day-time.Second))...)}, noon) {
		t.Error("deleted within a day of its last event")
	}
	if !rules.Due([]*v1alpha1.MeetingRecording{recording(append(skipped, event(day))...)}, noon) {
		t.Error("kept a day after its last event")
	}
}

// Whatever a session is like: what is due stays due, is never young or unfinished, no single recording that stands in the way is
// passed over, and nothing is deleted where no rule says so.
func TestRetentionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byDefault := rapid.SampledFrom([]time.Duration{0, day, week}).Draw(t, "default")
		rules := rules(byDefault)
		session := rapid.SliceOfN(rapid.Custom(draw), 1, 4).Draw(t, "session")
		due := rules.Due(session, noon)
		for _, r := range session {
			if due && !rules.MayBeDue(r, noon) {
				t.Fatal("the session is due, and one that prevents it is passed over")
			}
			age := noon.Sub(r.Status.Recording.Events[0].LastReceiveTime.Time)
			if shortest, ok := rules.Shortest(""); due && (!ok || age < shortest || age < day) {
				t.Fatalf("due %s after its last event", age)
			}
			if due && (r.Status.Processing.State == v1alpha1.ProcessingRunning || len(r.Status.Processing.Steps) > 0 && r.Status.Processing.Steps[0].Pipeline == "silent") {
				t.Fatal("due, though it is at work or its pipeline keeps it")
			}
		}
		if later := rules.Due(session, noon.Add(day)); due && !later {
			t.Fatal("what was due is due no more")
		}
	})
}

func draw(t *rapid.T) *v1alpha1.MeetingRecording {
	ago := time.Duration(rapid.IntRange(0, 40*24).Draw(t, "hours")) * time.Hour
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		return recording(stalled(ago))
	}
	states := []v1alpha1.ProcessingState{v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed, v1alpha1.ProcessingRunning}
	return recording(
		ran(rapid.SampledFrom([]string{"week", "month", "silent", "gone"}).Draw(t, "pipeline")),
		state(rapid.SampledFrom(states).Draw(t, "state")), event(ago))
}

// What a sink does not know is kept for a week more, and no longer; what it knows, and what was processed without one, is not.
func TestHeldForTheSink(t *testing.T) {
	pending := func(r *v1alpha1.MeetingRecording) { r.Status.Delivery.State = v1alpha1.DeliveryPending }
	delivered := func(r *v1alpha1.MeetingRecording) { r.Status.Delivery.State = v1alpha1.DeliveryDelivered }
	rules := rules(0)
	rules.Sink = true
	without := rules
	without.Sink = false
	for name, test := range map[string]struct {
		recording *v1alpha1.MeetingRecording
		rules     retention.Rules
		after     time.Duration
		want      bool
	}{
		"not told":                 {recording(pending), rules, 0, false},
		"not told for a week more": {recording(pending), rules, 4*day + time.Second, true},
		"told":                     {recording(delivered), rules, 0, true},
		"from before":              {recording(), rules, 0, true},
		"the sink was taken away":  {recording(pending), without, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon.Add(test.after)
			if got := test.rules.Due([]*v1alpha1.MeetingRecording{test.recording}, now); got != test.want {
				t.Errorf("due: %t", got)
			}
			if got := test.rules.MayBeDue(test.recording, now); got != test.want {
				t.Errorf("may be due: %t", got)
			}
		})
	}
}
