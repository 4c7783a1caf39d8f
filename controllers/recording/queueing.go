// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// decide decides, and creates the Jobs that are wanted and have a slot, until no more are. It returns an error if the API server did not
// decide on a Job, and ErrConflict if the recording has changed. Each round knows one Job or slot more, so it ends.
func (r *Reconciler) decide(ctx context.Context, facts *facts, known *entry) (planning.Decision, error) {
	var wanted []jobs.Run
	var deferred error
	for first := true; ; first = false {
		decision := planning.Decide(facts.Input)
		wanted = append(wanted, decision.Create...)
		if !first && len(decision.Create) == 0 {
			return decision, deferred
		}
		if err := r.requestSlots(ctx, facts, wanted); err != nil {
			return decision, err
		}
		if len(decision.Create) == 0 {
			return decision, nil
		}
		admitted := slices.DeleteFunc(slices.Clone(decision.Create), func(run jobs.Run) bool {
			_, waits := facts.Queued[run.Name()]
			return waits
		})
		err := r.createJobs(ctx, facts, admitted, known)
		if errors.Is(err, kube.ErrConflict) {
			return decision, err
		}
		deferred = errors.Join(deferred, err)
	}
}

// requestSlots adds to the facts which of the Jobs must wait in a queue. It is called for every recording that is reconciled, so that one
// that wants a slot no more gives it up.
func (r *Reconciler) requestSlots(ctx context.Context, facts *facts, wanted []jobs.Run) error {
	var requests []scheduling.Request
	for _, run := range wanted {
		if _, observed := facts.Jobs[run.Name()]; observed {
			continue
		}
		request, limited := r.request(facts.Pipelines, run)
		if !limited {
			continue
		}
		job, err := r.cachedJob(ctx, facts.Recording, run.Name())
		if err != nil {
			return err
		}
		if job != nil && metav1.IsControlledBy(job, facts.Recording) {
			continue // it had its slot: it is only adopted
		}
		requests = append(requests, request)
	}
	answers, again := r.scheduler.ask(facts.Recording, requests, facts.Now)
	facts.wait = soonest(facts.wait, again)
	facts.Queued = make(map[string]scheduling.Answer)
	for job, answer := range answers {
		if !answer.Granted {
			facts.Queued[job] = answer
		}
	}
	return nil
}

// request returns the run's request for a slot; false if neither its step nor its pipeline has a limit.
func (r *Reconciler) request(pipelines []v1alpha1.RecordingPipeline, run jobs.Run) (scheduling.Request, bool) {
	for i := range pipelines {
		pipeline := &pipelines[i]
		if pipeline.Name != run.Pipeline {
			continue
		}
		limits := limitsOf(pipeline)
		queue, limited := limits.queueOf(labelOf(run.Pipeline), labelOf(run.Step.Name))
		if !limited {
			return scheduling.Request{}, false
		}
		r.scheduler.setLimits(pipeline, limits)
		step := slices.IndexFunc(pipeline.Spec.Steps, func(step v1alpha1.PipelineStep) bool { return step.Name == run.Step.Name })
		return scheduling.Request{Queue: queue, Step: step, Job: run.Name()}, true
	}
	return scheduling.Request{}, false
}

// releaseSlot reports to the scheduler the result of creating a Job that had a slot.
func (r *Reconciler) releaseSlot(facts *facts, name string, observed outcomes.Observation, known *jobEntry) {
	namespace := facts.Recording.Namespace
	switch observed.State {
	case outcomes.JobActive:
		r.scheduler.extend(namespace, name, known.awaitedUntil)
	case outcomes.JobDeferred: // it may exist
	default:
		r.scheduler.ended(namespace, name)
	}
}
