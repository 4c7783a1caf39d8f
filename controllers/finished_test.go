// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

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
