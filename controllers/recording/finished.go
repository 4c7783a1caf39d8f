// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// listPause is the time between two pages when finished recordings are listed at the start, so that those in flight are not slowed down.
const listPause = 100 * time.Millisecond

// finished observes finished recordings whose spec has changed: they are not in the manager's cache. A rerun puts them back into it.
type finished struct{ *Reconciler }

func (r *Reconciler) registerFinished(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("finishedrecording").
		WatchesRawSource(source.Func(r.followFinished)).
		WithOptions(controller.Options{RateLimiter: kube.RateLimiter()}).
		Complete(&finished{r})
}

// followFinished puts finished recordings that need it into the work queue. Nothing is kept of the others.
func (r *Reconciler) followFinished(ctx context.Context, queue requests) error {
	for _, source := range r.Sources {
		source.Selector, source.Pause = follow.Finished, listPause
		go source.Run(ctx, follow.Finished, func(recording *v1alpha1.MeetingRecording) {
			if needsObservation(recording) {
				queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
			}
		}, nil)
	}
	return nil
}

// needsObservation reports whether a finished recording requests a rerun, or has a spec that was not observed.
func needsObservation(recording *v1alpha1.MeetingRecording) bool {
	return recording.Status.Processing.State.IsFinal() && (!planning.IsObserved(recording) || planning.RerunIsDue(recording))
}

// Reconcile observes one finished recording.
func (f *finished) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var recording v1alpha1.MeetingRecording
	switch err := f.Live.Get(ctx, request.NamespacedName, &recording); {
	case apierrors.IsNotFound(err):
		return reconcile.Result{}, nil
	case err != nil:
		return reconcile.Result{}, fmt.Errorf("read the finished recording: %w", err)
	case !needsObservation(&recording):
		return reconcile.Result{}, nil
	}
	facts, err := f.gather(ctx, &recording, newEntry(recording.UID))
	if err == nil && planning.RerunIsDue(&recording) {
		err = f.readPipelines(ctx, facts)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	return f.report(ctx, facts, planning.Decide(facts.Input), nil)
}
