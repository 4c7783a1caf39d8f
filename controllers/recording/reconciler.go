// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// Reconciler runs the Jobs of recordings that have ended, and writes their outcome.
type Reconciler struct {
	Options
	epoch *epochStart
	// known has an *entry for each recording in flight, by name.
	known     sync.Map
	scheduler *scheduler
	// statusWrites has whether the API server accepts status writes. A Job whose outcome cannot be stored would run again after each
	// deletion, so none is created in a namespace until a status write was accepted there.
	statusWrites apicheck.Problems
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
		epoch:     newEpochStart(),
		scheduler: newScheduler(),
	}
}

// Register adds the controller to the manager, and those of finished recordings and of their Jobs.
func (r *Reconciler) Register(mgr ctrl.Manager) error {
	if err := r.registerFinished(mgr); err != nil {
		return fmt.Errorf("set up the controller of finished recordings: %w", err)
	}
	if err := r.registerDeletion(mgr); err != nil {
		return fmt.Errorf("set up the deletion of Jobs: %w", err)
	}
	enqueueOwner := handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &v1alpha1.MeetingRecording{}, handler.OnlyControllerOwner())
	return ctrl.NewControllerManagedBy(mgr).
		Named("meetingrecording").
		Watches(&v1alpha1.MeetingRecording{}, &recordingWatch{}).
		Watches(&batchv1.Job{}, &jobWatch{EventHandler: enqueueOwner, scheduler: r.scheduler}).
		Watches(&v1alpha1.RecordingPipeline{}, limitWatch(r.scheduler)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: kube.RateLimiter(), NewQueue: r.newQueue}).
		Complete(r)
}

// newQueue returns the controller's work queue, in which recordings that need Jobs come first, and into which the scheduler puts those that
// it wakes.
func (r *Reconciler) newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) requests {
	queue := priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter })
	r.scheduler.add, r.scheduler.backlog = queue.Add, queue.Len // before any watch starts
	return queue
}

// Reconcile advances one recording as far as possible. It returns an error if the API server could not be reached or did not answer.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	key := request.NamespacedName
	recording := &v1alpha1.MeetingRecording{}
	if err := r.Client.Get(ctx, key, recording); apierrors.IsNotFound(err) { // it is gone, or finished
		r.known.Delete(key)
		return reconcile.Result{RequeueAfter: r.scheduler.leave(key, r.Clock.Now())}, nil
	} else if err != nil {
		return reconcile.Result{}, err
	}
	known := r.entryOf(recording)
	if known.isAheadOf(recording) {
		return reconcile.Result{}, nil // the watch brings the newer one
	}
	facts, err := r.gather(ctx, recording, known)
	if err != nil {
		return reconcile.Result{}, err
	}
	decision, deferred := r.decide(ctx, facts)
	if deferred == nil && decision.Skips(recording) {
		decision, deferred = r.confirmSkip(ctx, facts, decision)
	}
	if errors.Is(deferred, kube.ErrConflict) {
		return r.decideAgain(ctx), nil
	}
	if deferred != nil && !facts.anyJob() {
		return reconcile.Result{}, deferred // nothing has happened that belongs into the status
	}
	if deferred == nil {
		if wait := r.burstWait(facts, decision); wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, nil
		}
	}
	return r.report(ctx, facts, decision, deferred)
}

// decide decides, and creates the Jobs that are wanted and have a slot, until no more are. It returns an error if the API server did not
// decide on a Job, and ErrConflict if the recording has changed. Each round knows one Job or slot more, so it ends.
func (r *Reconciler) decide(ctx context.Context, facts *facts) (planning.Decision, error) {
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
		err := r.createJobs(ctx, facts, admitted)
		if errors.Is(err, kube.ErrConflict) {
			return decision, err
		}
		deferred = errors.Join(deferred, err)
	}
}

// confirmSkip decides again by the pipelines that the API server has, because the cache may be stale and a recording that is Skipped is
// final.
func (r *Reconciler) confirmSkip(ctx context.Context, facts *facts, decision planning.Decision) (planning.Decision, error) {
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.Live.List(ctx, &pipelines, client.InNamespace(facts.Recording.Namespace)); err != nil {
		return decision, fmt.Errorf("confirm that no pipeline matches: %w", err)
	}
	facts.Pipelines = pipelines.Items
	return r.decide(ctx, facts)
}

// decideAgain leaves the recording alone until the cache has what another has written.
func (r *Reconciler) decideAgain(ctx context.Context) reconcile.Result {
	log.FromContext(ctx).V(1).Info("Recording has changed, deciding again")
	return reconcile.Result{RequeueAfter: r.Pace.ConflictAfter}
}
