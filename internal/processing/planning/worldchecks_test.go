// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

func stepKey(pipeline, step string) string { return pipeline + "/" + step }

// checkRun: a Job is created once for each attempt, after all that its step needs has succeeded since it was last asked for, or was
// skipped by its condition; and again only after a failure that may fix itself, as often as the step says, after its backoff.
func (w *world) checkRun(in planning.Input, run jobs.Run) {
	name, key := run.Name(), stepKey(run.Pipeline, run.Step.Name)
	if w.runs[name] != nil {
		w.t.Fatalf("Job %s of attempt %d is created twice", name, run.Attempt)
	}
	if planning.RerunIsDue(in.Recording) {
		w.t.Fatalf("Job %s is created before the plan of the rerun is stored", name)
	}
	for _, need := range run.Step.Needs {
		w.checkNeed(run, need)
	}
	first := max(w.since[key], 1)
	if run.Attempt < first {
		w.t.Fatalf("%s: attempt %d, but since it was asked for they begin with %d", key, run.Attempt, first)
	}
	if run.Attempt == first {
		return
	}
	last := w.runs[jobs.Name("rec", run.Pipeline, run.Step.Name, run.Attempt-1)]
	retries := run.Attempt - first
	switch {
	case last == nil || last.ended.State != outcomes.JobFailed || last.ended.Permanent:
		w.t.Fatalf("%s: attempt %d follows %s", key, run.Attempt, last)
	case run.Step.Backoff == nil && !w.edited, retries > ptr.Deref(run.Step.Retries, 3) && !w.edited:
		w.t.Fatalf("%s: retry %d is too many", key, retries)
	case !w.edited && w.now.Before(last.ended.EndedAt.Add(run.Step.Backoff.Duration<<(retries-1))):
		w.t.Fatalf("%s: retry %d comes before its backoff has passed", key, retries)
	}
}

// checkNeed: what the Job is notified of the step that it needs is so.
func (w *world) checkNeed(run jobs.Run, need string) {
	at := slices.IndexFunc(run.Needed, func(step v1alpha1.StepStatus) bool { return step.Step == need && step.Pipeline == run.Pipeline })
	if at < 0 {
		w.t.Fatalf("the Job of step %s is told nothing of %s, which it needs", run.Step.Name, need)
	}
	step := run.Needed[at]
	if since := w.since[stepKey(run.Pipeline, need)]; step.Attempt < since {
		w.t.Fatalf("step %s runs by attempt %d of %s, which was asked for again as %d", run.Step.Name, step.Attempt, need, since)
	}
	switch {
	case step.State == v1alpha1.StepSkipped && step.Reason == v1alpha1.StepConditionFalse:
	case step.State == v1alpha1.StepSucceeded && w.runs[step.JobName] != nil && w.runs[step.JobName].ended.State == outcomes.JobSucceeded:
		if !equality.Semantic.DeepEqual(step.Outputs, w.runs[step.JobName].ended.Outputs) {
			w.t.Fatalf("step %s gets other outputs of %s than it made", run.Step.Name, need)
		}
	default:
		w.t.Fatalf("step %s runs before %s has succeeded: %+v", run.Step.Name, need, step)
	}
}

// noteRerun keeps, where a rerun has begun, from which attempt on its steps count.
func (w *world) noteRerun(r *v1alpha1.MeetingRecording) {
	if !planning.RerunIsDue(r) {
		return
	}
	attempt := int32(0)
	for _, step := range r.Status.Processing.Steps {
		attempt = max(attempt, step.Attempt)
	}
	for _, earlier := range r.Status.Processing.History {
		attempt = max(attempt, earlier.Attempt)
	}
	for _, p := range w.pipelines {
		for _, step := range p.Spec.Steps {
			key := stepKey(p.Name, step.Name)
			if asked := r.Spec.Rerun.Steps; len(asked) == 0 || needsAnyOf(p, step.Name, asked) {
				w.since[key] = attempt + 1
			}
		}
	}
}

// needsAnyOf says whether the step is one of those, or needs one, directly or through others.
func needsAnyOf(p v1alpha1.RecordingPipeline, step string, asked []v1alpha1.StepReference) bool {
	seen := make(map[string]bool)
	var visit func(name string) bool
	visit = func(name string) bool {
		if seen[name] {
			return false
		}
		seen[name] = true
		if slices.Contains(asked, v1alpha1.StepReference{Pipeline: p.Name, Step: name}) {
			return true
		}
		for _, other := range p.Spec.Steps {
			if other.Name == name && slices.ContainsFunc(other.Needs, visit) {
				return true
			}
		}
		return false
	}
	return visit(step)
}

// checkWrite: what has ended stays as it is and steps neither come nor go, but by a rerun, which leaves what was in the history;
// and the history only ever grows at its end and shrinks at its beginning.
func (w *world) checkWrite(before, after *v1alpha1.MeetingRecording) {
	from, to := before.Status.Processing, after.Status.Processing
	rerun := planning.RerunIsDue(before)
	if from.State.IsFinal() && !rerun {
		if !planning.IsObserved(before) && equality.Semantic.DeepEqual(from, to) {
			return // a changed spec was observed
		}
		w.t.Fatalf("a final status was written: %s to %s", from.State, to.State)
	}
	if rerun && to.ObservedRerunToken != before.Spec.Rerun.Token {
		w.t.Fatalf("the token %q of the rerun is not taken", before.Spec.Rerun.Token)
	}
	if len(from.Steps) != len(to.Steps) && len(from.Steps) > 0 && !rerun {
		w.t.Fatalf("%d steps became %d", len(from.Steps), len(to.Steps))
	}
	for _, step := range from.Steps {
		w.checkStepKept(step, to, rerun)
	}
	w.checkHistory(from, to)
}

func (w *world) checkStepKept(step v1alpha1.StepStatus, to v1alpha1.ProcessingStatus, rerun bool) {
	at := slices.IndexFunc(to.Steps, func(s v1alpha1.StepStatus) bool { return s.Pipeline == step.Pipeline && s.Step == step.Step })
	switch {
	case at < 0 && !rerun:
		w.t.Fatalf("step %s is gone", step.Step)
	case at >= 0 && to.Steps[at].Attempt < step.Attempt:
		w.t.Fatalf("step %s went back from attempt %d to %d", step.Step, step.Attempt, to.Steps[at].Attempt)
	case at >= 0 && to.Steps[at].Attempt == step.Attempt:
		if step.State.IsFinal() && !equality.Semantic.DeepEqual(step, to.Steps[at]) {
			w.t.Fatalf("a step that had ended was changed: %+v to %+v", step, to.Steps[at])
		}
		return
	case !rerun && (step.State.IsFinal() || to.Steps[at].Attempt != step.Attempt+1):
		w.t.Fatalf("step %+v became %+v without a rerun", step, to.Steps[at])
	}
	kept := slices.IndexFunc(to.History, func(a v1alpha1.StepAttempt) bool {
		return a.Pipeline == step.Pipeline && a.Step == step.Step && a.Attempt == step.Attempt
	})
	if kept < 0 {
		if len(to.History) < 32 { // fewer than were there are only kept when there is no room for more
			w.t.Fatalf("attempt %d of step %s is not in the history", step.Attempt, step.Step)
		}
		return
	}
	if step.State.IsFinal() && (to.History[kept].State != step.State || to.History[kept].Message != step.Message) {
		w.t.Fatalf("the history has %+v of step %+v", to.History[kept], step)
	}
}

func (w *world) checkHistory(from, to v1alpha1.ProcessingStatus) {
	if len(to.History) > planning.MaxHistory {
		w.t.Fatalf("%d attempts in the history", len(to.History))
	}
	if len(to.History) == 0 {
		if len(from.History) > 0 {
			w.t.Fatalf("the history of %d is gone", len(from.History))
		}
		return
	}
	same := func(a, b v1alpha1.StepAttempt) bool {
		a.Outputs, b.Outputs = nil, nil
		return equality.Semantic.DeepEqual(a, b)
	}
	first := slices.IndexFunc(from.History, func(a v1alpha1.StepAttempt) bool { return same(a, to.History[0]) })
	if first < 0 {
		return // all that was there has made room
	}
	for i, earlier := range from.History[first:] {
		if !same(earlier, to.History[i]) {
			w.t.Fatalf("the history of %+v has become %+v", earlier, to.History[i])
		}
	}
}

// checkEnd: the recording is final, every step has ended as its Job and what it needs say, and no rerun is left waiting.
func (w *world) checkEnd() {
	r := w.stored()
	processed := r.Status.Processing
	if !processed.State.IsFinal() || planning.RerunIsDue(r) {
		w.t.Fatalf("it ended as %s, rerun due %t: %+v", processed.State, planning.RerunIsDue(r), processed.Steps)
	}
	want := v1alpha1.ProcessingSucceeded
	for _, step := range processed.Steps {
		switch step.State {
		case v1alpha1.StepFailed:
			want = v1alpha1.ProcessingFailed
		case v1alpha1.StepSucceeded:
			if run := w.runs[step.JobName]; run == nil || run.ended.State != outcomes.JobSucceeded {
				w.t.Fatalf("step %s/%s succeeded, its Job %s", step.Pipeline, step.Step, run)
			}
		case v1alpha1.StepSkipped:
			if w.runs[step.JobName] != nil && len(w.controllers) == 1 && !w.edited {
				w.t.Fatalf("step %s/%s is Skipped (%s) and had a Job", step.Pipeline, step.Step, step.Message)
			}
		default:
			w.t.Fatalf("step %s/%s ended as %s", step.Pipeline, step.Step, step.State)
		}
		if !w.edited {
			w.checkOutcome(processed.Steps, step)
		}
	}
	if len(processed.Steps) == 0 {
		want = v1alpha1.ProcessingSkipped
	}
	if processed.State != want {
		w.t.Fatalf("it ended as %s, want %s", processed.State, want)
	}
}

// checkOutcome: where nobody edits the pipelines, how a step ended follows from its Job, its condition, and what it needs.
func (w *world) checkOutcome(steps []v1alpha1.StepStatus, step v1alpha1.StepStatus) {
	template := templateOf(w.pipelines, step)
	// A Job that succeeded may be deleted before that is recorded, when what needs it has begun already.
	lost := slices.ContainsFunc(steps, func(s v1alpha1.StepStatus) bool {
		run := w.runs[s.JobName]
		return s.Pipeline == step.Pipeline && s.State == v1alpha1.StepFailed && run != nil && run.ended.State == outcomes.JobSucceeded
	})
	ok, failed := true, false
	for _, need := range template.Needs {
		at := slices.IndexFunc(steps, func(s v1alpha1.StepStatus) bool { return s.Pipeline == step.Pipeline && s.Step == need })
		n := steps[at]
		good := n.State == v1alpha1.StepSucceeded || n.Reason == v1alpha1.StepConditionFalse
		ok = ok && (good || lost)
		failed = failed || !good
	}
	run := w.runs[step.JobName]
	switch {
	case step.State == v1alpha1.StepSucceeded && !ok,
		step.Reason == v1alpha1.StepConditionFalse && (!ok || template.When == "" || template.When == "true"),
		step.Reason == v1alpha1.StepNeedFailed && (!failed || !strings.HasPrefix(step.Message, "It needs step ")),
		step.State == v1alpha1.StepSkipped && step.Reason == "",
		step.State != v1alpha1.StepSkipped && step.Reason != "",
		step.State == v1alpha1.StepFailed && run == nil && template.When != "error" && pipelineOf(w.pipelines, step.Pipeline).Spec.When != "error":
		w.t.Fatalf("step %+v ended so; it needs %v, when %q, its Job %s, of %+v after %+v", step, template.Needs, template.When, run, steps, w.stored().Status.Processing.History)
	case step.State == v1alpha1.StepFailed && run != nil && run.ended.State == outcomes.JobFailed && !run.ended.Permanent &&
		template.Backoff != nil && step.Attempt-max(w.since[stepKey(step.Pipeline, step.Step)], 1) < ptr.Deref(template.Retries, 3) &&
		!strings.Contains(step.Message, "was deleted"):
		w.t.Fatalf("step %+v failed with retries left", step)
	}
}

func pipelineOf(pipelines []v1alpha1.RecordingPipeline, name string) *v1alpha1.RecordingPipeline {
	at := slices.IndexFunc(pipelines, func(p v1alpha1.RecordingPipeline) bool { return p.Name == name })
	return &pipelines[at]
}

func templateOf(pipelines []v1alpha1.RecordingPipeline, step v1alpha1.StepStatus) v1alpha1.PipelineStep {
	all := pipelineOf(pipelines, step.Pipeline).Spec.Steps
	return all[slices.IndexFunc(all, func(s v1alpha1.PipelineStep) bool { return s.Name == step.Step })]
}

// settle lets everything calm down and end: every controller reconciles as often as it asks for it, and Jobs end.
func (w *world) settle() {
	w.foreign, w.quota, w.full = make(map[string]bool), false, false
	w.change(func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = false; r.Generation++ })
	for range 400 {
		before, again := len(w.versions), time.Duration(0)
		for _, c := range w.controllers {
			if wait := w.reconcile(c, calm); wait > 0 && (again == 0 || wait < again) {
				again = wait
			}
		}
		jobs := w.active()
		slices.Sort(jobs)
		for _, name := range jobs {
			w.end(name)
		}
		if len(w.versions) == before && len(jobs) == 0 {
			if again == 0 {
				return
			}
			w.now = w.now.Add(again)
		}
	}
	w.t.Fatalf("it does not come to rest: %+v", w.stored().Status.Processing)
}
