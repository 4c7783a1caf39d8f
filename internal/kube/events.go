// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record/util"
	"k8s.io/client-go/tools/reference"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/text"
)

const (
	// eventWriters is how many Kubernetes Events are written at once: few, so that Jobs and statuses go first.
	eventWriters = 4
	// maxEvents is how many may wait to be written, each in about 1 KiB. Others are lost.
	maxEvents = 4096
	// drainTimeout limits how long the manager keeps writing Events while it ends.
	drainTimeout = 5 * time.Second
	// eventLogEvery is the least time between two log lines on lost events.
	eventLogEvery = 10 * time.Second
)

// eventTries is how an event is retried if the API server does not answer: for half a minute.
var eventTries = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 6}

// EventRecorder writes Kubernetes Events. Ours never repeat. client-go's recorder keeps each for up to twelve minutes to find repetitions,
// and a goroutine for each that waits: a fifth of the manager's memory under load.
type EventRecorder struct {
	client   client.Writer
	scheme   *runtime.Scheme
	instance string
	log      logr.Logger
	queue    chan *eventsv1.Event
	lost     rate.Sometimes
}

var _ events.EventRecorder = (*EventRecorder)(nil)

// NewEventRecorder returns a recorder that runs in the manager.
func NewEventRecorder(mgr ctrl.Manager) (*EventRecorder, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the reporting instance of Kubernetes Events: %w", err)
	}
	r := &EventRecorder{
		client: mgr.GetClient(), scheme: mgr.GetScheme(), instance: FieldOwner + "-" + host, log: mgr.GetLogger().WithName("events"),
		queue: make(chan *eventsv1.Event, maxEvents), lost: rate.Sometimes{Interval: eventLogEvery},
	}
	return r, mgr.Add(r)
}

// NeedLeaderElection makes it stop after the controllers, whose last events it writes.
func (r *EventRecorder) NeedLeaderElection() bool { return false }

// Eventf implements events.EventRecorder. It does not wait: the event is written later, or lost if too many wait. A note is cut to the
// 1024 bytes that the API server accepts.
func (r *EventRecorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	now := metav1.NowMicro()
	event := &eventsv1.Event{
		EventTime: now, Type: kind, Reason: reason, Action: action, Note: text.Cut(fmt.Sprintf(note, args...)),
		ReportingController: FieldOwner, ReportingInstance: r.instance,
	}
	about, err := reference.GetReference(r.scheme, regarding)
	if err == nil && related != nil {
		event.Related, err = reference.GetReference(r.scheme, related)
	}
	if err != nil {
		r.log.Error(err, "Kubernetes Event cannot be written", "reason", reason)
		return
	}
	event.Regarding = *about
	event.Namespace, event.Name = about.Namespace, util.GenerateEventName(about.Name, now.UnixNano())
	select {
	case r.queue <- event:
	default:
		r.lose(event, errors.New("too many wait to be written"))
	}
}

// lose logs now and then that an event is lost.
func (r *EventRecorder) lose(event *eventsv1.Event, why error) {
	r.lost.Do(func() {
		r.log.Error(why, "Kubernetes Event lost", "namespace", event.Namespace, "name", event.Regarding.Name, "reason", event.Reason)
	})
}

// Start writes events until the context ends, and then what is left, for a moment.
func (r *EventRecorder) Start(ctx context.Context) error {
	writing, cancel := Outlive(ctx, drainTimeout)
	defer cancel()
	var writers sync.WaitGroup
	for range eventWriters {
		writers.Go(func() {
			for {
				select {
				case event := <-r.queue:
					r.write(writing, event)
					continue
				case <-ctx.Done():
				}
				select {
				case event := <-r.queue:
					r.write(writing, event)
				default:
					return
				}
			}
		})
	}
	writers.Wait()
	return nil
}

// write retries until the API server has answered.
func (r *EventRecorder) write(ctx context.Context, event *eventsv1.Event) {
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, eventTries, func(ctx context.Context) (done bool, err error) {
		last = r.client.Create(ctx, event.DeepCopy())
		var status apierrors.APIStatus
		if last == nil || errors.As(last, &status) && status.Status().Code < 500 && !apierrors.IsTooManyRequests(last) {
			return true, client.IgnoreAlreadyExists(last) // an earlier try was written without an answer
		}
		return false, nil
	})
	if wait.Interrupted(err) {
		err = errors.Join(err, last)
	}
	if err != nil {
		r.lose(event, err)
	}
}
