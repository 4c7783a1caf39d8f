// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// finishedRecording makes one whose processing has ended.
func finishedRecording(t *testing.T, ns, name string) *v1alpha1.MeetingRecording {
	t.Helper()
	recording := stopped(t, ns, name)[0]
	old := recording.DeepCopy()
	recording.Status.Processing.State = v1alpha1.ProcessingSkipped
	patchRecording(t, recording, old)
	return recording
}

func askForRerun(t *testing.T, recording *v1alpha1.MeetingRecording, token string) {
	t.Helper()
	old := recording.DeepCopy()
	recording.Spec.Rerun = &v1alpha1.Rerun{Token: token}
	if err := admin.Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// rerunDone plays the rule of reruns: the token has been acted on.
func rerunDone(t *testing.T, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	old := recording.DeepCopy()
	recording.Status.Processing.ObservedRerunToken = recording.Spec.Rerun.Token
	patchRecording(t, recording, old)
}

// A finished recording is looked at when it asks for a rerun, whether that was while the manager ran or before; those that do not
// ask, or whose token was acted on, are not.
func TestRerunWakes(t *testing.T) {
	ns := namespace(t)
	asks := finishedRecording(t, ns, "asks")
	askForRerun(t, asks, "before the start")
	done := finishedRecording(t, ns, "done")
	askForRerun(t, done, "before the start")
	rerunDone(t, done)
	quiet := finishedRecording(t, ns, "quiet")
	later := finishedRecording(t, ns, "later")

	op := start(t, ns, nil)
	expectLookedAt(t, op, asks, true)
	askForRerun(t, later, "while it runs")
	expectLookedAt(t, op, later, true)
	expectLookedAt(t, op, quiet, false)
	expectLookedAt(t, op, done, false)
	expectForgotten(t, op, asks)
}

// expectLookedAt waits until the operator has read the recording from the API server; or expects that it has not.
func expectLookedAt(t *testing.T, op *operator, recording *v1alpha1.MeetingRecording, want bool) {
	t.Helper()
	if !want {
		if op.wire.got(recording.Name) > 0 {
			t.Errorf("%s was read from the API server", recording.Name)
		}
		return
	}
	eventually(t, recording.Name+" is looked at", func() error {
		if n := op.wire.got(recording.Name); n == 0 {
			return fmt.Errorf("it was read %d times", n)
		}
		return nil
	})
}

// A finished recording that asks for a rerun gets its Jobs again, once, also by a manager that was not there when it asked, and is
// forgotten again when they have ended.
func TestRerunRuns(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	first := start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	endJob(t, archiveJob(t, r), true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
	first.stop()
	const attempt, token = 2, "again"
	askForRerun(t, r, token)
	op := start(t, ns, nil)
	job := &batchv1.Job{}
	key := client.ObjectKey{Namespace: ns, Name: jobs.Name(r.Name, "default", "archive", attempt)}
	eventually(t, "the rerun's Job", func() error { return admin.Get(t.Context(), key, job) })
	endJob(t, job, true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
	if got := r.Status.Processing; got.ObservedRerunToken != token || got.Steps[0].Attempt != attempt || len(got.History) != 1 {
		t.Errorf("token %q, attempt %d, history of %d", got.ObservedRerunToken, got.Steps[0].Attempt, len(got.History))
	}
	expectForgotten(t, op, r)
	if got := op.wire.counted(); got["POST jobs"] != 1 {
		t.Errorf("writes: %v, want one Job", got)
	}
}
