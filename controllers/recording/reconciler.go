// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// Reconciler runs the Jobs of recordings that have ended, and writes their outcome.
type Reconciler struct {
	Options
	epoch     epochStart
	known     *known
	scheduler *scheduler
	finished  *finished
	health    *StatusHealth
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/processing,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/finalizers,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;delete;get;list;watch
// +kubebuilder:rbac:groups=core,resources=pods,verbs=list
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create

// New returns a reconciler that knows nothing yet.
func New(options Options) *Reconciler {
	return &Reconciler{
		Options:   options,
		known:     newKnown(),
		scheduler: newScheduler(),
		finished:  newFinished(),
		health:    newStatusHealth(),
	}
}

// Health reports whether status writes are accepted, for readiness.
func (r *Reconciler) Health() *StatusHealth { return r.health }

// Register adds the controller to the manager, and what it depends on. namespaces are those to work in; none: all.
func (r *Reconciler) Register(mgr ctrl.Manager, namespaces []string) error {
	if err := r.finished.register(mgr, namespaces); err != nil {
		return err
	}
	if err := r.registerDeletion(mgr); err != nil {
		return fmt.Errorf("set up the deletion of Jobs: %w", err)
	}
	enqueueOwner := handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &v1alpha1.MeetingRecording{}, handler.OnlyControllerOwner())
	return ctrl.NewControllerManagedBy(mgr).
		Named("meetingrecording").
		Watches(&v1alpha1.MeetingRecording{}, &recordingWatch{}).
		Watches(&batchv1.Job{}, &jobWatch{scheduler: r.scheduler, owner: enqueueOwner, changes: jobChanges()}).
		Watches(&v1alpha1.RecordingPipeline{}, limitWatch(r.scheduler)).
		WatchesRawSource(source.Func(func(_ context.Context, requests requests) error { r.scheduler.use(requests); return nil })).
		WatchesRawSource(r.finished.source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: kube.RateLimiter()}).
		Complete(r)
}

// Reconcile advances one recording as far as possible. It returns an error if the API server could not be reached or did not answer.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	key := request.NamespacedName
	recording, err := r.read(ctx, key)
	if err != nil {
		return reconcile.Result{}, err
	}
	if recording == nil {
		r.known.forget(key)
		return reconcile.Result{RequeueAfter: r.scheduler.leave(key, r.Clock.Now())}, nil
	}
	known := r.known.of(recording)
	if known.isAheadOf(recording) {
		return reconcile.Result{}, nil // the watch brings the newer one
	}
	facts, err := r.gather(ctx, recording, known)
	if err != nil {
		return reconcile.Result{}, err
	}
	decision, deferred := r.decide(ctx, facts, known)
	if deferred == nil && decision.Skips(recording) {
		decision, deferred = r.confirmSkip(ctx, facts, known, decision)
	}
	if errors.Is(deferred, kube.ErrConflict) {
		return r.decideAgain(ctx), nil
	}
	if deferred != nil && !facts.anyJob() {
		return reconcile.Result{}, deferred // nothing has happened that belongs into the status
	}
	if deferred == nil {
		if wait := r.burstWait(facts, decision, known); wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, nil
		}
	}
	return r.report(ctx, facts, decision, deferred)
}

// read returns the recording as the cache has it. One whose processing has ended is not there: it comes from the API server if its spec
// has changed since. It returns nil if there is none, or nothing to do for it.
func (r *Reconciler) read(ctx context.Context, key types.NamespacedName) (*v1alpha1.MeetingRecording, error) {
	var recording v1alpha1.MeetingRecording
	err := r.Client.Get(ctx, key, &recording)
	if !apierrors.IsNotFound(err) {
		return &recording, err
	}
	if !r.finished.has(key) {
		return nil, nil
	}
	err = r.Live.Get(ctx, key, &recording)
	absent := apierrors.IsNotFound(err)
	if err != nil && !absent {
		return nil, fmt.Errorf("read the finished recording: %w", err)
	}
	if absent || !needsObservation(&recording) {
		r.finished.observed(key)
		return nil, nil
	}
	return &recording, nil
}

// confirmSkip decides again by the pipelines that the API server has, because the cache may be stale and a recording that is Skipped is
// final.
func (r *Reconciler) confirmSkip(ctx context.Context, facts *facts, known *entry, decision planning.Decision) (planning.Decision, error) {
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.Live.List(ctx, &pipelines, client.InNamespace(facts.Recording.Namespace)); err != nil {
		return decision, fmt.Errorf("confirm that no pipeline matches: %w", err)
	}
	facts.Pipelines = pipelines.Items
	return r.decide(ctx, facts, known)
}

// decideAgain leaves the recording alone until the cache has what another has written.
func (r *Reconciler) decideAgain(ctx context.Context) reconcile.Result {
	log.FromContext(ctx).V(1).Info("Recording has changed, deciding again")
	return reconcile.Result{RequeueAfter: r.Pace.ConflictAfter}
}

// soonest returns the shorter of two waits; 0 is never.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}
