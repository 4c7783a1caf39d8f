// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// A finished recording whose spec changes is observed again, however it changes, so that kubectl wait and GitOps tools never hang; and
// nothing runs again.
func TestFinishedIsObservedAgain(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	job := jobOf(t, r, "default", "archive")
	expect(t, r, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	patchObject(t, r, func() { r.Spec.Suspend = true }) // races with the end
	endJob(t, job, true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
	expectObserved(t, r)
	for name, change := range map[string]func(){
		"suspend is taken back": func() { r.Spec.Suspend = false },
		"suspended":             func() { r.Spec.Suspend = true },
		"held":                  func() { r.Spec.Hold = true },
	} {
		t.Run(name, func(t *testing.T) {
			patchObject(t, r, change)
			expectObserved(t, r)
		})
	}
	op.stop()
	patchObject(t, r, func() { r.Spec.Hold = false }) // while no manager runs
	start(t, ns, nil)
	expectObserved(t, r)
	if n := jobCount(t, ns); n != 1 {
		t.Errorf("%d Jobs, want the first only", n)
	}
}

// A token that is set back to the one that was observed last asks for nothing: the recording is observed again, and nothing runs.
func TestTokenSetBack(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	endJob(t, archiveJob(t, r), true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
	patchObject(t, r, func() { r.Spec.Rerun = &v1alpha1.Rerun{Token: "a"} })
	endJob(t, attemptOf(t, r, "default", "archive", 2), true)
	eventually(t, "the rerun has ended", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(r), r); err != nil {
			return err
		}
		if got := r.Status.Processing; got.State != v1alpha1.ProcessingSucceeded || got.ObservedRerunToken != "a" {
			return fmt.Errorf("it is %s, of token %s", got.State, got.ObservedRerunToken)
		}
		return nil
	})
	op.stop()
	patchObject(t, r, func() { r.Spec.Rerun.Token = "b" }) // nobody sees it
	patchObject(t, r, func() { r.Spec.Rerun.Token = "a" })
	start(t, ns, nil)
	expectObserved(t, r)
	if got := r.Status.Processing; got.State != v1alpha1.ProcessingSucceeded || got.Steps[0].Attempt != 2 {
		t.Errorf("processing is %+v, want it as it was", got)
	}
	patchObject(t, r, func() { r.Spec.Rerun = nil })
	expectObserved(t, r)
	patchObject(t, r, func() { r.Spec.Rerun = &v1alpha1.Rerun{Token: "a"} })
	expectObserved(t, r)
	if n := jobCount(t, ns); n != 2 {
		t.Errorf("%d Jobs, want the first and that of the rerun", n)
	}
}
