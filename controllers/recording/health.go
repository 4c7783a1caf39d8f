// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// rejectedHint is what helps if the API server rejects the status.
const rejectedHint = "Install the CRDs of this version, and check policies and RBAC for meetingrecordings/status"

// StatusCheck is a readiness check: it fails, and names the namespaces, if status writes are rejected.
func (r *Reconciler) StatusCheck(*http.Request) error {
	if err := r.statusWrites.Err(); err != nil {
		return fmt.Errorf("status writes are rejected. %s. %w", rejectedHint, err)
	}
	return nil
}

// confirmStatus returns nil if the outcome of a run could be stored. Unless a status write was accepted in the namespace before, it asks
// the API server by a dry run.
func (r *Reconciler) confirmStatus(ctx context.Context, recording *v1alpha1.MeetingRecording, run jobs.Run) error {
	if err, known := r.statusWrites.Get(recording.Namespace); known && err == nil {
		return nil
	}
	now := metav1.NewTime(r.Clock.Now())
	after := recording.DeepCopy()
	after.Status.Processing.State = v1alpha1.ProcessingRunning
	after.Status.ObservedGeneration = recording.Generation
	after.Status.Processing.Steps = []v1alpha1.StepStatus{{
		Pipeline: run.Pipeline, Step: run.Step.Name, JobName: run.Name(), Attempt: run.Attempt,
		State: v1alpha1.StepRunning, StartTime: &now, CompletionTime: &now,
	}}
	err := kube.PatchStatus(ctx, r.Client, recording, after, client.DryRunAll)
	if err == nil {
		r.statusWrites.Set(recording.Namespace, nil)
		return nil
	}
	if apierrors.IsNotFound(err) {
		return kube.ErrConflict
	}
	r.rejected(ctx, recording, err)
	return err
}
