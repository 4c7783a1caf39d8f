// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
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
	// termStart tells what was written since nobody else leads.
	termStart termStart
	memory    *memory
	// conditions evaluates those of pipelines and steps.
	conditions processing.Expressions
	// scheduler says whose turn it is, and reruns which finished recordings ask for more.
	scheduler *scheduler
	reruns    *reruns
	tracer    *tracing.Tracer
	// delivers says that a sink is told of what happens.
	delivers bool
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/processing,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/finalizers,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=recordingpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=create;get;list;watch
// +kubebuilder:rbac:groups=core,resources=pods,verbs=list

func newRecordingReconciler(mgr ctrl.Manager, options Options, recorder events.EventRecorder) (*RecordingReconciler, error) {
	reruns, err := newReruns(mgr, options.Namespaces)
	if err != nil {
		return nil, err
	}
	return &RecordingReconciler{
		client:    mgr.GetClient(),
		live:      mgr.GetAPIReader(),
		recorder:  recorder,
		clock:     options.Clock,
		settings:  options.Settings,
		pace:      options.Pace,
		term:      options.Term,
		memory:    newMemory(),
		scheduler: newScheduler(),
		reruns:    reruns,
		tracer:    options.Tracer,
		delivers:  options.Delivery.Sink != nil,

		conditions: options.conditions,
	}, nil
}

// register adds the controller to the manager. What a recording depends on arrives in its status, so no change of it is left out.
func (r *RecordingReconciler) register(mgr ctrl.Manager) error {
	enqueueOwner := handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &v1alpha1.MeetingRecording{}, handler.OnlyControllerOwner())
	return ctrl.NewControllerManagedBy(mgr).
		Named("meetingrecording").
		Watches(&v1alpha1.MeetingRecording{}, &recordingWatch{scheduler: r.scheduler}).
		Watches(&batchv1.Job{}, &jobWatch{scheduler: r.scheduler, recordings: r.client, owner: enqueueOwner, changes: jobChanges()}).
		Watches(&v1alpha1.RecordingPipeline{}, limitWatch(r.scheduler)).
		WatchesRawSource(source.Func(func(_ context.Context, requests requests) error { r.scheduler.use(requests); return nil })).
		WatchesRawSource(r.reruns.source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: afterErrors()}).
		Complete(r)
}

// Reconcile takes one recording as far as it can go. It returns an error where the API server could not be reached or did not
// answer, and leaves to time what may mend itself.
func (r *RecordingReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	key := request.NamespacedName
	mark := r.scheduler.mark()
	recording, err := r.subject(ctx, key)
	if err != nil {
		r.scheduler.settle(key, mark)
		return reconcile.Result{}, err
	}
	if recording == nil {
		r.memory.forget(key)
		return reconcile.Result{RequeueAfter: r.scheduler.leave(key, mark, r.clock.Now())}, nil
	}
	known := r.memory.of(recording)
	if known.isAheadOf(recording) {
		return reconcile.Result{}, nil // and it is announced still: the watch brings the newer one
	}
	defer r.scheduler.settle(key, mark)
	facts, err := r.gather(ctx, recording, known)
	if err != nil {
		return reconcile.Result{}, err
	}
	facts.mark = mark
	decision, deferred := r.decide(ctx, facts, known)
	if errors.Is(deferred, errConflict) {
		return r.decideAgain(ctx), nil
	}
	if facts.undecided {
		return reconcile.Result{RequeueAfter: facts.wait}, deferred // the scheduler calls it again in a moment
	}
	if deferred != nil && !facts.anyJob() {
		return reconcile.Result{}, deferred // nothing has happened that the status should tell of
	}
	if deferred == nil {
		if pause := r.wait(facts, decision, known); pause > 0 {
			return reconcile.Result{RequeueAfter: pause}, nil
		}
	}
	return r.report(ctx, facts, decision, deferred)
}

// subject returns the recording to look at, as the cache has it; one whose processing has ended is not there, and comes from the API
// server where it asks for a rerun. It returns nil where there is none, or nothing to do for it.
func (r *RecordingReconciler) subject(ctx context.Context, key types.NamespacedName) (*v1alpha1.MeetingRecording, error) {
	var recording v1alpha1.MeetingRecording
	err := r.client.Get(ctx, key, &recording)
	if !apierrors.IsNotFound(err) {
		return &recording, err
	}
	asks, err := r.reruns.ask(ctx, key)
	if err != nil || !asks {
		return nil, err
	}
	err = r.live.Get(ctx, key, &recording)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &recording, err
}

// report stores the decision, then tells of it.
func (r *RecordingReconciler) report(ctx context.Context, facts *facts, decision processing.Decision, deferred error,
) (reconcile.Result, error) {
	again := reconcile.Result{RequeueAfter: soonest(facts.wait, decision.RequeueAfter)}
	before := facts.Recording
	r.note(before, &decision)
	if !decision.Changes(before) {
		return again, deferred
	}
	stored := before.DeepCopy()
	switch err := storeDecision(ctx, r.client, stored, decision); {
	case apierrors.IsNotFound(err):
		return reconcile.Result{}, nil
	case errors.Is(err, errConflict):
		return r.decideAgain(ctx), nil
	case err != nil:
		r.memory.of(before).unsure = true
		return reconcile.Result{}, err
	}
	r.memory.of(before).written = stored.ResourceVersion
	notices := processing.Notices(before, decision)
	countStored(before, decision, notices)
	r.trace(facts, decision)
	for _, notice := range notices {
		event := eventFor(notice)
		r.recorder.Eventf(stored, nil, event.kind, event.reason, event.action, "%s", event.note)
	}
	log.FromContext(ctx).V(1).Info("Status stored", "processing", decision.Processing.State)
	return again, deferred
}

// note adds to a decision what a sink is to be told of it, or leaves what there is to tell as it is.
func (r *RecordingReconciler) note(before *v1alpha1.MeetingRecording, decision *processing.Decision) {
	was, to := before.Status.Processing, &decision.Processing
	to.Transitions, to.LastTransition = was.Transitions, was.LastTransition
	if r.delivers {
		to.Transitions, to.LastTransition = delivery.Note(before, *to, r.clock.Now())
	}
}

// decideAgain leaves the recording alone until the cache has what another has written.
func (r *RecordingReconciler) decideAgain(ctx context.Context) reconcile.Result {
	log.FromContext(ctx).V(1).Info("Recording was changed by another in the meantime, deciding again")
	return reconcile.Result{RequeueAfter: r.pace.ConflictAfter}
}

// soonest returns the shorter of two waits; 0 is never.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}
