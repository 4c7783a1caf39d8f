// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// chain returns a pipeline of steps each of which needs the one before.
func chain(ns string, steps ...string) *v1alpha1.RecordingPipeline {
	pipeline := pipelineOf(ns, "default", steps...)
	for i := range steps[1:] {
		pipeline.Spec.Steps[i+1].Needs = []string{steps[i]}
	}
	return pipeline
}

// Steps run one after the other, each with what those before it made, for one Job each and one write more than there are steps.
func TestGraph(t *testing.T) {
	ns := namespace(t)
	acceptedPipeline(t, chain(ns, "probe", "archive", "notify"))
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "probe"), 0, `{"outputs":[{"name":"report","url":"s3://b/r.json?a=1&b=2"}]}`)
	exits(t, jobOf(t, recording, "default", "archive"), 0, `{"outputs":[{"name":"video","url":"file:///v.mp4","sizeBytes":7}]}`)
	notify := jobOf(t, recording, "default", "notify")
	container := notify.Spec.Template.Spec.Containers[0]
	environment := make(map[string]string)
	for _, variable := range container.Env {
		environment[variable.Name] = variable.Value
	}
	for name, want := range map[string]string{
		"STEP_PROBE_REPORT_URL": "s3://b/r.json?a=1&b=2", "STEP_ARCHIVE_VIDEO_URL": "file:///v.mp4",
		"STEP_ARCHIVE_VIDEO_SIZE_BYTES": "7", "STEP_OUTPUTS_FILE": "/var/run/recording/outputs.json",
	} {
		if environment[name] != want {
			t.Errorf("%s = %q, want %q", name, environment[name], want)
		}
	}
	exits(t, notify, 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	writes := map[string]int{"POST jobs": 3, "PATCH meetingrecordings/status": 4}
	if diff := cmp.Diff(writes, op.wire.counted()); diff != "" {
		t.Errorf("writes (-want +got)\n%s", diff)
	}
}

// A failed step skips what needs it, which never has a Job.
func TestGraphFails(t *testing.T) {
	ns := namespace(t)
	acceptedPipeline(t, chain(ns, "probe", "archive", "notify"))
	start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "probe"), 66, "no such file")
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	for _, step := range recording.Status.Processing.Steps[1:] {
		if step.State != v1alpha1.StepSkipped || step.Reason != v1alpha1.StepNeedFailed || step.Message != "It needs step probe, which failed." {
			t.Errorf("step %s is %s %s: %s", step.Step, step.State, step.Reason, step.Message)
		}
	}
	if n := jobCount(t, ns); n != 1 {
		t.Errorf("%d Jobs, want 1", n)
	}
}

// A controller that is killed around the write of an outcome and the next Job leaves a successor that goes on: each Job once.
func TestRestartWithinAGraph(t *testing.T) {
	for write := 3; write <= 5; write++ {
		for _, taken := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d taken %t", write, taken), func(t *testing.T) {
				t.Parallel()
				ns := namespace(t)
				acceptedPipeline(t, chain(ns, "a", "b"))
				recording := newRecording(t, ns, "rec")
				arrives(t, recording, v1alpha1.EventStopped, 0)
				first := start(t, ns, func(_ *controllers.Options, w *wire) { w.cutAt, w.cutAfter = write, taken })
				expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
				exits(t, jobOf(t, recording, "default", "a"), 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
				if write == 5 {
					exits(t, jobOf(t, recording, "default", "b"), 0, "")
				}
				eventually(t, "the first controller is cut off", func() error {
					if !first.wire.wasCut() {
						return errors.New("it is not")
					}
					return nil
				})
				first.stop()
				second := start(t, ns, nil)
				if write < 5 {
					exits(t, jobOf(t, recording, "default", "b"), 0, "")
				}
				expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
				created := first.wire.counted()["POST jobs"] + second.wire.counted()["POST jobs"]
				if n := jobCount(t, ns); n != 2 || created > 3 || len(recording.Status.Processing.Steps[0].Outputs) != 1 {
					t.Errorf("%d Jobs from %d tries: %+v", n, created, recording.Status.Processing.Steps)
				}
			})
		}
	}
}

// A step with a backoff has a Job for each attempt, and earlier ones in its history.
func TestRetries(t *testing.T) {
	ns := namespace(t)
	pipeline := pipelineOf(ns, "default", "archive")
	pipeline.Spec.Steps[0].Backoff = &metav1.Duration{Duration: time.Second}
	pipeline.Spec.Steps[0].Retries = ptr.To[int32](1)
	acceptedPipeline(t, pipeline)
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	first := jobOf(t, recording, "default", "archive")
	if got := *first.Spec.BackoffLimit; got != 0 {
		t.Errorf("backoffLimit = %d, want 0", got)
	}
	endsUnavailable(t, first)
	second := attemptOf(t, recording, "default", "archive", 2)
	if wait := second.CreationTimestamp.Sub(first.CreationTimestamp.Time); wait < time.Second {
		t.Errorf("the retry came after %s", wait)
	}
	endsUnavailable(t, second)
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	step, history := recording.Status.Processing.Steps[0], recording.Status.Processing.History
	if step.Attempt != 2 || step.Retries != 1 || len(history) != 1 || history[0].Message != "container main exited with 75: later (Job: BackoffLimitExceeded)" {
		t.Errorf("it ended as %+v after %+v", step, history)
	}
	writes := map[string]int{"POST jobs": 2, "PATCH meetingrecordings/status": 4}
	if diff := cmp.Diff(writes, op.wire.counted()); diff != "" {
		t.Errorf("writes (-want +got)\n%s", diff)
	}
}

// endsUnavailable ends a Job by a failure that may fix itself.
func endsUnavailable(t *testing.T, job *batchv1.Job) {
	t.Helper()
	podOf(t, job, "Failed", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 75, Message: "later"}})
	now := metav1.Now()
	job.Status.StartTime, job.Status.Failed = &now, 1
	addConditions(job, batchv1.JobReasonBackoffLimitExceeded, batchv1.JobFailureTarget, batchv1.JobFailed)
	if err := admin.Status().Update(t.Context(), job); err != nil {
		t.Fatalf("status of the Job: %v", err)
	}
}

// A new token runs named steps and what needs them again, by Jobs of their own, once processing has ended; one that asks for what
// is not there says so.
func TestRerun(t *testing.T) {
	ns := namespace(t)
	acceptedPipeline(t, chain(ns, "a", "b"))
	op := startCaching(t, ns, nil, func(options *cache.Options) {
		for object, by := range options.ByObject { // finished recordings stay in this one
			by.Field = nil
			options.ByObject[object] = by
		}
	})
	recording := newRecording(t, ns, "rec")
	rerun(t, recording, "before it ended")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	first := jobOf(t, recording, "default", "a")
	exits(t, first, 0, `{"outputs":[{"name":"a","url":"x:1"}]}`)
	rerun(t, recording, "meanwhile", "default/b")
	exits(t, jobOf(t, recording, "default", "b"), 0, "")
	exits(t, attemptOf(t, recording, "default", "b", 2), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	expectAttempts(t, recording, "a1 b2 | b1")

	rerun(t, recording, "all")
	exits(t, attemptOf(t, recording, "default", "a", 3), 66, "")
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	expectAttempts(t, recording, "a3 b3 | b1 a1 b2")
	if earlier := recording.Status.Processing.History[1]; earlier.State != v1alpha1.StepSucceeded || len(earlier.Outputs) != 1 {
		t.Errorf("the history has %+v", earlier)
	}
	rerun(t, recording, "unknown", "default/c")
	expectEvents(t, recording, "ProcessingSucceeded", "ProcessingSucceeded",
		"ProcessingFailed", "RerunRefused")
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	if n := op.wire.counted()["POST jobs"]; n != 4 {
		t.Errorf("%d Jobs were created, want 4", n)
	}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(first), first); err != nil {
		t.Errorf("the Job of the first attempt: %v", err)
	}
}

func rerun(t *testing.T, recording *v1alpha1.MeetingRecording, token string, steps ...string) {
	t.Helper()
	old := recording.DeepCopy()
	recording.Spec.Rerun = &v1alpha1.Rerun{Token: token, Steps: references(steps)}
	if err := admin.Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// expectAttempts waits until steps and history are as wanted, such as "a2 | a1", and every token was acted on.
func expectAttempts(t *testing.T, recording *v1alpha1.MeetingRecording, want string) {
	t.Helper()
	eventually(t, "attempts "+want, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		got := ""
		for _, step := range recording.Status.Processing.Steps {
			got += fmt.Sprintf("%s%d ", step.Step, step.Attempt)
		}
		got += "|"
		for _, earlier := range recording.Status.Processing.History {
			got += fmt.Sprintf(" %s%d", earlier.Step, earlier.Attempt)
		}
		if got != want || recording.Status.Processing.ObservedRerunToken != recording.Spec.Rerun.Token {
			return fmt.Errorf("they are %s, by %q", got, recording.Status.Processing.ObservedRerunToken)
		}
		return nil
	})
}
