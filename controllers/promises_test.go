// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// A Job is deleted once its outcome is stored and keepJobs has passed, and not before.
func TestJobsAreDeleted(t *testing.T) {
	ns := namespace(t)
	pipeline := pipelineOf(ns, "default", "archive", "captions")
	pipeline.Spec.Retention = &v1alpha1.PipelineRetention{KeepJobs: &metav1.Duration{}}
	pipeline.Spec.Steps[1].Template.Spec.TTLSecondsAfterFinished = ptr.To[int32](3600)
	acceptedPipeline(t, pipeline)
	start(t, ns, nil)
	recording := stopped(t, ns, "rec")[0]
	archive, captions := jobOf(t, recording, "default", "archive"), jobOf(t, recording, "default", "captions")
	exits(t, archive, 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
	eventually(t, "the Job is deleted", func() error {
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(archive), archive)
		if apierrors.IsNotFound(err) || archive.DeletionTimestamp != nil {
			return nil
		}
		return fmt.Errorf("it is there: %w", err)
	})
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
		t.Fatal(err)
	}
	if step := recording.Status.Processing.Steps[0]; step.State != v1alpha1.StepSucceeded || len(step.Outputs) != 1 {
		t.Errorf("the Job is deleted, and its step is %+v", step)
	}
	exits(t, captions, 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(captions), captions); err != nil || captions.DeletionTimestamp != nil {
		t.Errorf("the Job whose template keeps it for an hour: %v", err)
	}
}

// A clock that is ahead of the API server's deletes no Job, however long ago keepJobs seems to have passed.
func TestJobsAreKeptWhileClocksDiffer(t *testing.T) {
	ns := namespace(t)
	acceptedPipeline(t, pipelineOf(ns, "default", "archive"))
	asked := make(chan struct{}, 1000)
	op := inDays(t, ns, 8, func(_ *controllers.Options, w *wire) {
		w.ahead = 0
		w.tamper = func(request *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
			if request.URL.Path == "/version" {
				asked <- struct{}{}
			}
			return next.RoundTrip(request)
		}
	})
	recording := stopped(t, ns, "rec")[0]
	archive := jobOf(t, recording, "default", "archive")
	exits(t, archive, 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	for range 3 { // looks at the API server's clock
		<-asked
	}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(archive), archive); err != nil || archive.DeletionTimestamp != nil {
		t.Errorf("the Job is deleted: %v", err)
	}
	if op.wire.counted()["DELETE jobs"] != 0 {
		t.Error("the manager sent a deletion")
	}
}

// While the API server rejects status writes, no Job is created, also not again once one was deleted; the log, an Event and readiness say
// why; and processing continues once they are accepted.
func TestRejectedStatusWrites(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	var rejects atomic.Bool
	rejects.Store(true)
	op := start(t, ns, func(_ *controllers.Options, w *wire) {
		w.tamper = func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
			if rejects.Load() && request.Method == http.MethodPatch && strings.HasPrefix(kind, "meetingrecordings/status") {
				return answer(request, http.StatusUnprocessableEntity, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,`+
					`"message":"status.processing.steps[0].name: Required value","details":{"kind":"MeetingRecording","causes":[{"field":"status.processing.steps[0].name","message":"Required value"}]}}`), nil
			}
			return next.RoundTrip(request)
		}
	})
	recording := stopped(t, ns, "rec")[0]
	eventually(t, "an Event says why", func() error {
		var events corev1.EventList
		if err := admin.List(t.Context(), &events, client.InNamespace(ns)); err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.Reason == "StatusRejected" && strings.Contains(event.Message, "Install the CRDs of this version") {
				return nil
			}
		}
		return fmt.Errorf("%d Events say something else", len(events.Items))
	})
	if n := jobCount(t, ns); n != 0 {
		t.Errorf("%d Jobs while the status cannot be written, want none", n)
	}
	rejects.Store(false)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	if got := op.wire.counted()["POST jobs"]; got != 1 {
		t.Errorf("%d Jobs were created, want 1", got)
	}
}

// A Pod of another owner that carries the same labels provides no outputs, and a Job whose own Pod is gone did not succeed.
func TestForeignPod(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	start(t, ns, nil)
	recording := stopped(t, ns, "rec")[0]
	job := archiveJob(t, recording)
	foreign := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "foreign", Labels: job.Spec.Template.Labels},
		Spec:       job.Spec.Template.Spec,
	}
	create(t, foreign)
	foreign.Status.Phase = corev1.PodSucceeded
	foreign.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", Image: "example.com/main:v1", State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{Message: `{"outputs":[{"name":"forged","url":"x:y"}]}`},
	}}}
	if err := admin.Status().Update(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	job.Status.Succeeded = 1
	endJob(t, job, true)
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	if step := recording.Status.Processing.Steps[0]; len(step.Outputs) != 0 || !strings.Contains(step.Message, "its Pod was deleted before its outputs could be read") {
		t.Errorf("step = %+v", step)
	}
}

// The end of a Job that has lost its label, and so is not in the cache, is noticed.
func TestJobThatLostItsLabel(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	start(t, ns, nil)
	recording := stopped(t, ns, "rec")[0]
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	job := archiveJob(t, recording)
	delete(job.Labels, v1alpha1.LabelRecording)
	if err := admin.Update(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	exits(t, job, 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
}

// A Job that another controller suspends is Queued, says so, takes no slot, and its recording becomes Stalled.
func TestJobSuspendedByOthers(t *testing.T) {
	ns := namespace(t)
	newLimited(t, ns, 1)
	start(t, ns, func(options *controllers.Options, _ *wire) { options.Settings.StallAfter = time.Second })
	first := stopped(t, ns, "a")[0]
	job := archiveJob(t, first)
	expect(t, first, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	job.Spec.Suspend = ptr.To(true)
	if err := admin.Update(t.Context(), job, client.FieldOwner("night-shift")); err != nil {
		t.Fatal(err)
	}
	expect(t, first, v1alpha1.ProcessingQueued, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	if step := first.Status.Processing.Steps[0]; step.State != v1alpha1.StepQueued || !strings.HasPrefix(step.Message, "the Job is suspended by night-shift: ") {
		t.Errorf("step = %+v, want Queued, with a message that names who suspended it", step)
	}
	archiveJob(t, stopped(t, ns, "b")[0])
}

// A Job that is deleted and kept by a finalizer says so, and its recording becomes Stalled, until it is gone.
func TestJobThatIsDeletedAndStays(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	start(t, ns, func(options *controllers.Options, _ *wire) { options.Settings.StallAfter = time.Second })
	recording := stopped(t, ns, "rec")[0]
	job := archiveJob(t, recording)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
	patchObject(t, job, func() { job.Finalizers = []string{"example.com/keep"} })
	if err := admin.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	if step := recording.Status.Processing.Steps[0]; !strings.Contains(step.Message, "example.com/keep") {
		t.Errorf("step = %+v, want a message that names the finalizer", step)
	}
	patchObject(t, job, func() { job.Finalizers = nil })
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
}

// A Job whose Pods cannot be read does not keep the other steps of its recording from ending, says so, and is read once that is possible.
func TestPodsThatCannotBeRead(t *testing.T) {
	ns := namespace(t)
	acceptedPipeline(t, pipelineOf(ns, "default", "archive", "captions"))
	var unreadable atomic.Value
	unreadable.Store("")
	start(t, ns, func(options *controllers.Options, w *wire) {
		options.Settings.StallAfter = time.Second
		w.tamper = func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
			if uid := unreadable.Load().(string); kind == "pods" && uid != "" && strings.Contains(request.URL.RawQuery, uid) {
				return answer(request, http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"pods is forbidden"}`), nil
			}
			return next.RoundTrip(request)
		}
	})
	recording := stopped(t, ns, "rec")[0]
	archive, captions := jobOf(t, recording, "default", "archive"), jobOf(t, recording, "default", "captions")
	unreadable.Store(string(archive.UID))
	exits(t, archive, 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
	exits(t, captions, 0, "")
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/NoProgress Stalled=True/NoProgress", "Failed")
	if steps := recording.Status.Processing.Steps; !strings.Contains(steps[0].Message, "pods is forbidden") || steps[1].State != v1alpha1.StepSucceeded {
		t.Errorf("steps = %+v, want why the first cannot be observed, and the second Succeeded", steps)
	}
	unreadable.Store("")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	if step := recording.Status.Processing.Steps[0]; len(step.Outputs) != 1 || step.Message != "" {
		t.Errorf("step = %+v, want its output", step)
	}
}

// Fields that a newer CRD has, at every level, stay where they are objects, and freeze nothing.
func TestFieldsOfANewerCRD(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	op := start(t, ns, func(_ *controllers.Options, w *wire) {
		w.tamper = func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err == nil && request.Method == http.MethodPatch && strings.HasPrefix(kind, "meetingrecordings/status") {
				return withNewerFields(response)
			}
			return response, err
		}
	})
	recording := stopped(t, ns, "rec")[0]
	exits(t, archiveJob(t, recording), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	if got := op.wire.counted(); got["POST jobs"] != 1 {
		t.Errorf("writes: %v, want one Job", got)
	}
}

// withNewerFields adds fields to an answer as a newer CRD would by defaults.
func withNewerFields(response *http.Response) (*http.Response, error) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return nil, errors.Join(err, response.Body.Close())
	}
	text := strings.NewReplacer(`"processing":{`, `"processing":{"newer":"x",`, `"status":{`, `"status":{"newer":{"a":1},`).Replace(body.String())
	response.Body = readCloser{strings.NewReader(text)}
	response.ContentLength = int64(len(text))
	response.Header.Del("Content-Length")
	return response, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// The whole status of a recording with as many steps as possible, each with as many outputs as it can have,
// can be stored.
func TestLargestStatus(t *testing.T) {
	ns := namespace(t)
	recording := stopped(t, ns, "rec")[0]
	in := planning.Input{Recording: recording, Jobs: map[string]outcomes.Observation{}, Now: time.Now(), Settings: usual, Expressions: expression.New()}
	for p := range 8 {
		pipeline := v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: fmt.Sprintf("%s-%d", strings.Repeat("p", 60), p)}}
		pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
		for s := range 32 {
			pipeline.Spec.Steps = append(pipeline.Spec.Steps, v1alpha1.PipelineStep{Name: fmt.Sprintf("%s-%d", strings.Repeat("s", 37), s)})
		}
		in.Pipelines = append(in.Pipelines, pipeline)
	}
	var outputs []v1alpha1.StepOutput
	for i := range 16 {
		outputs = append(outputs, v1alpha1.StepOutput{
			Name: fmt.Sprintf("output-%d", i), URL: "https://example.com/" + strings.Repeat("x", 20), MediaType: "video/mp4", SizeBytes: ptr.To[int64](1 << 40),
			SHA256: strings.Repeat("0", 64), Values: &runtime.RawExtension{Raw: []byte(`{"a":"` + strings.Repeat("v", 10) + `"}`)},
		})
	}
	decision := planning.Decide(in)
	for i, run := range decision.Create {
		observed := outcomes.Observation{State: outcomes.JobSucceeded, CreatedAt: metav1.Now(), EndedAt: metav1.Now(), Outputs: outputs}
		if i%2 == 0 {
			observed.State, observed.Message = outcomes.JobFailed, strings.Repeat("m", 1024)
		}
		in.Jobs[run.Name()] = observed
	}
	decision = planning.Decide(in)
	recording.Status.Processing, recording.Status.Conditions = decision.Processing, decision.Conditions
	if got := len(recording.Status.Processing.Steps); got != planning.MaxSteps {
		t.Fatalf("%d steps, want %d", got, planning.MaxSteps)
	}
	if err := admin.Status().Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(recording)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the object has %d KiB", len(data)>>10)
	if step := recording.Status.Processing.Steps[1]; !strings.HasPrefix(step.Message, "Truncated: ") || len(step.Outputs) == 0 {
		t.Errorf("%d outputs, %q; want some, and a marker", len(step.Outputs), step.Message)
	}
}
