// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package delivery delivers CloudEvents of recordings to a sink, at least once each, and stores in status.delivery what was delivered. An
// event that the sink does not accept backs off alone. A circuit breaker opens if the sink accepts no event.
package delivery

import (
	"context"
	"fmt"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// Sink accepts CloudEvents, one attempt at a time.
type Sink interface {
	Send(ctx context.Context, event cloudevents.Event) eventsink.Answer
}

// Options configure the delivery. Without a Sink nothing is delivered.
type Options struct {
	Sink Sink
	// MaxBackoff is the longest wait before an event, or a sink that accepts none, is tried again, unless the sink asks for more.
	MaxBackoff time.Duration
	// SaveAfter is how long a delivery may be unsaved while the recording is in flight. A crash repeats unsaved deliveries.
	SaveAfter time.Duration
	// DropAfter is how old an event must be to be dropped, if the sink rejects it.
	DropAfter time.Duration
}

// DefaultOptions are the defaults of the flags.
var DefaultOptions = Options{MaxBackoff: time.Minute, SaveAfter: time.Minute, DropAfter: 24 * time.Hour}

const (
	concurrency = 12
	// permanentBackoff is the wait before a rejected event is sent again: that helps only if the sink has changed.
	permanentBackoff = time.Hour
	// minRejections is how often an event must have been rejected to be dropped.
	minRejections = 3
	// failuresToReport is after how many failures of an event a Kubernetes Event is written.
	failuresToReport = 3
	// lastAnswer limits how long the ending manager waits for the sink's response, without which an event would be sent again.
	lastAnswer = 3 * time.Second
)

// Reconciler delivers what is pending of a recording.
type Reconciler struct {
	Options

	client   client.Client
	live     client.Reader
	sources  []follow.Source
	recorder events.EventRecorder
	clock    clock.PassiveClock
	entries  *entries
	breaker  *breaker
	// delivering has one slot for each reconciliation. The last save takes all slots, so it runs after them.
	delivering *semaphore.Weighted
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/delivery,verbs=update

// Setup adds the delivery of the sources' recordings to the manager.
func Setup(mgr ctrl.Manager, options Options, sources []follow.Source, recorder events.EventRecorder, clock clock.PassiveClock) error {
	r := &Reconciler{
		Options: options, client: mgr.GetClient(), live: mgr.GetAPIReader(), sources: sources, recorder: recorder, clock: clock, delivering: semaphore.NewWeighted(concurrency),
		entries: &entries{known: make(map[types.NamespacedName]*entry)}, breaker: &breaker{clock: clock, maxBackoff: options.MaxBackoff},
	}
	if err := mgr.Add(&saver{r}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("delivery").
		WatchesRawSource(source.Func(r.enqueue)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: kube.RateLimiter()}).
		Complete(r)
}

// enqueue is the source of the controller: it queues recordings with pending events, without the cache, which has only those in flight. It
// also lists Delivered ones: a webhook may have arrived for one while no manager ran.
func (r *Reconciler) enqueue(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	observe := func(recording *v1alpha1.MeetingRecording) {
		recording.ManagedFields = nil
		if r.entries.observe(recording, r.isOurs) {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
		}
		eventsPending.Set(float64(r.entries.len()))
	}
	for _, source := range r.sources {
		go source.Run(ctx, "", observe, func(recording *v1alpha1.MeetingRecording) { r.entries.forget(client.ObjectKeyFromObject(recording)) })
	}
	return nil
}

// isOurs reports whether a recording should be delivered. One that ended and has no delivery state was processed without a sink, unless it
// ended recently: then a manager may have been killed before it could deliver it.
func (r *Reconciler) isOurs(recording *v1alpha1.MeetingRecording) bool {
	ended := recording.Status.Processing.LastTransitionTime
	return !recording.Status.Processing.State.IsFinal() || recording.Status.Delivery.State != "" || ended != nil && r.clock.Since(ended.Time) < r.DropAfter
}

// Reconcile sends every pending event of one recording whose backoff is over, and stores what was delivered if that is due.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if r.delivering.Acquire(ctx, 1) != nil { // the manager ends
		return reconcile.Result{}, nil
	}
	defer r.delivering.Release(1)
	cached, version, observed := r.entries.take(request.NamespacedName)
	if cached == nil {
		return reconcile.Result{}, nil
	}
	recording, wait, err := r.read(ctx, request.NamespacedName, cached, version, observed)
	if err != nil || recording == nil {
		return reconcile.Result{RequeueAfter: wait}, err
	}
	cached.delivered = delivery.Merge(recording.Status.Delivery, cached.delivered)
	wait = r.deliver(ctx, recording, cached)
	saveAfter, err := r.save(ctx, recording, cached)
	if apierrors.IsNotFound(err) {
		r.entries.forget(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err == nil && wait == 0 && saveAfter == 0 {
		r.entries.done(request.NamespacedName, cached)
	}
	eventsPending.Set(float64(r.entries.len()))
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: kube.Soonest(wait, saveAfter)}, nil
}

// read returns the last seen recording. It returns nil if it was deleted, or while the circuit breaker is open.
func (r *Reconciler) read(ctx context.Context, key types.NamespacedName, cached *entry, version string, observed *v1alpha1.MeetingRecording,
) (*v1alpha1.MeetingRecording, time.Duration, error) {
	if observed != nil {
		return observed, 0, nil
	}
	if wait, ok := r.breaker.peek(); !ok && cached.unsaved.IsZero() {
		return nil, wait, nil
	}
	recording := &v1alpha1.MeetingRecording{}
	// Not older than what was seen, so the API server answers from its watch cache.
	err := r.live.Get(ctx, key, recording, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: version}})
	if apierrors.IsNotFound(err) || err == nil && recording.UID != cached.uid {
		r.entries.forget(key)
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the recording: %w", err)
	}
	return recording, 0, nil
}

// deliver sends the pending events. It returns when to retry the rest; 0 if nothing is left.
func (r *Reconciler) deliver(ctx context.Context, recording *v1alpha1.MeetingRecording, cached *entry) (next time.Duration) {
	for _, item := range delivery.Pending(recording, cached.delivered) {
		failed := cached.failures[item.ID]
		wait, outcome := failed.retryTime.Sub(r.clock.Now()), eventsink.Retryable
		if wait <= 0 {
			wait, outcome = r.attempt(ctx, recording, item, &failed)
			cached.failures[item.ID] = failed
		}
		if wait > 0 {
			next = kube.Soonest(next, wait)
			if outcome == eventsink.Unreachable {
				return next // each further attempt would only wait for its timeout
			}
			continue
		}
		delete(cached.failures, item.ID)
		cached.delivered = delivery.Merge(cached.delivered, item.Delivered)
		if cached.unsaved.IsZero() {
			cached.unsaved = r.clock.Now()
		}
	}
	return next
}

// attempt sends one event. It returns how long to wait before the next attempt; 0 if the event was delivered or dropped.
func (r *Reconciler) attempt(ctx context.Context, recording *v1alpha1.MeetingRecording, item delivery.Item, failed *failure,
) (time.Duration, eventsink.Outcome) {
	if ctx.Err() != nil { // the manager ends
		return firstBackoff, eventsink.Unreachable
	}
	if wait, ok := r.breaker.allow(); !ok {
		return wait, eventsink.Retryable
	}
	sending, cancel := kube.Outlive(ctx, lastAnswer)
	defer cancel()
	var answer eventsink.Answer
	if event, err := item.Encode(); err != nil {
		answer = eventsink.Answer{Outcome: eventsink.Permanent, Err: err}
	} else {
		answer = r.Sink.Send(sending, event)
	}
	if answer.Outcome != eventsink.Delivered && ctx.Err() != nil { // nobody would wait for its backoff
		return firstBackoff, eventsink.Unreachable
	}
	r.logSink(ctx, r.breaker.report(item.ID, answer), answer)
	eventsTotal.WithLabelValues(answer.Outcome.String()).Inc()
	if answer.Outcome == eventsink.Delivered {
		eventDelay.Observe(r.clock.Since(item.Time).Seconds())
		log.FromContext(ctx).V(1).Info("Event delivered", "event", item.ID)
		return 0, answer.Outcome
	}
	return r.failed(ctx, recording, item, failed, answer), answer.Outcome
}

// failed returns how long to wait after a failure. An event that the sink rejects is retried hourly, and dropped once it is old, because it
// must not be kept forever. Then it returns 0.
func (r *Reconciler) failed(ctx context.Context, recording *v1alpha1.MeetingRecording, item delivery.Item, failed *failure, answer eventsink.Answer,
) time.Duration {
	report := func(reason, what string) {
		log.FromContext(ctx).Error(answer.Err, "Event not delivered", "event", item.ID, "reason", reason)
		r.recorder.Eventf(recording, nil, corev1.EventTypeWarning, reason, "Deliver", "Event %s %s: %v", item.ID, what, answer.Err)
	}
	wait := backoff(failed.attempts, r.MaxBackoff)
	failed.attempts++
	_, closed := r.breaker.peek()
	switch rejected := answer.Outcome == eventsink.Permanent; {
	case rejected && failed.attempts >= minRejections && r.clock.Since(item.Time) >= r.DropAfter:
		eventsTotal.WithLabelValues("dropped").Inc()
		report("EventDropped", "is dropped")
		return 0
	case rejected:
		wait = permanentBackoff
		if !failed.reported {
			report("EventRejected", "is rejected by the sink, and tried again once an hour until it is a day old")
		}
		failed.reported = true
	case closed && answer.Outcome == eventsink.Retryable && failed.attempts >= failuresToReport && !failed.reported:
		report("EventNotDelivered", "is not delivered, and tried again with backoff")
		failed.reported = true
	}
	wait = max(wait, min(answer.RetryAfter, maxRetryAfter))
	failed.retryTime = r.clock.Now().Add(wait)
	return wait
}

// logSink logs once that the sink accepts no events, and once that it accepts them again.
func (r *Reconciler) logSink(ctx context.Context, changed change, answer eventsink.Answer) {
	switch changed {
	case opened:
		sinkFailingSince.Set(float64(r.clock.Now().Unix()))
		log.FromContext(ctx).Error(answer.Err, "Sink accepts no events")
	case closed:
		sinkFailingSince.Set(0)
		log.FromContext(ctx).Info("Sink accepts events again")
	}
}

var (
	eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_cloudevents_total",
		Help: "Attempts to deliver an event to the sink, by outcome: delivered, unreachable (no response), failed (retried soon), rejected (retried hourly) or dropped (rejected for a day).",
	}, []string{"outcome"})

	eventDelay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "meetingrecording_cloudevents_delay_seconds",
		Help:    "Seconds from a change of a recording until its event was delivered.",
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 3600, 86400},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})

	sinkFailingSince = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_sink_failing_since_timestamp_seconds",
		Help: "Time since when the sink accepts no events, in seconds since 1970; 0 if it works or there is none.",
	})

	eventsPending = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_pending_recordings",
		Help: "Recordings with events that are not delivered, or whose delivery is not stored yet.",
	})
)

func init() {
	metrics.Registry.MustRegister(eventsTotal, eventDelay, sinkFailingSince, eventsPending)
	// An alert on an increase needs the series from the start.
	for _, outcome := range []string{"delivered", "unreachable", "failed", "rejected", "dropped"} {
		eventsTotal.WithLabelValues(outcome)
	}
}
