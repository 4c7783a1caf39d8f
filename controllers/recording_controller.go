// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// RecordingReconciler runs the Jobs of recordings that have ended, and writes what became of them to status.processing and the
// conditions.
type RecordingReconciler struct {
	client client.Client
	// live reads from the API server what the cache does not have: Pods, and Jobs that the cache says are not there.
	live     client.Reader
	recorder events.EventRecorder
	clock    clock.PassiveClock
	settings processing.Settings
	pace     Pace
	term     Term
	memory   *memory
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/finalizers,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;get;list;watch
// +kubebuilder:rbac:groups=core,resources=pods,verbs=list
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

func newRecordingReconciler(mgr ctrl.Manager, options Options) *RecordingReconciler {
	return &RecordingReconciler{
		client:   mgr.GetClient(),
		live:     mgr.GetAPIReader(),
		recorder: mgr.GetEventRecorder(FieldOwner),
		clock:    options.Clock,
		settings: options.Settings,
		pace:     options.Pace,
		term:     options.Term,
		memory:   newMemory(),
	}
}

// register adds the controller to the manager. What a recording depends on arrives in its status, so no change of it is left out.
func (r *RecordingReconciler) register(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("meetingrecording").
		For(&v1alpha1.MeetingRecording{}).
		Owns(&batchv1.Job{}, builder.WithPredicates(jobChanges())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}

// Reconcile takes one recording as far as it can go. It returns an error where the API server could not be reached or did not
// answer, and leaves to time what may mend itself.
func (r *RecordingReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var recording v1alpha1.MeetingRecording
	if err := r.client.Get(ctx, request.NamespacedName, &recording); err != nil {
		if apierrors.IsNotFound(err) { // deleted, or its processing has ended: the cache does not tell which
			r.memory.forget(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	known := r.memory.of(&recording)
	if known.isAheadOf(&recording) {
		return reconcile.Result{}, nil
	}
	facts, err := r.gather(ctx, &recording, known)
	if err != nil {
		return reconcile.Result{}, err
	}
	decision := processing.Decide(facts.Input)
	var deferred error
	if len(decision.Create) > 0 {
		deferred = r.createJobs(ctx, facts, decision.Create, known)
		if errors.Is(deferred, errOutdated) {
			log.FromContext(ctx).V(1).Info("Another may have gone on with the recording in the meantime, deciding again")
			return reconcile.Result{RequeueAfter: r.pace.ConflictAfter}, nil
		}
		decision = processing.Decide(facts.Input)
	}
	if deferred != nil && !facts.anyJob() {
		return reconcile.Result{}, deferred // nothing has happened that the status should tell of
	}
	return r.report(ctx, facts, decision, deferred)
}

// report stores the decision, then tells of it.
func (r *RecordingReconciler) report(ctx context.Context, facts *facts, decision processing.Decision, deferred error,
) (reconcile.Result, error) {
	again := reconcile.Result{RequeueAfter: soonest(facts.wait, decision.RequeueAfter)}
	before := facts.Recording
	if !decision.Changes(before) {
		return again, deferred
	}
	stored := before.DeepCopy()
	switch err := storeDecision(ctx, r.client, stored, decision); {
	case apierrors.IsNotFound(err):
		return reconcile.Result{}, nil
	case errors.Is(err, errConflict):
		log.FromContext(ctx).V(1).Info("Status was written by another in the meantime, deciding again")
		return reconcile.Result{RequeueAfter: r.pace.ConflictAfter}, nil
	case err != nil:
		return reconcile.Result{}, err
	}
	r.memory.of(before).written = stored.ResourceVersion
	notices := processing.Notices(before, decision)
	countStored(before, decision, notices)
	for _, notice := range notices {
		event := eventFor(notice)
		r.recorder.Eventf(stored, nil, event.kind, event.reason, event.action, "%s", event.note)
	}
	log.FromContext(ctx).V(1).Info("Status stored", "processing", decision.Processing.State)
	return again, deferred
}

// soonest returns the shorter of two waits; 0 is never.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}
