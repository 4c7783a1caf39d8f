// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// progress is the state of the steps of one recording within one decision.
type progress struct {
	in Input
	// total is how many steps there are.
	total int
	// history has the earlier attempts to keep.
	history []v1alpha1.StepAttempt
	// create are the Jobs that have to be created before any of this is written.
	create []jobs.Run
	// absent reports whether a step has failed because the pipeline lacks something.
	absent bool
}

// advance advances every step as far as its Job and the steps that it needs allow. A step that has ended never changes.
func advance(in Input, processing v1alpha1.ProcessingStatus) Decision {
	steps := make([]v1alpha1.StepStatus, len(processing.Steps))
	copy(steps, processing.Steps)
	p := &progress{in: in, total: len(steps), history: processing.History}
	for _, group := range groups(in, steps) {
		w := walk{progress: p, group: group, visits: make([]visit, len(group.steps))}
		for i := range group.steps {
			w.advance(i)
		}
	}
	if len(p.create) > 0 {
		return Decision{Create: p.create}
	}
	processing.Steps, processing.History = steps, p.history
	decision := written(in, processing)
	decision.Absent = p.absent
	return decision
}

// written is the decision to write the steps, the history and their summary.
func written(in Input, processing v1alpha1.ProcessingStatus) Decision {
	state, summary, wait := sumUp(in, processing.Steps)
	processing.State = state
	decision := in.decide(processing, summary)
	decision.RequeueAfter = wait
	decision.Processing.History = bounded(in, decision)
	return decision
}

// visit is the progress of the walk over a pipeline's graph at a step.
type visit int

const (
	notVisited visit = iota
	visiting
	visited
)

// walk advances the steps of one pipeline, each after those that it needs.
type walk struct {
	*progress
	group
	visits []visit
}

// advance advances one step, after the steps that it needs.
func (w *walk) advance(i int) {
	if w.visits[i] != notVisited {
		return
	}
	w.visits[i] = visiting
	step := &w.steps[i]
	switch observed := w.in.Jobs[step.JobName]; {
	case HasJob(*step):
		w.running(step, observed)
	case step.State != v1alpha1.StepPending && step.State != v1alpha1.StepQueued: // it has ended
	case observed.State == outcomes.JobUnknown:
		w.start(i)
	default:
		w.pending(step, observed)
	}
	w.visits[i] = visited
}

// start requests the step's Job from the current pipeline once it may begin. While spec.suspend is true it requests none.
func (w *walk) start(i int) {
	step, template := &w.steps[i], w.template(w.steps[i].Step)
	if template != nil && !w.needsMet(i, template.Needs) {
		return
	}
	if w.in.Recording.Spec.Suspend {
		*step = withdrawn(*step)
		return
	}
	if template == nil {
		w.absent = true
		w.fail(step, fmt.Sprintf("RecordingPipeline %s, or its step %s, was deleted before the step had a Job.", step.Pipeline, step.Step))
		return
	}
	needed := w.needed(step.Step)
	if backoffLeft(w.in, step) > 0 || !w.wanted(step, template, needed) {
		return
	}
	admitted, ok := admit(w.in, *step)
	if *step = admitted; !ok {
		return
	}
	w.create = append(w.create, jobs.Run{
		Recording: w.in.Recording,
		Pipeline:  step.Pipeline,
		Step:      *template,
		Attempt:   step.Attempt,
		Needed:    needed,
		Policy:    jobs.PolicyOf(w.pipeline, template),
	})
}

// needsMet reports whether every step that this one needs has succeeded. It ends the step if that can never happen.
func (w *walk) needsMet(i int, needs []string) bool {
	step, met := &w.steps[i], true
	for _, name := range needs {
		j := w.index(name)
		if j < 0 {
			w.absent = true
			w.fail(step, fmt.Sprintf("It needs step %s, which is not among the steps that were planned for the recording. "+
				"Fix the pipeline, then rerun all its steps.", name))
			return false
		}
		if w.visits[j] == visiting {
			w.fail(step, fmt.Sprintf("It needs step %s, which needs it in turn. Fix the pipeline, then rerun the step.", name))
			return false
		}
		w.advance(j)
		switch need := &w.steps[j]; {
		case need.State == v1alpha1.StepFailed:
			w.skip(step, v1alpha1.StepNeedFailed, fmt.Sprintf("It needs step %s, which failed.", name))
			return false
		case need.State == v1alpha1.StepSkipped && need.Reason != v1alpha1.StepConditionFalse:
			w.skip(step, v1alpha1.StepNeedFailed, need.Message) // which names the step that failed
			return false
		case need.State != v1alpha1.StepSucceeded && need.State != v1alpha1.StepSkipped:
			met = false
		}
	}
	return met
}

// wanted evaluates the step's condition, if it has one, and ends the step if it is false. A step that was started before, and is
// retried, is not evaluated again. The condition sees the needed steps only: they have ended, so that the result is always the same.
func (w *walk) wanted(step *v1alpha1.StepStatus, template *v1alpha1.PipelineStep, needed []v1alpha1.StepStatus) bool {
	if step.RetryTime != nil {
		return true
	}
	wanted, err := w.in.Expressions.Step(template.When, w.in.Recording, needed)
	switch {
	case err != nil:
		w.fail(step, "Its condition cannot be evaluated: "+err.Error())
	case !wanted:
		w.skip(step, v1alpha1.StepConditionFalse, "Its condition is false: "+template.When)
	}
	return err == nil && wanted
}

// pending applies the result of creating the step's Job.
func (w *walk) pending(step *v1alpha1.StepStatus, observed outcomes.Observation) {
	switch observed.State {
	case outcomes.JobActive, outcomes.JobSucceeded, outcomes.JobFailed, outcomes.JobMissing:
		step.Message, step.RetryTime = "", nil
		w.running(step, observed)
	case outcomes.JobInvalid:
		w.fail(step, observed.Message)
	case outcomes.JobTaken, outcomes.JobRefused, outcomes.JobDeferred:
		step.State, step.Message = v1alpha1.StepPending, w.cut(observed.Message)
	}
}

// running applies the state of the step's Job.
func (w *walk) running(step *v1alpha1.StepStatus, observed outcomes.Observation) {
	if step.StartTime == nil && !observed.CreatedAt.IsZero() {
		step.StartTime = observed.CreatedAt.DeepCopy()
	}
	switch observed.State {
	case outcomes.JobActive:
		*step = active(w.in, *step, observed)
		step.Message = w.cut(step.Message)
	case outcomes.JobSucceeded:
		step.State = v1alpha1.StepSucceeded
		step.CompletionTime = observed.EndedAt.DeepCopy()
		step.Outputs, step.Message = fitOutputs(observed.Outputs, w.total)
		step.Retries += observed.Retries
	case outcomes.JobFailed:
		w.fail(step, observed.Message)
		step.CompletionTime = observed.EndedAt.DeepCopy()
		step.Retries += observed.Retries
		w.tryAgain(step, observed)
	case outcomes.JobMissing, outcomes.JobTaken:
		w.fail(step, fmt.Sprintf("Job %s was deleted before its outcome was stored.", step.JobName))
	}
}

func (w *walk) fail(step *v1alpha1.StepStatus, message string) {
	end(w.in, step, v1alpha1.StepFailed, w.cut(message))
}

func (w *walk) skip(step *v1alpha1.StepStatus, reason v1alpha1.StepReason, message string) {
	end(w.in, step, v1alpha1.StepSkipped, w.cut(message))
	step.Reason = reason
}

// cut shortens a step's message: with many steps each has less room, so that the status stays small.
func (p *progress) cut(message string) string { return text.CutTo(message, messageRoom(p.total)) }

func end(in Input, step *v1alpha1.StepStatus, state v1alpha1.StepState, message string) {
	now := metav1.NewTime(in.Now).Rfc3339Copy()
	step.State, step.CompletionTime, step.Message, step.RetryTime = state, &now, message, nil
}

// maxBackoff is the longest wait before a retry.
const maxBackoff = time.Hour

// tryAgain makes a step that has just failed wait for its next attempt, if it has a backoff, retries left, and a retryable failure. The
// failed attempt goes to the history. The Job has already retried a step without a backoff.
func (w *walk) tryAgain(step *v1alpha1.StepStatus, observed outcomes.Observation) {
	template := w.template(step.Step)
	if template == nil || template.Backoff == nil || observed.Permanent {
		return
	}
	if allowed := ptr.Deref(template.Retries, jobs.DefaultBackoffLimit); step.Retries >= allowed {
		return
	}
	due := retryDue(w.in.Now, observed.EndedAt.Time, backoff(template.Backoff.Duration, step.Retries))
	w.history = append(w.history[:len(w.history):len(w.history)], AttemptOf(step))
	next := planned(w.in, step.Pipeline, step.Step, step.Attempt+1)
	next.Retries = step.Retries + 1
	next.RetryTime = &due
	next.Message = w.cut(fmt.Sprintf("Attempt %d failed, the next starts at %s: %s",
		step.Attempt, due.UTC().Format(time.RFC3339), step.Message))
	*step = next
}

// backoff returns how long to wait after a failure that followed so many retries.
func backoff(first time.Duration, retries int32) time.Duration {
	wait := max(first, time.Second)
	for ; retries > 0 && wait < maxBackoff; retries-- {
		wait *= 2
	}
	return min(wait, maxBackoff)
}

// retryDue is the end of the wait, in whole seconds as in the status, and never in the past: the failure must be written before the next
// Job is created.
func retryDue(now, failed time.Time, wait time.Duration) metav1.Time {
	due := failed.Add(wait)
	if earliest := now.Add(time.Second); due.Before(earliest) {
		due = earliest
	}
	return metav1.NewTime(due.Add(time.Second - time.Nanosecond).Truncate(time.Second))
}

// backoffLeft is how long a step waits yet for its next attempt; not positive where it does not. It does not wait for a time that lies too
// far ahead: a clock was wrong.
func backoffLeft(in Input, step *v1alpha1.StepStatus) time.Duration {
	if step.RetryTime == nil || step.RetryTime.Sub(in.Now) > 2*maxBackoff {
		return 0
	}
	return step.RetryTime.Sub(in.Now)
}
