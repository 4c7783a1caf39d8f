// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

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

	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

const (
	// eventWriters is how many Kubernetes Events are written at once: they may be late, the Jobs and statuses beside them not.
	eventWriters = 4
	// maxEvents is how many may wait to be written, each in about 1 KiB. Further ones are lost.
	maxEvents = 4096
	// lastEvents bounds how long the end of the manager waits for those that are left.
	lastEvents = 5 * time.Second
	// eventLogEvery is the least time between two log lines on lost events.
	eventLogEvery = 10 * time.Second
)

// eventTries is how an event is tried again when the API server does not answer: for half a minute.
var eventTries = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 6}

// recorder writes Kubernetes Events. Ours tell of changes, and so never repeat; client-go's recorder keeps each for up to twelve minutes to find
// repetitions, and has a goroutine for each that waits.
type recorder struct {
	client   client.Writer
	scheme   *runtime.Scheme
	instance string
	log      logr.Logger
	queue    chan *eventsv1.Event
	told     rate.Sometimes
}

var _ events.EventRecorder = (*recorder)(nil)

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create

func newRecorder(mgr ctrl.Manager) (*recorder, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name under which events are written: %w", err)
	}
	r := &recorder{
		client: mgr.GetClient(), scheme: mgr.GetScheme(), instance: kube.FieldOwner + "-" + host, log: mgr.GetLogger().WithName("events"),
		queue: make(chan *eventsv1.Event, maxEvents), told: rate.Sometimes{Interval: eventLogEvery},
	}
	return r, mgr.Add(r)
}

// NeedLeaderElection has it end after those that need it, and write what they have left.
func (r *recorder) NeedLeaderElection() bool { return false }

// Eventf implements events.EventRecorder. It does not wait: the event is written later, or lost where too many wait.
func (r *recorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	now := metav1.NowMicro()
	event := &eventsv1.Event{
		EventTime: now, Type: kind, Reason: reason, Action: action, Note: fmt.Sprintf(note, args...),
		ReportingController: kube.FieldOwner, ReportingInstance: r.instance,
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

// lose tells, at times, that an event is lost: it would be of no more use to anybody later.
func (r *recorder) lose(event *eventsv1.Event, why error) {
	r.told.Do(func() {
		r.log.Error(why, "Kubernetes Event lost", "namespace", event.Namespace, "name", event.Regarding.Name, "reason", event.Reason)
	})
}

// Start writes events until the context ends, and then what is left, for a moment.
func (r *recorder) Start(ctx context.Context) error {
	// A write that has begun goes on: nobody would know what became of it.
	writing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastEvents, cancel) })()
	var writers sync.WaitGroup
	for range eventWriters {
		writers.Go(func() { r.work(ctx, writing) })
	}
	writers.Wait()
	return nil
}

// work writes events until stop has ended and none is left.
func (r *recorder) work(stop, writing context.Context) {
	for {
		select {
		case event := <-r.queue:
			r.write(writing, event)
			continue
		case <-stop.Done():
		}
		select {
		case event := <-r.queue:
			r.write(writing, event)
		default:
			return
		}
	}
}

// write tries until the API server has answered.
func (r *recorder) write(ctx context.Context, event *eventsv1.Event) {
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, eventTries, func(ctx context.Context) (done bool, err error) {
		// The answer is not read into the event: each try is of what it was.
		last = r.client.Create(ctx, event.DeepCopy())
		if isFinal(last) {
			return true, client.IgnoreAlreadyExists(last) // a try before has been written without an answer
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

// isFinal tells whether another try would be answered the same.
func isFinal(err error) bool {
	var status apierrors.APIStatus
	return err == nil || (errors.As(err, &status) && status.Status().Code < 500 && !apierrors.IsTooManyRequests(err))
}
