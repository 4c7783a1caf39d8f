// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pipeline has the controller of RecordingPipelines.
package pipeline

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/acceptance"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// Reconciler validates pipelines: their graph, their conditions, and by a dry run the Job of each step. An invalid pipeline still runs when
// a recording ends: its steps then fail with the reason, so that nothing is skipped silently.
type Reconciler struct {
	Client     client.Client
	Conditions *expression.Evaluator
	Clock      clock.PassiveClock
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines/status,verbs=patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create

// Register adds the controller to the manager. It reconciles a pipeline when its spec changes.
func (r *Reconciler) Register(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("recordingpipeline").
		For(&v1alpha1.RecordingPipeline{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{RateLimiter: kube.RateLimiter()}).
		Complete(reconcile.AsReconciler(r.Client, r))
}

// conflictAfter is the wait before a pipeline that has changed meanwhile is reconciled again.
const conflictAfter = time.Second

// Reconcile validates a pipeline whose spec has changed, and writes the result to its status.
func (r *Reconciler) Reconcile(ctx context.Context, pipeline *v1alpha1.RecordingPipeline) (reconcile.Result, error) {
	if !acceptance.NeedsCheck(pipeline) {
		return reconcile.Result{}, nil
	}
	accepted := acceptance.Accept(pipeline, r.Conditions, r.try(ctx, pipeline), r.Clock.Now())
	again := reconcile.Result{RequeueAfter: accepted.RequeueAfter}
	if !accepted.Changes(pipeline) {
		return again, nil
	}
	stored := pipeline.DeepCopy()
	stored.Status = accepted.Status
	if err := kube.PatchStatus(ctx, r.Client, pipeline, stored); errors.Is(err, kube.ErrConflict) {
		return reconcile.Result{RequeueAfter: conflictAfter}, nil
	} else if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, err
	}
	return again, nil
}

// try asks the API server for each step whether it would accept its Job, with the longest name that a Job can have. It ends at the first
// answer that is no decision: the others would be the same, and may take half a minute each.
func (r *Reconciler) try(ctx context.Context, pipeline *v1alpha1.RecordingPipeline) []error {
	trials := make([]error, len(pipeline.Spec.Steps))
	for i, step := range pipeline.Spec.Steps {
		job := jobs.Build(jobs.Run{
			Recording: jobs.Sample(pipeline.Namespace),
			Pipeline:  pipeline.Name,
			Step:      step,
			Attempt:   1,
			Policy:    jobs.PolicyOf(pipeline, &step),
		})
		err := r.Client.Create(ctx, job, client.DryRunAll, client.FieldOwner(kube.FieldOwner))
		if apierrors.IsAlreadyExists(err) { // names are checked last
			continue
		}
		if trials[i] = err; err != nil && outcomes.WhyNotCreated(err) == outcomes.JobDeferred {
			break
		}
	}
	return trials
}
