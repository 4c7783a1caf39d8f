// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
)

const firstRetry, maxRetry = 100 * time.Millisecond, 30 * time.Second

// enqueue is the source of the controller: it queues recordings with something pending. It needs no cache: a manager keeps those
// that are in flight only, and a webhook may also arrive for one that has ended.
func (r *Reconciler) enqueue(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	for _, source := range r.sources {
		go r.follow(ctx, source, queue)
	}
	return nil
}

// follow lists and watches one namespace until the context ends. A namespace that cannot be read does not stop the others.
func (r *Reconciler) follow(ctx context.Context, source follow.Source, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	logger := log.FromContext(ctx).WithName("delivery").WithValues("namespace", source.Namespace)
	observe := func(recording *v1alpha1.MeetingRecording) {
		recording.ManagedFields = nil
		if r.entries.observe(recording, r.isOurs) {
			queue.Add(reconcile.Request{NamespacedName: keyOf(recording)})
		}
		eventsPending.Set(float64(r.entries.len()))
	}
	apply := func(kind watch.EventType, recording *v1alpha1.MeetingRecording, _ uint64) error {
		switch kind {
		case watch.Deleted:
			r.entries.forget(keyOf(recording))
		case watch.Added, watch.Modified:
			observe(recording)
		}
		return nil
	}
	version := uint64(0)
	backoff := newRetry()
	for ctx.Err() == nil {
		var err error
		var reached uint64
		if version == 0 {
			reached, err = source.List(ctx, follow.NotDelivered, 0, observe)
		} else {
			reached, err = source.Follow(ctx, version, apply)
		}
		switch {
		case errors.Is(err, follow.ErrCompacted):
			version = 0
		case reached != version:
			version, backoff = reached, newRetry()
			if err == nil {
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			logger.Info("Following recordings failed, retrying", "reason", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Step()):
		}
	}
}

func newRetry() wait.Backoff {
	return wait.Backoff{Duration: firstRetry, Factor: 2, Jitter: 0.5, Steps: 20, Cap: maxRetry}
}

// isOurs reports whether a recording is to be delivered. One that ended without a mark was processed while there was no sink, unless
// that was lately: then a manager may have been killed before it could deliver it.
func (r *Reconciler) isOurs(recording *v1alpha1.MeetingRecording) bool {
	ended := recording.Status.Processing.LastTransitionTime
	return !recording.Status.Processing.State.IsFinal() || recording.Status.Delivery.State != "" || ended != nil && r.clock.Since(ended.Time) < r.DropAfter
}
