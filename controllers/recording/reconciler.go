// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recording has the controller of MeetingRecordings: it runs the Jobs of recordings that have ended, and writes their outcome to
// status.processing and the conditions. Reconcile reads as gather -> decide -> act -> report; deciding is in internal/processing.
//
// Each of these mechanisms keeps a promise of the project:
//
//   - create.go: a Job is created only by the leader, from a recording that no other leader has changed since, without a read of etcd for
//     each Job ("a step whose outcome is stored never runs again", "no get that reaches etcd");
//   - known.go: what this process knows and its cache may not show yet, so that nothing is decided twice ("8 writes a recording");
//   - burstWait: in a burst of stops the Jobs are created before the status is written (the benchmark's Jobs/s in a burst);
//   - scheduler.go: maxConcurrent holds exactly, with any number of workers;
//   - confirmStatus: no Job is created whose outcome could not be stored;
//   - finished.go: a finished recording whose spec changes is observed, without a cache of finished recordings ("memory grows with
//     recordings in flight");
//   - deletion.go: no Job disappears before its outcome is stored.
package recording

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Options are the dependencies and settings of the controller.
type Options struct {
	// Client reads from the cache and writes to the API server; Live reads from the API server.
	Client client.Client
	Live   client.Reader
	// Sources read the recordings of each namespace without a cache.
	Sources []follow.Source
	// Recorder writes Kubernetes Events.
	Recorder events.EventRecorder
	// Conditions evaluates the conditions of pipelines and steps.
	Conditions planning.Expressions
	// Settings are the durations after which a recording stalls, and the reorder window.
	Settings planning.Settings
	Pace     Pace
	// Leading reports whether this process leads.
	Leading Leading
	Clock   clock.PassiveClock
	// ServerClock compares Clock with the API server's before a Job is deleted.
	ServerClock *serverclock.Checker
	// Tracer gets decisions and Jobs of recordings that have a trace; nil for none.
	Tracer *tracing.Tracer
}

// Leading returns the epoch, the number of a period of leadership, and whether this process certainly leads: no other process has led
// between two calls that return true for the same epoch.
type Leading func() (epoch int64, leads bool)

// Alone is Leading for a process without replicas.
func Alone() (epoch int64, leads bool) { return 0, true }

// Pace is how often the controller observes what it does not watch.
type Pace struct {
	// ProbeAfter is how long a Job may be without a ready Pod until its Pods are observed, and at first how often. It doubles up to
	// ProbeMax.
	ProbeAfter, ProbeMax time.Duration
	// RetryAfter is how soon a Job that was rejected, or whose name is taken, is retried. It doubles up to RetryMax.
	RetryAfter, RetryMax time.Duration
	// ConflictAfter is the wait before a recording that has changed meanwhile is reconciled again.
	ConflictAfter time.Duration
	// AgainAfter is how soon a Job is observed again that is not in the cache because its label was removed, or whose outcome is not stored
	// although it should be deleted.
	AgainAfter time.Duration
}

// DefaultPace keeps the load on the API server low.
var DefaultPace = Pace{
	ProbeAfter:    30 * time.Second,
	ProbeMax:      5 * time.Minute,
	RetryAfter:    10 * time.Second,
	RetryMax:      5 * time.Minute,
	ConflictAfter: time.Second,
	AgainAfter:    30 * time.Second,
}

// concurrency is how many recordings are reconciled at once: a reconciliation mostly waits for the API server. With more, an API server
// that is short of CPU gets less done (docs/explanation/performance.md); with fewer, Jobs wait for workers that wait for responses.
const concurrency = 12

// Reconciler runs the Jobs of recordings that have ended, and writes their outcome.
type Reconciler struct {
	Options
	epoch epochStart
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

// New returns a reconciler with empty caches.
func New(options Options) *Reconciler {
	return &Reconciler{
		Options:   options,
		epoch:     epochStart{asking: semaphore.NewWeighted(1)},
		scheduler: newScheduler(),
	}
}

// Register adds the controller to the manager, and the controllers of finished recordings and of their Jobs.
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
		Watches(&batchv1.Job{}, &jobWatch{EventHandler: enqueueOwner, scheduler: r.scheduler, entryOf: r.entryOf}).
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
		r.statusWrites.Clear(key.Namespace) // others whose status is rejected report it again
		return reconcile.Result{RequeueAfter: r.scheduler.leave(key, r.Clock.Now())}, nil
	} else if err != nil {
		return reconcile.Result{}, err
	}
	known := r.entryOf(key, recording.UID)
	r.known.Store(key, known) // also replaces the entry of an earlier object of the same name
	if known.isAheadOf(recording) {
		return reconcile.Result{}, nil // the watch brings the newer one
	}
	facts, err := r.gather(ctx, recording, known)
	if err != nil {
		return reconcile.Result{}, err
	}
	decision, deferred := r.decide(ctx, facts)
	if decision.Absent && !errors.Is(deferred, kube.ErrConflict) {
		if err := r.readPipelines(ctx, facts); err != nil {
			return reconcile.Result{}, err
		}
		decision, deferred = r.decide(ctx, facts)
	}
	if errors.Is(deferred, kube.ErrConflict) {
		return r.decideAgain(ctx), nil
	}
	if deferred != nil && !facts.anyJob() && planning.BecameStalled(recording, decision) == "" {
		return reconcile.Result{}, deferred // nothing has changed that the status should have
	}
	if wait := r.burstWait(facts, decision); deferred == nil && wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	return r.report(ctx, facts, decision, deferred)
}

// decide decides, and creates the Jobs that are wanted and have a slot, until no more are. It returns an error if the API server did not
// decide on a Job, and ErrConflict if the recording has changed. Each round adds a Job or slot, so it ends.
func (r *Reconciler) decide(ctx context.Context, facts *facts) (planning.Decision, error) {
	var wanted []jobs.Run
	deferred := facts.unread
	for first := true; ; first = false {
		decision := planning.Decide(facts.Input)
		wanted = append(wanted, decision.Create...)
		if !first && len(decision.Create) == 0 {
			return decision, deferred
		}
		r.requestSlots(ctx, facts, wanted)
		if len(decision.Create) == 0 {
			return decision, deferred
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

// readPipelines has the next decision use the pipelines that the API server has, because the cache may be stale and the decision is final.
func (r *Reconciler) readPipelines(ctx context.Context, facts *facts) error {
	var pipelines v1alpha1.RecordingPipelineList
	if err := r.Live.List(ctx, &pipelines, client.InNamespace(facts.Recording.Namespace)); err != nil {
		return fmt.Errorf("read the pipelines: %w", err)
	}
	facts.Pipelines = pipelines.Items
	return nil
}

// decideAgain postpones the recording until the cache has another writer's change.
func (r *Reconciler) decideAgain(ctx context.Context) reconcile.Result {
	log.FromContext(ctx).V(1).Info("Recording has changed, deciding again")
	return reconcile.Result{RequeueAfter: r.Pace.ConflictAfter}
}
