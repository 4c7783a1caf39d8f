// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
)

// Sink takes CloudEvents, one attempt at a time.
type Sink interface {
	Send(ctx context.Context, event cloudevents.Event) eventsink.Answer
}

// Delivery is what a user can set of the delivery of events, and what a test may. Without a Sink there is none: no controller, no
// cache, and no transitions in recordings.
type Delivery struct {
	Sink Sink
	// MaxPause is how long a sink that takes no events is left alone at most, unless it asks for longer; and for how long a
	// recording waits at most whose event it refuses.
	MaxPause time.Duration
	// SaveAfter is for how long what was delivered may not be written down: it would be delivered again after a crash. Once a
	// recording is processed and all of it delivered it is written at once.
	SaveAfter time.Duration
	// DropAfter is how old an event must be to be given up, once the sink has refused it DropRefusals times.
	DropAfter time.Duration
}

// DefaultDelivery is what a user gets who sets nothing.
var DefaultDelivery = Delivery{MaxPause: time.Minute, SaveAfter: time.Minute, DropAfter: 24 * time.Hour}

// DropRefusals is how often a sink must have refused an event until it may be given up.
const DropRefusals = 5

// cachesAgree is how long the two caches may differ on whether a recording has been processed.
const cachesAgree = 30 * time.Second

// deliverer tells a sink of recordings, from what they say themselves, and writes down in them what it told.
type deliverer struct {
	Delivery

	client client.Client
	// live reads recordings that have been processed, of which pending has but the names.
	live     client.Reader
	pending  *pendingRecordings
	recorder events.EventRecorder
	clock    clock.PassiveClock
	pace     Pace
	gate     *gate
	tellings *tellings
	// working is held, for reading, by who tells; who holds it else has it that nobody does.
	working sync.RWMutex
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/delivery,verbs=update

// setUpDelivery adds the delivery to the manager.
func setUpDelivery(mgr ctrl.Manager, options Options, recorder events.EventRecorder) error {
	pending, err := newPendingRecordings(mgr, options.Namespaces)
	if err != nil {
		return err
	}
	d := &deliverer{
		Delivery: options.Delivery,
		client:   mgr.GetClient(),
		live:     mgr.GetAPIReader(),
		pending:  pending,
		recorder: recorder,
		clock:    options.Clock,
		pace:     options.Pace,
		gate:     &gate{clock: options.Clock, maxPause: options.Delivery.MaxPause},
		tellings: newTellings(),
	}
	if err := mgr.Add(&saver{d}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("delivery").
		Watches(&v1alpha1.MeetingRecording{}, &handler.EnqueueRequestForObject{}).
		WatchesRawSource(pending.source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: 12, RateLimiter: kube.RateLimiter()}).
		Complete(d)
}

// Reconcile tells the sink all that it does not know of one recording, as far as the sink takes it, and writes down what it told where
// that is due. It returns an error where the API server could not be asked.
func (d *deliverer) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	d.working.RLock()
	defer d.working.RUnlock()
	recording, wait, err := d.subject(ctx, request)
	if err != nil || recording == nil {
		return reconcile.Result{RequeueAfter: wait}, err
	}
	known := d.tellings.of(recording)
	due := delivery.Due(recording, known.told)
	for len(due) > 0 && wait == 0 && ctx.Err() == nil {
		if wait = d.tell(ctx, recording, due[0], &known); wait == 0 {
			due = due[1:]
		}
	}
	saveAfter, err := d.save(ctx, recording, &known, len(due) == 0)
	if apierrors.IsNotFound(err) {
		d.tellings.forget(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if known.isWorthKeeping(recording) {
		d.tellings.keep(request.NamespacedName, known)
	} else {
		d.tellings.forget(request.NamespacedName)
	}
	return reconcile.Result{RequeueAfter: soonest(wait, saveAfter)}, err
}

// isWorthKeeping says whether more is known than the recording says as it was read.
func (t telling) isWorthKeeping(recording *v1alpha1.MeetingRecording) bool {
	return t.refusals > 0 || !delivery.Covers(delivery.Told(recording), t.told)
}

// subject returns the recording to look at: as the cache has it; where it has been processed, and may have something to tell, as the
// API server has it. It returns nil where there is nothing to look at, and when to ask again.
func (d *deliverer) subject(ctx context.Context, request reconcile.Request) (*v1alpha1.MeetingRecording, time.Duration, error) {
	recording := &v1alpha1.MeetingRecording{}
	err := d.client.Get(ctx, request.NamespacedName, recording)
	if !apierrors.IsNotFound(err) {
		return recording, 0, err
	}
	version, err := d.pending.version(ctx, request.NamespacedName)
	if err != nil {
		return nil, 0, err
	}
	if version == "" {
		return nil, d.tellings.missing(request.NamespacedName, d.clock.Now(), cachesAgree), nil
	}
	if wait, open := d.gate.peek(); !open {
		return nil, wait, nil
	}
	err = d.live.Get(ctx, request.NamespacedName, recording, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: version}})
	if apierrors.IsNotFound(err) {
		d.tellings.forget(request.NamespacedName)
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the recording: %w", err)
	}
	return recording, 0, nil
}

// tell tells the sink of one thing. It returns how long to wait where the sink did not take it; 0 where it did, or the event is given up.
func (d *deliverer) tell(ctx context.Context, recording *v1alpha1.MeetingRecording, item delivery.Item, known *telling) time.Duration {
	if wait := known.retryAt.Sub(d.clock.Now()); known.refusals > 0 && wait > 0 {
		return wait
	}
	wait, ok := d.gate.enter()
	if !ok {
		return wait
	}
	sent := false
	defer func() {
		if !sent { // it panicked, or the manager ends
			d.gate.release()
		}
	}()
	answer := d.send(ctx, recording, item)
	if answer.Outcome != eventsink.Delivered && ctx.Err() != nil { // the manager ends, which is no fault of the sink
		return firstPause
	}
	sent = true
	changed := d.gate.leave(answer)
	logSink(ctx, changed, answer)
	switch answer.Outcome {
	case eventsink.Delivered:
		eventsTotal.WithLabelValues("delivered").Inc()
		eventDelay.Observe(d.clock.Since(item.At()).Seconds())
		log.FromContext(ctx).V(1).Info("Event delivered", "event", item.ID(recording))
	case eventsink.Refused:
		return d.refused(ctx, recording, item, known, answer)
	default:
		eventsTotal.WithLabelValues("unavailable").Inc()
		return max(firstPause, changed.pause)
	}
	d.toldOf(ctx, item, known)
	return 0
}

func (d *deliverer) send(ctx context.Context, recording *v1alpha1.MeetingRecording, item delivery.Item) eventsink.Answer {
	event, err := delivery.Event(recording, item)
	if err != nil {
		return eventsink.Answer{Outcome: eventsink.Refused, Err: err}
	}
	return d.Sink.Send(ctx, event)
}

// toldOf takes in that the sink need not be told of the item any more.
func (d *deliverer) toldOf(ctx context.Context, item delivery.Item, known *telling) {
	if lost := delivery.Lost(known.told, item); lost > 0 {
		eventsTotal.WithLabelValues("dropped").Add(float64(lost))
		log.FromContext(ctx).Info("Events are lost, more waited for the sink than a recording holds", "events", lost)
	}
	known.told = delivery.With(known.told, item)
	known.refusals = 0
	if known.unsaved.IsZero() {
		known.unsaved = d.clock.Now()
	}
}

// refused has the recording wait, and those events that follow this one; once the sink has refused it often and for long it is given
// up, or they would wait for ever.
func (d *deliverer) refused(ctx context.Context, recording *v1alpha1.MeetingRecording, item delivery.Item, known *telling, answer eventsink.Answer,
) time.Duration {
	known.refusals++
	eventsTotal.WithLabelValues("refused").Inc()
	if known.refusals >= DropRefusals && d.clock.Since(item.At()) >= d.DropAfter {
		eventsTotal.WithLabelValues("dropped").Inc()
		log.FromContext(ctx).Error(answer.Err, "Event given up, the sink has refused it for too long", "event", item.ID(recording))
		d.recorder.Eventf(recording, nil, corev1.EventTypeWarning, "EventDropped", "Deliver", "%s",
			conditions.Cut("Given up: the event "+item.ID(recording)+": "+answer.Err.Error()))
		d.toldOf(ctx, item, known)
		return 0
	}
	if known.refusals == 1 {
		log.FromContext(ctx).Error(answer.Err, "Event refused by the sink, it is tried again", "event", item.ID(recording))
		d.recorder.Eventf(recording, nil, corev1.EventTypeWarning, "EventRefused", "Deliver", "%s",
			conditions.Cut("Tried again, and the recording's other events wait: the event "+item.ID(recording)+": "+answer.Err.Error()))
	}
	pause := min(d.MaxPause, firstPause<<min(known.refusals-1, 20))
	known.retryAt = d.clock.Now().Add(max(pause, min(answer.RetryAfter, maxAsked)))
	return known.retryAt.Sub(d.clock.Now())
}

// logSink says once that a sink has gone, and once that it is back.
func logSink(ctx context.Context, changed change, answer eventsink.Answer) {
	switch {
	case changed.gone:
		log.FromContext(ctx).Error(answer.Err, "Sink takes no events, they wait in their recordings")
	case changed.back:
		log.FromContext(ctx).Info("Sink takes events again", "away", changed.away.String())
	}
}
