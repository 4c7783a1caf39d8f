// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// skew is how far the clocks of two replicas are from that of the API server, one ahead and one behind.
const skew = 30 * time.Hour

// byTurns has replicas reconcile one after the other, over and over, and returns how often they wrote the recording.
func byTurns(t *testing.T, recording *v1alpha1.MeetingRecording, replicas ...*replica) int {
	t.Helper()
	writes := 0
	for range 5 {
		for _, r := range replicas {
			before := stored(t, recording).ResourceVersion
			if err := r.once(recording); err != nil {
				t.Fatal(err)
			}
			if stored(t, recording).ResourceVersion != before {
				writes++
			}
		}
	}
	return writes
}

// Replicas whose clocks differ by days process a recording as those with one clock do, and do not undo what the other has written.
func TestClockSkew(t *testing.T) {
	l, ahead, behind := newLife(t), newReplica(shifted(skew)), newReplica(shifted(-skew))
	if got := byTurns(t, l.recording, ahead, behind); got != 1 {
		t.Errorf("%d writes until the Jobs run, want 1", got)
	}
	for phase := range phases {
		l.advance(t, phase)
		if got := byTurns(t, l.recording, behind, ahead); got != 1 {
			t.Errorf("%d writes for a step that ended, want 1", got)
		}
	}
	l.check(t)
}

// A clock that is ahead has a missing event reported too early. One that is behind does not take it back, and the event ends it.
func TestClockSkewAndMissingEvents(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "archive")
	ahead, behind := newReplica(shifted(skew)), newReplica(shifted(-skew))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStarted, 0)
	if got := byTurns(t, recording, behind); got != 0 {
		t.Errorf("%d writes before anything is overdue", got)
	}
	if got := byTurns(t, recording, ahead, behind); got != 1 {
		t.Errorf("%d writes to tell that the end is missing, want 1", got)
	}
	expect(t, recording, v1alpha1.ProcessingWaiting, "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", "Failed")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	if got := byTurns(t, recording, behind, ahead); got != 1 {
		t.Errorf("%d writes until the Job runs, want 1", got)
	}
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
}

// The same holds for a Pod that does not start, and for a Job that is refused.
func TestClockSkewAndWaitingJobs(t *testing.T) {
	pace := quick
	pace.ProbeAfter, pace.RetryAfter = time.Nanosecond, time.Nanosecond
	pace.ProbeMax, pace.RetryMax = time.Nanosecond, time.Nanosecond
	replicas := func() (ahead, behind *replica) {
		return newReplicaOf(shifted(skew), pace), newReplicaOf(shifted(-skew), pace)
	}
	t.Run("Pod that is not scheduled", func(t *testing.T) {
		ns := namespace(t)
		newPipeline(t, ns, "default", "archive")
		ahead, behind := replicas()
		recording := newRecording(t, ns, "rec")
		arrives(t, recording, v1alpha1.EventStopped, 0)
		if got := byTurns(t, recording, behind); got != 1 {
			t.Errorf("%d writes until the Job runs, want 1", got)
		}
		pod := podOf(t, jobOf(t, recording, "default", "archive"), corev1.PodPending, corev1.ContainerState{})
		pod.Status.ContainerStatuses = nil
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "no node has room",
		}}
		if err := admin.Status().Update(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
		if got := byTurns(t, recording, behind, ahead); got != 1 {
			t.Errorf("%d writes to tell that the Pod does not start, want 1", got)
		}
		expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	})
	t.Run("Job that is refused", func(t *testing.T) {
		ns := namespace(t)
		newPipeline(t, ns, "default", "archive")
		withQuota(t, ns)
		clock := shifted(0)
		first, behind := newReplicaOf(clock, pace), newReplicaOf(shifted(-skew), pace)
		recording := newRecording(t, ns, "rec")
		arrives(t, recording, v1alpha1.EventStopped, 0)
		if got := byTurns(t, recording, first, behind); got != 1 {
			t.Errorf("%d writes to tell that the Job is refused, want 1", got)
		}
		clock.set(skew)
		if got := byTurns(t, recording, first, behind); got != 1 {
			t.Errorf("%d writes to tell that it lasts, want 1", got)
		}
		expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/JobRefused Stalled=True/JobRefused", "Failed")
	})
}

// A clock that is behind has a failed recording wait for its file for longer, unless it ended far ahead; one that is ahead does not wait.
func TestClockSkewAndFailedRecordings(t *testing.T) {
	ns := namespace(t)
	ahead, behind := newReplica(shifted(skew)), newReplica(shifted(-skew))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventFailed, skew-30*time.Second)
	if got := byTurns(t, recording, behind); got != 0 {
		t.Errorf("%d writes by the clock that is behind", got)
	}
	if got := byTurns(t, recording, ahead, behind); got != 1 {
		t.Errorf("%d writes, want 1", got)
	}
	expect(t, recording, v1alpha1.ProcessingSkipped, "Ready=True/NothingToProcess", "Current")
}
