// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// One recording from its first event to its outcome costs one Job and two status patches, and is forgotten then.
func TestOneRecording(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "archive")
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	for _, event := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping} {
		arrives(t, recording, event, 0)
		expect(t, recording, v1alpha1.ProcessingWaiting, "", "InProgress")
	}
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")

	job := jobOf(t, recording, "default", "archive")
	if !metav1.IsControlledBy(job, recording) || !ptr.Deref(job.OwnerReferences[0].BlockOwnerDeletion, false) {
		t.Errorf("owners = %+v, want the recording as controller that blocks", job.OwnerReferences)
	}
	exits(t, job, 0, `{"outputs":[{"name":"archive","url":"file:///a.mp4","sizeBytes":7}]}`)
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")

	want := []v1alpha1.StepStatus{{
		Pipeline: "default", Step: "archive", JobName: job.Name, Attempt: 1, State: v1alpha1.StepSucceeded,
		StartTime: &job.CreationTimestamp, CompletionTime: recording.Status.Processing.Steps[0].CompletionTime,
		Outputs: []v1alpha1.StepOutput{{Name: "archive", URL: "file:///a.mp4", SizeBytes: ptr.To[int64](7)}},
	}}
	if diff := cmp.Diff(want, recording.Status.Processing.Steps); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	if len(recording.Status.Recording.Events) != 4 || recording.Status.Recording.File == nil {
		t.Errorf("the sidecar's part was touched: %+v", recording.Status.Recording)
	}
	expectEvents(t, recording, "ProcessingSucceeded")
	writes := map[string]int{"POST jobs": 1, "PATCH meetingrecordings/status": 2, "POST jobs (dry run)": 1, "PATCH recordingpipelines/status": 1}
	if diff := cmp.Diff(writes, op.wire.counted()); diff != "" {
		t.Errorf("writes (-want +got)\n%s", diff)
	}
	expectForgotten(t, op, recording)
}

// expectEvents waits until exactly the Kubernetes Events of the reasons are there.
func expectEvents(t *testing.T, recording *v1alpha1.MeetingRecording, reasons ...string) {
	t.Helper()
	eventually(t, "Kubernetes Events", func() error {
		var list eventsv1.EventList
		if err := admin.List(t.Context(), &list, client.InNamespace(recording.Namespace)); err != nil {
			return err
		}
		count := make(map[string]int)
		for _, event := range list.Items {
			if event.Regarding.Name == recording.Name {
				count[event.Reason]++
			}
		}
		want := make(map[string]int)
		for _, reason := range reasons {
			want[reason]++
		}
		if diff := cmp.Diff(want, count); diff != "" {
			return errors.New(diff)
		}
		return nil
	})
}

// expectForgotten waits until the operator's cache has the recording no longer, though the API server has.
func expectForgotten(t *testing.T, op *operator, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	eventually(t, "the cache forgets a finished recording", func() error {
		var list v1alpha1.MeetingRecordingList
		if err := op.mgr.GetCache().List(t.Context(), &list); err != nil {
			return err
		}
		for _, cached := range list.Items {
			if cached.Name == recording.Name {
				return fmt.Errorf("it has %s, %s", cached.Name, cached.Status.Processing.State)
			}
		}
		return nil
	})
}

// spec.suspend prevents Jobs until it is released, not those that run, and has no effect once all is over.
func TestSuspend(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	suspend(t, recording, true)
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingSuspended, "Ready=False/Suspended", "InProgress")
	if n := jobCount(t, ns); n != 0 {
		t.Errorf("%d Jobs while suspended", n)
	}
	suspend(t, recording, false)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	suspend(t, recording, true) // what already runs goes on
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	suspend(t, recording, false) // which has no effect, and is observed
	expectObserved(t, recording)
	if got := op.wire.counted()["POST jobs"]; got != 1 {
		t.Errorf("%d Jobs created, want 1", got)
	}
}

// expectObserved waits until the status accounts for the spec, so that kubectl wait returns.
func expectObserved(t *testing.T, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	eventually(t, "the spec is observed", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		if is, err := kstatus(t, recording, "MeetingRecording"); err != nil || is == status.InProgressStatus {
			return fmt.Errorf("kstatus is %s, %w; generation %d, observed %d", is, err, recording.Generation, recording.Status.ObservedGeneration)
		}
		return nil
	})
}

func suspend(t *testing.T, recording *v1alpha1.MeetingRecording, value bool) {
	t.Helper()
	old := recording.DeepCopy()
	recording.Spec.Suspend = value
	if err := admin.Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// What recording-failed leads to.
func TestFailedRecording(t *testing.T) {
	for name, test := range map[string]struct {
		pipeline bool
		turns    bool
		state    v1alpha1.ProcessingState
		said     string
	}{
		"a pipeline asks for it":              {pipeline: true, state: v1alpha1.ProcessingRunning, said: processingNow},
		"no pipeline does":                    {state: v1alpha1.ProcessingSkipped, said: "Ready=True/NothingToProcess"},
		"the file comes within the window":    {turns: true, state: v1alpha1.ProcessingRunning, said: processingNow},
		"the file comes, a pipeline for both": {pipeline: true, turns: true, state: v1alpha1.ProcessingRunning, said: processingNow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			pipeline := pipelineOf(ns, "default", "archive")
			pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
			if test.pipeline {
				pipeline.Spec.Triggers = append(pipeline.Spec.Triggers, v1alpha1.TriggerFailed)
			}
			create(t, pipeline)
			op := start(t, ns, nil)
			recording := newRecording(t, ns, "rec")
			ago := 2 * time.Minute
			if test.turns {
				ago = 0
			}
			arrives(t, recording, v1alpha1.EventFailed, ago)
			want := "Failed"
			if test.turns {
				expectSeen(t, op, recording)
				expect(t, recording, v1alpha1.ProcessingWaiting, "", "InProgress")
				arrives(t, recording, v1alpha1.EventStopped, 0)
				want = "Stopped"
			}
			judged := map[v1alpha1.ProcessingState]string{v1alpha1.ProcessingRunning: "InProgress", v1alpha1.ProcessingSkipped: "Current"}
			expect(t, recording, test.state, test.said, statusOf(judged[test.state]))
			if test.state == v1alpha1.ProcessingSkipped {
				expectForgotten(t, op, recording)
				return
			}
			for _, variable := range jobOf(t, recording, "default", "archive").Spec.Template.Spec.Containers[0].Env {
				if variable.Name == "RECORDING_STATE" && variable.Value != want {
					t.Errorf("the Job is for a recording that %s, want %s", variable.Value, want)
				}
			}
		})
	}
}

// expectSeen waits until the operator's cache has the recording as it is stored.
func expectSeen(t *testing.T, op *operator, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	eventually(t, "the operator sees the recording", func() error {
		var cached v1alpha1.MeetingRecording
		if err := op.mgr.GetCache().Get(t.Context(), client.ObjectKeyFromObject(recording), &cached); err != nil {
			return err
		}
		if cached.ResourceVersion != recording.ResourceVersion {
			return errors.New("not yet")
		}
		return nil
	})
}

// A step that failed says how: its container, exit code and last words; the other steps end all the same.
func TestFailedStep(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "a", "archive", "thumbnail")
	newPipeline(t, ns, "b", "notify")
	start(t, ns, nil)
	recording := newRecording(t, ns, strings.Repeat("very-long-", 25)+"rec") // as only a user makes it
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "a", "archive"), 66, "fetching\nno such file")
	exits(t, jobOf(t, recording, "a", "thumbnail"), 0, "")
	exits(t, jobOf(t, recording, "b", "notify"), 0, `{"outputs":[{"name":"A"}]}`)
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	var got []string
	for _, step := range recording.Status.Processing.Steps {
		got = append(got, fmt.Sprintf("%s/%s %s %.50s", step.Pipeline, step.Step, step.State, step.Message))
	}
	want := []string{
		"a/archive Failed container main exited with 66: no such file (Job: ",
		"a/thumbnail Succeeded ",
		"b/notify Failed The Job succeeded, but its outputs are invalid: co",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	expectEvents(t, recording, "ProcessingFailed")
}

// An image that does not exist is reported, stalls the recording when it lasts, and is forgotten when it comes after all.
func TestNoProgress(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, func(options *controllers.Options, _ *wire) { options.Settings.StallAfter = 3 * time.Second })
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	job := jobOf(t, recording, "default", "archive")
	job.Status.StartTime, job.Status.Active, job.Status.Ready = ptr.To(metav1.Now()), 1, ptr.To[int32](0)
	if err := admin.Status().Update(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	podOf(t, job, corev1.PodPending, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "manifest unknown"}})
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	if got, want := recording.Status.Processing.Steps[0].Message, "container main does not start (ImagePullBackOff): manifest unknown"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	job.Status.Ready = ptr.To[int32](1)
	if err := admin.Status().Update(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	if got := recording.Status.Processing.Steps[0].Message; got != "" {
		t.Errorf("message = %q, want none", got)
	}
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got > 4 {
		t.Errorf("%d writes for four changes", got)
	}
}

// The event that ends a recording is missed, and its Jobs run all the same when it comes after all.
func TestTerminalEventMissing(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, func(options *controllers.Options, _ *wire) { options.Settings.StallAfter = time.Second })
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopping, 0)
	expect(t, recording, v1alpha1.ProcessingWaiting, "Ready=False/TerminalEventMissing Stalled=True/TerminalEventMissing", "Failed")
	expectEvents(t, recording, "TerminalEventMissing")
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got != 1 {
		t.Errorf("%d writes, want 1", got)
	}
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
}
