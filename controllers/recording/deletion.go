// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// deletion deletes Jobs once their outcome is stored and keepJobs has passed.
type deletion struct{ *Reconciler }

func (r *Reconciler) registerDeletion(mgr ctrl.Manager) error {
	ended := predicate.NewPredicateFuncs(func(object client.Object) bool {
		job, ok := object.(*batchv1.Job)
		return ok && outcomes.JobCondition(job) != nil && owner(job) != nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("job").
		For(&batchv1.Job{}, builder.WithPredicates(ended)).
		WithOptions(controller.Options{RateLimiter: kube.RateLimiter()}).
		Complete(reconcile.AsReconciler(r.Client, &deletion{r}))
}

// Reconcile deletes one Job when it is due.
func (d *deletion) Reconcile(ctx context.Context, job *batchv1.Job) (reconcile.Result, error) {
	condition, of := outcomes.JobCondition(job), owner(job)
	if condition == nil || of == nil || job.DeletionTimestamp != nil {
		return reconcile.Result{}, nil
	}
	now := d.Clock.Now()
	if wait := jobs.KeepUntil(job, condition.LastTransitionTime.Time).Sub(now); wait > 0 {
		return reconcile.Result{RequeueAfter: min(wait, d.Settings.StallAfter)}, nil
	}
	stored, err := d.isStored(ctx, job, of)
	if err != nil {
		return reconcile.Result{}, err
	}
	if _, leads := d.Leading(); !stored || !leads {
		return reconcile.Result{RequeueAfter: max(d.Pace.AgainAfter, time.Second)}, nil
	}
	if err := d.ServerClock.Check(ctx, now); err != nil {
		return reconcile.Result{}, err
	}
	err = d.Client.Delete(ctx, job, client.Preconditions{UID: &job.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return reconcile.Result{}, fmt.Errorf("delete the Job: %w", err)
	}
	log.FromContext(ctx).V(1).Info("Job deleted, its outcome is stored")
	return reconcile.Result{}, nil
}

// isStored reports whether the recording has the Job's outcome. Finished recordings are not in the cache, so the API server is asked. Its
// watch cache may be stale; then the outcome is missing and the Job stays for now.
func (d *deletion) isStored(ctx context.Context, job *batchv1.Job, of *metav1.OwnerReference) (bool, error) {
	var recording v1alpha1.MeetingRecording
	key := client.ObjectKey{Namespace: job.Namespace, Name: of.Name}
	err := d.Live.Get(ctx, key, &recording, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: "0"}})
	if apierrors.IsNotFound(err) {
		return false, nil // the garbage collector deletes the Job with its recording
	}
	if err != nil {
		return false, fmt.Errorf("read the recording: %w", err)
	}
	return recording.UID == of.UID && planning.HasOutcome(&recording, job.Name), nil
}
