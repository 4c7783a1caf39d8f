// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// report stores the decision, then writes Kubernetes Events, metrics and the trace of it.
func (r *Reconciler) report(ctx context.Context, facts *facts, decision planning.Decision, deferred error) (reconcile.Result, error) {
	again := reconcile.Result{RequeueAfter: kube.Soonest(facts.wait, decision.RequeueAfter)}
	before := facts.Recording
	r.note(before, &decision)
	if !decision.Changes(before) {
		return again, deferred
	}
	stored := withStatus(before, decision)
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
	r.health.set(before.Namespace, nil)
	facts.known.written = stored.ResourceVersion
	countStored(before, decision)
	r.trace(facts, decision)
	for _, notice := range planning.Notices(before, decision) {
		r.Recorder.Eventf(stored, nil, notice.Type, notice.Reason, "Process", "%s", notice.Message)
	}
	log.FromContext(ctx).V(1).Info("Status stored", "processing", decision.Processing.State)
	return again, deferred
}

// withStatus returns the recording with the controller's part of the status as decided.
func withStatus(before *v1alpha1.MeetingRecording, decision planning.Decision) *v1alpha1.MeetingRecording {
	after := before.DeepCopy()
	after.Status.Processing = *decision.Processing.DeepCopy()
	after.Status.Conditions = decision.Conditions
	after.Status.ObservedGeneration = before.Generation
	return after
}

// note adds to a decision when the state last changed.
func (r *Reconciler) note(before *v1alpha1.MeetingRecording, decision *planning.Decision) {
	was, to := before.Status.Processing, &decision.Processing
	if to.LastTransitionTime = was.LastTransitionTime; to.State != was.State {
		to.LastTransitionTime = ptr.To(metav1.NewMicroTime(r.Clock.Now()))
	}
}

// rejected makes a status write that will not be accepted visible: in the log, in a Kubernetes Event, and in readiness.
func (r *Reconciler) rejected(ctx context.Context, recording *v1alpha1.MeetingRecording, err error) {
	if !kube.IsRejected(err) || !r.health.set(recording.Namespace, err) {
		return
	}
	log.FromContext(ctx).Error(err, "Status write rejected", "hint", rejectedHint)
	r.Recorder.Eventf(recording, nil, corev1.EventTypeWarning, "StatusRejected", "Process", "%s",
		"No further Jobs are created in the namespace. "+rejectedHint+": "+err.Error())
}
