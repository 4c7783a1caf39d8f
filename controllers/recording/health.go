// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// rejectedHint is what helps if the API server rejects the status.
const rejectedHint = "Install the CRDs of this version, and check policies and RBAC for meetingrecordings/status"

// StatusHealth is whether the API server accepts status writes, by namespace. A Job whose outcome cannot be stored would run again after
// each deletion, so none is created in a namespace until a status write was accepted there.
type StatusHealth struct {
	mu         sync.Mutex
	namespaces map[string]error // nil: accepted
}

func newStatusHealth() *StatusHealth { return &StatusHealth{namespaces: make(map[string]error)} }

// set stores the API server's answer to a status write, and reports whether it is the first rejection since one was accepted.
func (h *StatusHealth) set(namespace string, err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	isFirst := err != nil && h.namespaces[namespace] == nil
	h.namespaces[namespace] = err
	return isFirst
}

func (h *StatusHealth) isAccepted(namespace string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	err, known := h.namespaces[namespace]
	return known && err == nil
}

// Check returns an error that names the namespaces whose status writes are rejected. It is a healthz.Checker.
func (h *StatusHealth) Check(*http.Request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var failing []string
	for namespace, err := range h.namespaces {
		if err != nil {
			failing = append(failing, fmt.Sprintf("%s: %v", namespace, err))
		}
	}
	if len(failing) == 0 {
		return nil
	}
	slices.Sort(failing)
	return errors.New("status writes are rejected. " + rejectedHint + ". " + strings.Join(failing, "; "))
}

// confirmStatus returns nil if the outcome of a run could be stored. Unless a status write was accepted in the namespace before, it asks
// the API server by a dry run.
func (r *Reconciler) confirmStatus(ctx context.Context, recording *v1alpha1.MeetingRecording, run jobs.Run) error {
	if r.health.isAccepted(recording.Namespace) {
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
		r.health.set(recording.Namespace, nil)
		return nil
	}
	if apierrors.IsNotFound(err) {
		return kube.ErrConflict
	}
	r.rejected(ctx, recording, err)
	return err
}
