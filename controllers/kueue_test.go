// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// newKueued makes a pipeline "default" of one step that waits in a LocalQueue.
func newKueued(t *testing.T, ns string) {
	t.Helper()
	pipeline := pipelineOf(ns, "default", "archive")
	pipeline.Spec.QueueName = "team-a"
	create(t, pipeline)
}

// unsuspend plays Kueue, which admits a Job or, where another is more important, takes that back.
func unsuspend(t *testing.T, job *batchv1.Job, admitted bool) {
	t.Helper()
	old := job.DeepCopy()
	job.Spec.Suspend = ptr.To(!admitted)
	if err := admin.Patch(t.Context(), job, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// A Job that is handed to Kueue is created suspended, under the label of its queue; its step is Queued until Kueue admits it.
func TestKueue(t *testing.T) {
	ns := namespace(t)
	newKueued(t, ns)
	op := start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	expectQueued(t, r, "Job "+archiveJob(t, r).Name+" waits for LocalQueue team-a of Kueue")
	job := archiveJob(t, r)
	if job.Labels["kueue.x-k8s.io/queue-name"] != "team-a" || !ptr.Deref(job.Spec.Suspend, false) {
		t.Errorf("labels %v, suspend %v; want those of a Job that waits for Kueue", job.Labels, job.Spec.Suspend)
	}
	unsuspend(t, job, true)
	endJob(t, job, true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got != 3 {
		t.Errorf("%d writes of the status, want 3", got)
	}
}

// What Kueue admitted runs, what it preempts is Queued again, and what is deleted while it waits has failed, also where the manager
// did not run at the time.
func TestKueuePreempts(t *testing.T) {
	ns := namespace(t)
	newKueued(t, ns)
	op := start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	expectQueued(t, r, "Job ")
	job := archiveJob(t, r)
	unsuspend(t, job, true)
	expect(t, r, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	unsuspend(t, job, false)
	expectQueued(t, r, "Job ")
	op.stop()
	remove(t, job)
	second := start(t, ns, nil)
	expect(t, r, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	if message := r.Status.Processing.Steps[0].Message; !strings.Contains(message, "was deleted before its outcome was stored") {
		t.Errorf("message = %q", message)
	}
	if got := second.wire.counted()["POST jobs"]; got != 0 {
		t.Errorf("%d Jobs were made again", got)
	}
}

// The sample is a pipeline that runs, once its queue admits it.
func TestKueueSample(t *testing.T) {
	ns := namespace(t)
	sample, err := os.ReadFile("../config/samples/kueue/recordingpipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pipeline := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(sample, &pipeline.Object); err != nil {
		t.Fatal(err)
	}
	pipeline.SetNamespace(ns)
	if err := client.WithFieldValidation(admin, metav1.FieldValidationStrict).Create(t.Context(), pipeline); err != nil {
		t.Fatal(err)
	}
	start(t, ns, nil)
	r := stopped(t, ns, "rec")[0]
	job := jobOf(t, r, "transcode", "transcode")
	expectQueued(t, r, "Job "+job.Name+" waits for LocalQueue recordings of Kueue")
	unsuspend(t, job, true)
	endJob(t, job, true)
	expect(t, r, v1alpha1.ProcessingSucceeded, processed, "Current")
}
