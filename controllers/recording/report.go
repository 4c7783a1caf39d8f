// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// report stores the decision, then writes Kubernetes Events, metrics and the trace of it.
func (r *Reconciler) report(ctx context.Context, facts *facts, decision planning.Decision, deferred error) (reconcile.Result, error) {
	again := reconcile.Result{}
	if deferred == nil { // which has its own backoff
		// A wait is far too long if it was planned while this clock, or a node's, was wrong.
		again.RequeueAfter = min(kube.Soonest(facts.wait, decision.RequeueAfter), r.Settings.StallAfter)
	}
	before := facts.Recording
	if !decision.Changes(before) {
		return again, deferred
	}
	stored := before.DeepCopy()
	stored.Status.Processing = *decision.Processing.DeepCopy()
	stored.Status.Conditions, stored.Status.ObservedGeneration = decision.Conditions, before.Generation
	switch err := kube.PatchStatus(ctx, r.Client, before, stored); {
	case apierrors.IsNotFound(err):
		return reconcile.Result{}, nil
	case errors.Is(err, kube.ErrConflict):
		return r.decideAgain(ctx), nil
	case err != nil:
		facts.known.unsure = true
		r.rejected(ctx, before, err)
		return reconcile.Result{}, err
	}
	_ = r.statusWrites.Set(before.Namespace, nil)
	facts.known.written = stored.ResourceVersion
	countStored(before, decision)
	r.trace(facts, decision)
	for _, notice := range planning.Notices(before, decision) {
		r.Recorder.Eventf(stored, nil, notice.Type, notice.Reason, "Process", "%s", notice.Message)
	}
	log.FromContext(ctx).V(1).Info("Status stored", "processing", decision.Processing.State)
	return again, deferred
}

// rejectedHint is what to do if the API server rejects the status.
const rejectedHint = "Install the CRDs of this version, and check policies and RBAC for meetingrecordings/status"

// StatusCheck is a readiness check: it fails, and names the namespaces, if status writes are rejected.
func (r *Reconciler) StatusCheck(*http.Request) error {
	if err := r.statusWrites.Err(); err != nil {
		return fmt.Errorf("status writes are rejected. %s. %w", rejectedHint, err)
	}
	return nil
}

// rejected reports a rejected status write: in the log, in a Kubernetes Event, and in readiness.
func (r *Reconciler) rejected(ctx context.Context, recording *v1alpha1.MeetingRecording, err error) {
	if !kube.IsRejected(err) || r.statusWrites.Set(recording.Namespace, fmt.Errorf("namespace %s: %w", recording.Namespace, err)) != nil {
		return
	}
	log.FromContext(ctx).Error(err, "Status write rejected", "hint", rejectedHint)
	r.Recorder.Eventf(recording, nil, corev1.EventTypeWarning, "StatusRejected", "Process", "%s",
		"No further Jobs are created in the namespace. "+rejectedHint+": "+err.Error())
}

// trace adds a stored decision, and the Jobs whose outcome it has, to the recording's trace.
func (r *Reconciler) trace(facts *facts, stored planning.Decision) {
	recording := facts.Recording
	about := tracing.Recording{
		Place: tracecontext.Parse(recording.Annotations[v1alpha1.AnnotationTraceparent]),
		Name:  recording.Namespace + "/" + recording.Name,
	}
	if !about.Place.IsSampled() {
		return
	}
	r.Tracer.Decision(about, string(stored.Processing.State), facts.Now, r.Clock.Now())
	for _, attempt := range newlyEnded(recording.Status.Processing, stored.Processing) {
		r.Tracer.Job(about, jobs.Name(recording.Name, attempt.Pipeline, attempt.Step, attempt.Attempt), attempt)
	}
}

// newlyEnded returns the attempts that had a Job, have ended after, and had not before. An attempt is the same in the steps and in the
// history, to which a retry or a rerun moves it.
func newlyEnded(before, after v1alpha1.ProcessingStatus) []v1alpha1.StepAttempt {
	known := ended(before)
	return slices.DeleteFunc(ended(after), func(attempt v1alpha1.StepAttempt) bool {
		return slices.ContainsFunc(known, func(other v1alpha1.StepAttempt) bool {
			return other.Pipeline == attempt.Pipeline && other.Step == attempt.Step && other.Attempt == attempt.Attempt
		})
	})
}

// ended returns the attempts that had a Job and have ended.
func ended(status v1alpha1.ProcessingStatus) []v1alpha1.StepAttempt {
	all := slices.Clone(status.History)
	for i := range status.Steps {
		all = append(all, planning.AttemptOf(&status.Steps[i]))
	}
	return slices.DeleteFunc(all, func(attempt v1alpha1.StepAttempt) bool {
		return attempt.StartTime == nil || attempt.CompletionTime == nil
	})
}
