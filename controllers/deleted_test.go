// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Jobs that are deleted by hand while nobody looks are not made again, whether they had ended or not; nor is one of another's making
// that took the name taken for it.
func TestJobsDeletedWhileNobodyLooks(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "ended", "runs", "replaced")
	made := newLedger(t, ns)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	newReplica(nil).settle(t, recording)
	ended := jobOf(t, recording, "default", "ended")
	exits(t, ended, 0, "")
	deleteJob(t, ended)
	deleteJob(t, jobOf(t, recording, "default", "runs"))
	replaced := jobOf(t, recording, "default", "replaced")
	deleteJob(t, replaced)
	other := anyJob(ns, replaced.Name)
	eventually(t, "another's Job takes the name", func() error { return admin.Create(t.Context(), other) })
	newReplica(nil).settle(t, recording)
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	for _, step := range recording.Status.Processing.Steps {
		if want := "Job " + step.JobName + " was deleted before its outcome was stored."; step.State != v1alpha1.StepFailed || step.Message != want {
			t.Errorf("step %s is %s: %s", step.Step, step.State, step.Message)
		}
	}
	made.flush(t, ns)
	made.mu.Lock()
	defer made.mu.Unlock()
	for name, uids := range made.jobs {
		delete(uids, other.UID)
		if len(uids) != 1 {
			t.Errorf("Job %s was made %d times", name, len(uids))
		}
	}
}
