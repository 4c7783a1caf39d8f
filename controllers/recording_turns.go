// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
	"github.com/meetingops/meeting-recording-operator/internal/queue"
)

// decide decides, and creates the Jobs that are asked for and whose turn it is, until no more are. It returns an error where the API
// server did not decide on a Job, and errConflict where the recording is not what was decided by any more. Each round knows of one
// Job or turn more, so it ends.
func (r *RecordingReconciler) decide(ctx context.Context, facts *facts, known *recollection) (processing.Decision, error) {
	var asked []jobs.Run
	var deferred error
	for first := true; ; first = false {
		decision := processing.Decide(facts.Input)
		asked = append(asked, decision.Create...)
		if !first && len(decision.Create) == 0 {
			return decision, deferred
		}
		if err := r.takeTurns(ctx, facts, asked); err != nil {
			facts.undecided = true
			return decision, err
		}
		if len(decision.Create) == 0 {
			return decision, nil
		}
		theirTurn := slices.DeleteFunc(slices.Clone(decision.Create), func(run jobs.Run) bool {
			_, waits := facts.Turns[run.Name()]
			return waits
		})
		err := r.createJobs(ctx, facts, theirTurn, known)
		if errors.Is(err, errConflict) {
			return decision, err
		}
		deferred = errors.Join(deferred, err)
	}
}

// takeTurns adds to the facts which of the Jobs must wait for their turn. It is called for every recording that is looked at, so that
// one which wants a turn no more gives it up.
func (r *RecordingReconciler) takeTurns(ctx context.Context, facts *facts, asked []jobs.Run) error {
	var tickets []queue.Ticket
	for _, run := range asked {
		if _, known := facts.Jobs[run.Name()]; known {
			continue
		}
		ticket, limited := r.ticket(facts.Pipelines, run)
		if !limited {
			continue
		}
		job, err := r.cachedJob(ctx, facts.Recording, run.Name())
		if err != nil {
			return err
		}
		if job != nil && metav1.IsControlledBy(job, facts.Recording) {
			continue // it had its turn: it is only to be taken up
		}
		tickets = append(tickets, ticket)
	}
	turns, again := r.scheduler.ask(facts.Recording, tickets, facts.mark, facts.Now)
	facts.wait = soonest(facts.wait, again)
	facts.Turns, facts.undecided = make(map[string]processing.Turn), false
	for job, turn := range turns {
		if turn.Go {
			continue
		}
		facts.Turns[job] = processing.Turn{Position: turn.Position, Of: turn.Of}
		facts.undecided = facts.undecided || turn.Undecided()
	}
	return nil
}

// ticket returns the run's place in the line of its pipeline; false where that has no limit.
func (r *RecordingReconciler) ticket(pipelines []v1alpha1.RecordingPipeline, run jobs.Run) (queue.Ticket, bool) {
	for i := range pipelines {
		pipeline := &pipelines[i]
		if pipeline.Name != run.Pipeline || pipeline.Spec.MaxConcurrent == nil {
			continue
		}
		r.scheduler.limitBy(pipeline, false)
		step := slices.IndexFunc(pipeline.Spec.Steps, func(step v1alpha1.PipelineStep) bool { return step.Name == run.Step.Name })
		return queue.Ticket{Pipeline: lineOf(pipeline.Name), Step: step, Job: run.Name()}, true
	}
	return queue.Ticket{}, false
}

// tellOfTurn tells the scheduler what became of a Job whose turn it was.
func (r *RecordingReconciler) tellOfTurn(facts *facts, name string, observed processing.Observation, known *jobRecollection) {
	namespace := facts.Recording.Namespace
	switch observed.State {
	case processing.JobActive:
		r.scheduler.extend(namespace, name, known.awaitedUntil)
	case processing.JobDeferred: // it may exist
	default:
		r.scheduler.over(namespace, name)
	}
}
