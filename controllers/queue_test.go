// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

const queued = "Ready=False/Queued Reconciling=True/Queued"

// newLimited makes a pipeline "default" of one step with the limit.
func newLimited(t *testing.T, ns string, limit int32) *v1alpha1.RecordingPipeline {
	t.Helper()
	pipeline := pipelineOf(ns, "default", "archive")
	pipeline.Spec.MaxConcurrent = &limit
	create(t, pipeline)
	return pipeline
}

func setLimit(t *testing.T, pipeline *v1alpha1.RecordingPipeline, limit *int32) {
	t.Helper()
	old := pipeline.DeepCopy()
	pipeline.Spec.MaxConcurrent = limit
	if err := admin.Patch(t.Context(), pipeline, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// stopped makes recordings that stopped one after the other, a second apart, and returns them in this order.
func stopped(t *testing.T, ns string, names ...string) []*v1alpha1.MeetingRecording {
	t.Helper()
	recordings := make([]*v1alpha1.MeetingRecording, len(names))
	for i, name := range names {
		recordings[i] = newRecording(t, ns, name)
	}
	for i, recording := range recordings {
		arrives(t, recording, v1alpha1.EventStopped, time.Hour-time.Duration(i)*time.Second)
	}
	return recordings
}

// expectJobs waits until the Jobs of these recordings, and no others, are at work.
func expectJobs(t *testing.T, ns string, recordings ...*v1alpha1.MeetingRecording) {
	t.Helper()
	var want []string
	for _, recording := range recordings {
		want = append(want, jobs.Name(recording.Name, "default", "archive", 1))
	}
	slices.Sort(want)
	eventually(t, "Jobs at work", func() error {
		var list batchv1.JobList
		if err := admin.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
			return err
		}
		var got []string
		for _, job := range list.Items {
			if outcomes.JobCondition(&job) == nil {
				got = append(got, job.Name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%v, want %v", got, want)
		}
		return nil
	})
}

func expectQueued(t *testing.T, recording *v1alpha1.MeetingRecording, message string) {
	t.Helper()
	expect(t, recording, v1alpha1.ProcessingQueued, queued, "InProgress")
	step := recording.Status.Processing.Steps[0]
	if step.State != v1alpha1.StepQueued || !strings.HasPrefix(step.Message, message) {
		t.Errorf("step is %s: %q, want Queued: %q", step.State, step.Message, message)
	}
}

func archiveJob(t *testing.T, recording *v1alpha1.MeetingRecording) *batchv1.Job {
	t.Helper()
	return jobOf(t, recording, "default", "archive")
}

// Recordings beyond the limit are Queued, with their position, and follow in the order in which they ended; a turn passes on however
// a Job, or who waits for one, goes.
func TestQueue(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	start(t, ns, nil)
	r := stoppedInOrder(t, ns, "z", "y", "x", "w", "v", "u", "t")
	expectJobs(t, ns, r[0])
	expect(t, r[0], v1alpha1.ProcessingRunning, processingNow, "InProgress")
	expectQueued(t, r[1], "position 1 of ")
	for _, queued := range r[2:] {
		expectQueued(t, queued, "position ")
	}

	exits(t, archiveJob(t, r[0]), 1, "") // a failure
	expectJobs(t, ns, r[1])
	remove(t, archiveJob(t, r[1])) // deleted by hand
	expectJobs(t, ns, r[2])
	expect(t, r[1], v1alpha1.ProcessingFailed, failedPermanently, "Failed")

	suspend(t, r[3], true) // who is suspended holds nobody up
	expect(t, r[3], v1alpha1.ProcessingQueued, "Ready=False/Suspended", "InProgress")
	if step := r[3].Status.Processing.Steps[0]; step.State != v1alpha1.StepPending || step.Message != "" {
		t.Errorf("the step of a suspended recording is %s: %q", step.State, step.Message)
	}
	remove(t, r[4]) // nor who is gone
	endJob(t, archiveJob(t, r[2]), true)
	expectJobs(t, ns, r[5])
	suspend(t, r[3], false) // it has its place by when it ended
	expectQueued(t, r[3], "position 1 of 2")
	remove(t, r[5])
	remove(t, archiveJob(t, r[5])) // as the garbage collector does
	expectJobs(t, ns, r[3])
	endJob(t, archiveJob(t, r[3]), true)
	expectJobs(t, ns, r[6])
	endJob(t, archiveJob(t, r[6]), true)
	for _, i := range []int{2, 3, 6} {
		expect(t, r[i], v1alpha1.ProcessingSucceeded, processed, "Current")
	}
}

// stoppedInOrder is stopped, one after the other: the next stops once the controller has decided on the one before.
func stoppedInOrder(t *testing.T, ns string, names ...string) []*v1alpha1.MeetingRecording {
	t.Helper()
	var all []*v1alpha1.MeetingRecording
	for _, name := range names {
		recording := stopped(t, ns, name)[0]
		eventually(t, name+" is decided on", func() error {
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
				return err
			}
			if state := recording.Status.Processing.State; state == v1alpha1.ProcessingWaiting {
				return fmt.Errorf("it is %s", state)
			}
			return nil
		})
		all = append(all, recording)
	}
	return all
}

func remove(t *testing.T, object client.Object) {
	t.Helper()
	if err := admin.Delete(t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
}

// A step that has left the queue is Running.
func TestQueuedStepRuns(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	op := start(t, ns, nil)
	r := stoppedInOrder(t, ns, "a", "b")
	expectQueued(t, r[1], "position 1 of 1")
	endJob(t, archiveJob(t, r[0]), true)
	expect(t, r[1], v1alpha1.ProcessingRunning, processingNow, "InProgress")
	if step := r[1].Status.Processing.Steps[0]; step.State != v1alpha1.StepRunning || step.StartTime == nil || step.Message != "" {
		t.Errorf("step = %+v, want one that runs", step)
	}
	endJob(t, archiveJob(t, r[1]), true)
	expect(t, r[1], v1alpha1.ProcessingSucceeded, processed, "Current")
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got != 5 {
		t.Errorf("%d writes of the status, want 2 for the first and 3 for the second", got)
	}
}

// A Job that is deleted by hand before its step was told to be Running is not made again.
func TestQueuedJobIsDeleted(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	op := start(t, ns, nil)
	r := stoppedInOrder(t, ns, "a", "b")
	expectQueued(t, r[1], "position 1 of 1")
	endJob(t, archiveJob(t, r[0]), true)
	remove(t, archiveJob(t, r[1]))
	expect(t, r[1], v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	if got := op.wire.counted()["POST jobs"]; got != 2 {
		t.Errorf("%d Jobs were created, want 2", got)
	}
}

// A limit that changes counts at once: a larger one calls more, a smaller one waits until there are fewer, none calls all.
func TestLimitChanges(t *testing.T) {
	ns := namespace(t)
	pipeline := newLimited(t, ns, 1)
	start(t, ns, nil)
	r := stoppedInOrder(t, ns, "a", "b", "c", "d", "e")
	expectQueued(t, r[4], "position ")
	setLimit(t, pipeline, ptr.To[int32](3))
	expectJobs(t, ns, r[0], r[1], r[2])
	setLimit(t, pipeline, ptr.To[int32](1))
	eventually(t, "the limit is known", func() error {
		var stored v1alpha1.RecordingPipeline
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pipeline), &stored); err != nil {
			return err
		}
		if stored.Status.ObservedGeneration != stored.Generation {
			return errors.New("not yet")
		}
		return nil
	})
	endJob(t, archiveJob(t, r[0]), true)
	endJob(t, archiveJob(t, r[1]), true)
	expect(t, r[1], v1alpha1.ProcessingSucceeded, processed, "Current")
	expectJobs(t, ns, r[2])
	setLimit(t, pipeline, nil)
	expectJobs(t, ns, r[2], r[3], r[4])
}

// A pipeline that is deleted takes with it the turns that nobody had yet.
func TestDeletedPipelineEndsTheQueue(t *testing.T) {
	ns := namespace(t)
	pipeline := newLimited(t, ns, 1)
	start(t, ns, nil)
	r := stoppedInOrder(t, ns, "a", "b", "c")
	expectQueued(t, r[2], "position 2 of 2")
	remove(t, pipeline)
	for _, recording := range r[1:] {
		expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
		if message := recording.Status.Processing.Steps[0].Message; !strings.Contains(message, "was deleted before the step had a Job") {
			t.Errorf("message = %q", message)
		}
	}
	endJob(t, archiveJob(t, r[0]), true)
	expect(t, r[0], v1alpha1.ProcessingSucceeded, processed, "Current")
}

// A Job that the API server refuses gives its slot to the next, and tries again in its old position.
func TestRefusedJobPassesItsTurn(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	r := newRecording(t, ns, "rec")
	foreign := foreignJob(r)
	create(t, foreign)
	start(t, ns, nil)
	arrives(t, r, v1alpha1.EventStopped, time.Hour)
	expect(t, r, v1alpha1.ProcessingRunning, "Ready=False/JobNameTaken Stalled=True/JobNameTaken", "Failed")
	next := stopped(t, ns, "next")[0]
	archive := archiveJob(t, next)
	remove(t, foreign)
	expectQueued(t, r, "position 1 of 1")
	endJob(t, archive, true)
	expectJobs(t, ns, r)
}

// A recording of a pipeline with several steps is not overtaken by others between its steps, and steps are in order.
func TestQueueOfSteps(t *testing.T) {
	ns := namespace(t)
	pipeline := pipelineOf(ns, "default", "one", "two")
	pipeline.Spec.MaxConcurrent = ptr.To[int32](1)
	create(t, pipeline)
	start(t, ns, nil)
	k := newCluster(t, ns, 1, 4)
	r := stoppedInOrder(t, ns, "a", "b")
	k.runUntil(4)
	for _, recording := range r {
		expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	}
	if want := []string{"a", "a", "b", "b"}; !slices.Equal(k.created, want) {
		t.Errorf("Jobs were created for %v, want %v", k.created, want)
	}
}
