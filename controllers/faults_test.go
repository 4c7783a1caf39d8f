// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// A controller that is killed between any two of its writes, before or after the API server took one, leaves a successor that
// goes on: one Job, and the same outcome.
func TestRestartBetweenAnyTwoWrites(t *testing.T) {
	for write := 1; write <= 3; write++ {
		for _, taken := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d taken %t", write, taken), func(t *testing.T) {
				t.Parallel()
				ns := namespace(t)
				newPipelineAccepted(t, ns)
				recording := newRecording(t, ns, "rec")
				arrives(t, recording, v1alpha1.EventStopped, 0)
				first := start(t, ns, func(_ *controllers.Options, w *wire) { w.cutAt, w.cutAfter = write, taken })
				ended := false
				if write == 3 {
					expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
					exits(t, jobOf(t, recording, "default", "archive"), 0, "")
					ended = true
				}
				eventually(t, "the first controller is cut off", func() error {
					if !first.wire.wasCut() {
						return errors.New("it is not")
					}
					return nil
				})
				first.stop()
				second := start(t, ns, nil)
				if !ended {
					exits(t, jobOf(t, recording, "default", "archive"), 0, "")
				}
				expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
				created := first.wire.counted()["POST jobs"] + second.wire.counted()["POST jobs"]
				if n := jobCount(t, ns); n != 1 || created > 2 {
					t.Errorf("%d Jobs from %d tries", n, created)
				}
				if n := second.wire.counted()["PATCH meetingrecordings/status"]; n > 2 {
					t.Errorf("the successor wrote the status %d times", n)
				}
			})
		}
	}
}

// newPipelineAccepted makes a pipeline that needs no check any more, so that only the recording is written.
func newPipelineAccepted(t *testing.T, ns string) {
	t.Helper()
	acceptedPipeline(t, pipelineOf(ns, "default", "archive"))
}

// acceptedPipeline makes the pipeline, as one that was checked already.
func acceptedPipeline(t *testing.T, pipeline *v1alpha1.RecordingPipeline) {
	t.Helper()
	create(t, pipeline)
	pipeline.Status = v1alpha1.RecordingPipelineStatus{ObservedGeneration: pipeline.Generation, Conditions: []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted, LastTransitionTime: metav1.Now(),
	}}}
	if err := admin.Status().Update(t.Context(), pipeline); err != nil {
		t.Fatal(err)
	}
}

// Two controllers at once, as when a leader lost its lease and does not know: one Job for each recording, and no outcome lost.
func TestTwoControllersAtOnce(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	one, two := start(t, ns, nil), start(t, ns, nil)
	const recordings = 10
	made := make([]*v1alpha1.MeetingRecording, recordings)
	for i := range made {
		made[i] = newRecording(t, ns, fmt.Sprintf("rec-%d", i))
		arrives(t, made[i], v1alpha1.EventStopped, 0)
	}
	for i := range made {
		expect(t, made[i], v1alpha1.ProcessingRunning, processingNow, "InProgress")
		exits(t, jobOf(t, made[i], "default", "archive"), 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
	}
	for i := range made {
		expect(t, made[i], v1alpha1.ProcessingSucceeded, processed, "Current")
		if len(made[i].Status.Processing.Steps[0].Outputs) != 1 {
			t.Errorf("%s has no outputs", made[i].Name)
		}
	}
	if n := jobCount(t, ns); n != recordings {
		t.Errorf("%d Jobs, want %d", n, recordings)
	}
	t.Logf("writes: %v and %v", one.wire.counted(), two.wire.counted())
}

// The sidecar writes deliveries all the time while the controller works: neither loses anything of the other.
func TestTwoStatusWriters(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan int32, 1)
	go func() { written <- deliver(ctx, recording.DeepCopy()) }()
	mine := recording.DeepCopy()
	expect(t, mine, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, mine, v1alpha1.ProcessingSucceeded, processed, "Current")
	cancel()
	deliveries := <-written
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(mine), mine); err != nil {
		t.Fatal(err)
	}
	if got := mine.Status.Recording.Events[0].Deliveries; got < deliveries || deliveries < 10 {
		t.Errorf("%d deliveries are stored, %d were acknowledged", got, deliveries)
	}
}

// deliver counts deliveries up until the context ends, and returns how many the API server took.
func deliver(ctx context.Context, recording *v1alpha1.MeetingRecording) int32 {
	taken := int32(1)
	for ctx.Err() == nil {
		old := recording.DeepCopy()
		recording.Status.Recording.Events[0].Deliveries = taken + 1
		if err := admin.Status().Patch(ctx, recording, client.MergeFrom(old), client.FieldOwner("sidecar")); err == nil {
			taken++
		}
	}
	return taken
}

// A Job of the name that is another's is left alone, and the recording goes on by itself when it is gone.
func TestForeignJob(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	recording := newRecording(t, ns, "rec")
	foreign := foreignJob(recording)
	create(t, foreign)
	start(t, ns, nil)
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/JobNameTaken Stalled=True/JobNameTaken", "Failed")
	step := recording.Status.Processing.Steps[0]
	if step.State != v1alpha1.StepPending || !strings.Contains(step.Message, "kubectl delete job -n "+ns+" "+foreign.Name) {
		t.Errorf("step is %s: %s", step.State, step.Message)
	}
	if err := admin.Delete(t.Context(), foreign, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	expectEvents(t, recording, "JobNameTaken", "ProcessingSucceeded")
}

// A Job that a user deleted is not made again: its step failed. One that is deleted after its outcome was recorded changes nothing.
func TestDeletedJobs(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "archive", "thumbnail")
	start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	done := jobOf(t, recording, "default", "archive")
	exits(t, done, 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
	eventually(t, "the first step's outcome is recorded", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		if state := recording.Status.Processing.Steps[0].State; state != v1alpha1.StepSucceeded {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	deleted := jobOf(t, recording, "default", "thumbnail")
	for _, job := range []client.Object{done, deleted} {
		if err := admin.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	steps := recording.Status.Processing.Steps
	if steps[0].State != v1alpha1.StepSucceeded || len(steps[0].Outputs) != 1 {
		t.Errorf("the step that had ended is now %+v", steps[0])
	}
	if want := "Job " + deleted.Name + " was deleted before its outcome was stored."; steps[1].Message != want {
		t.Errorf("message = %q, want %q", steps[1].Message, want)
	}
	if n := jobCount(t, ns); n != 0 {
		t.Errorf("%d Jobs were made again", n)
	}
}

// An API server that does not take the Job for a while costs no write to the status: nothing has happened yet.
func TestJobIsDeferred(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, func(_ *controllers.Options, w *wire) { w.unavailable = map[string]int{"POST jobs": 3} })
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got > 2 {
		t.Errorf("%d writes of the status, want 2 at most", got)
	}
}

// Where some Jobs were created and others could not be asked for, the status reports those that were, so that their outcome is
// not lost should they be gone by the time the others exist.
func TestSomeJobsAreDeferred(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "archive", "thumbnail")
	op := start(t, ns, nil)
	eventually(t, "the pipeline is checked", func() error {
		if op.wire.counted()["PATCH recordingpipelines/status"] == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	op.wire.makeUnavailable("POST jobs", 1, 6)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	exits(t, jobOf(t, recording, "default", "thumbnail"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	if n := jobCount(t, ns); n != 2 {
		t.Errorf("%d Jobs, want 2", n)
	}
}

// A controller that starts afresh looks at the Pods that the status complains of before it writes anything: what is still so
// stays as it is.
func TestRestartKeepsTheStall(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	first := start(t, ns, func(options *controllers.Options, _ *wire) { options.Settings.StallAfter = time.Second })
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	job := jobOf(t, recording, "default", "archive")
	podOf(t, job, corev1.PodPending, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "InvalidImageName"}})
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	first.stop()
	second := start(t, ns, func(options *controllers.Options, _ *wire) {
		options.Settings.StallAfter = time.Second
		options.Pace.ProbeAfter, options.Pace.ProbeMax = time.Hour, time.Hour
	})
	eventually(t, "the successor looks at the Pods", func() error {
		if second.wire.read("pods") == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	exits(t, job, 66, "")
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	if got := second.wire.counted()["PATCH meetingrecordings/status"]; got != 1 {
		t.Errorf("the successor wrote %d times, want once: the outcome", got)
	}
}
