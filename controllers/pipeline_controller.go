// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// PipelineReconciler tells whether a pipeline can run, by checking its graph and its conditions, and by asking the API server to
// accept the Jobs of its steps without keeping them. A pipeline that cannot runs all the same when a recording ends: its steps
// then fail with what is wrong, so that nothing is left out in silence.
type PipelineReconciler struct {
	client     client.Client
	conditions processing.ConditionChecks
	clock      clock.PassiveClock
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines/status,verbs=patch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create

func newPipelineReconciler(mgr ctrl.Manager, options Options) *PipelineReconciler {
	return &PipelineReconciler{client: mgr.GetClient(), conditions: options.conditions, clock: options.Clock}
}

// register adds the controller to the manager. It looks at a pipeline when its spec changes.
func (r *PipelineReconciler) register(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("recordingpipeline").
		For(&v1alpha1.RecordingPipeline{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{RateLimiter: afterErrors()}).
		Complete(reconcile.AsReconciler(r.client, r))
}

// Reconcile checks a pipeline whose spec has changed, and writes what it found to its status. It returns an error where the API
// server could not be asked.
func (r *PipelineReconciler) Reconcile(ctx context.Context, pipeline *v1alpha1.RecordingPipeline) (reconcile.Result, error) {
	if !processing.NeedsCheck(pipeline) {
		return reconcile.Result{}, nil
	}
	trials, err := r.try(ctx, pipeline)
	if err != nil {
		return reconcile.Result{}, err
	}
	acceptance := processing.Accept(pipeline, r.conditions, trials, r.clock.Now())
	again := reconcile.Result{RequeueAfter: acceptance.RequeueAfter}
	if !acceptance.Changes(pipeline) {
		return again, nil
	}
	return again, client.IgnoreNotFound(storeAcceptance(ctx, r.client, pipeline.DeepCopy(), acceptance))
}

// try asks the API server for each step whether it would accept its Job. The error is of a question that it did not decide.
func (r *PipelineReconciler) try(ctx context.Context, pipeline *v1alpha1.RecordingPipeline) ([]error, error) {
	trials := make([]error, len(pipeline.Spec.Steps))
	for i, step := range pipeline.Spec.Steps {
		job := jobs.Build(jobs.Run{
			Recording: jobs.Sample(pipeline.Namespace),
			Pipeline:  pipeline.Name,
			Step:      step,
			Attempt:   1,
			Policy:    jobs.PolicyOf(pipeline),
		})
		err := r.client.Create(ctx, job, client.DryRunAll, client.FieldOwner(FieldOwner))
		if apierrors.IsAlreadyExists(err) { // a real Job has the name: names are looked at last
			err = nil
		}
		if err != nil && processing.WhyNotCreated(err) == processing.JobDeferred {
			return nil, fmt.Errorf("try the Job of step %s: %w", step.Name, err)
		}
		trials[i] = err
	}
	return trials, nil
}
