// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	recordings "github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// patience is how long anything may take that is expected to happen.
const patience = harness.Patience

// quick is the pace of tests.
var quick = recordings.Pace{
	ProbeAfter: 100 * time.Millisecond, ProbeMax: 200 * time.Millisecond,
	RetryAfter: 100 * time.Millisecond, RetryMax: 200 * time.Millisecond,
	ConflictAfter: 50 * time.Millisecond,
	AgainAfter:    100 * time.Millisecond,
}

const sweepPage = 2

var usual = planning.Settings{StallAfter: time.Hour, StallAfterStarted: 24 * time.Hour, ReorderWindow: time.Minute}

// operator is a manager with our controllers in one namespace.
type operator struct {
	mgr  ctrl.Manager
	wire *wire
	// stop stops it and waits until it has.
	stop func()
}

// start runs the operator until the test ends. change may be nil.
func start(t *testing.T, namespace string, change func(*controllers.Options, *wire)) *operator {
	t.Helper()
	return startCaching(t, namespace, change, func(*cache.Options) {})
}

// startCaching is start with another cache.
func startCaching(t *testing.T, namespace string, change func(*controllers.Options, *wire), cacheChange func(*cache.Options)) *operator {
	t.Helper()
	options := controllers.Options{
		Options: recordings.Options{Settings: usual, Pace: quick}, Namespaces: []string{namespace},
		SweepEvery: 100 * time.Millisecond, SweepPage: sweepPage,
	}
	w := &wire{writes: make(map[string]int), reads: make(map[string]int), gets: make(map[string]int)}
	if change != nil {
		change(&options, w)
	}
	cfg := rest.CopyConfig(apiServer)
	cfg.Wrap(w.through)
	cached, err := controllers.CacheOptions([]string{namespace})
	if err != nil {
		t.Fatal(err)
	}
	cacheChange(&cached)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:     scheme,
		Cache:      cached,
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := controllers.Setup(mgr, options); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stopped := false
	op := &operator{mgr: mgr, wire: w, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil && !w.wasCut() {
			t.Errorf("the manager ended with: %v", err)
		}
	}}
	t.Cleanup(op.stop)
	return op
}

// namespace makes one for the test.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	create(t, ns)
	return ns.Name
}

func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatalf("create %T %s: %v", object, object.GetName(), err)
		}
	}
}

// eventually fails the test unless the check passes in time.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	harness.Eventually(t, what, func(context.Context) error { return check() })
}

// newRecording makes a MeetingRecording as the sidecar does.
func newRecording(t *testing.T, ns, name string) *v1alpha1.MeetingRecording {
	t.Helper()
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: 1},
	}
	create(t, recording)
	return recording
}

// arrives writes what the sidecar writes when an event came so long ago; a file comes with Stopped.
func arrives(t *testing.T, recording *v1alpha1.MeetingRecording, event v1alpha1.EventType, ago time.Duration) {
	t.Helper()
	at := metav1.NewMicroTime(time.Now().Add(-ago))
	old := recording.DeepCopy()
	rec := &recording.Status.Recording
	rec.State = v1alpha1.RecordingState(event)
	rec.Events = append(rec.Events, v1alpha1.RecordingEvent{
		Type: event, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at,
	})
	switch event {
	case v1alpha1.EventStopped:
		rec.File = &v1alpha1.RecordingFile{Path: "rec/a.mp4", URL: "https://example.com/rec/a.mp4?sig=$(HOME)"}
		rec.EndTime = &at
	case v1alpha1.EventFailed:
		rec.EndTime = &at
	}
	patchRecording(t, recording, old)
}

func patchRecording(t *testing.T, recording, old *v1alpha1.MeetingRecording) {
	t.Helper()
	if err := admin.Status().Patch(t.Context(), recording, client.MergeFrom(old), client.FieldOwner("sidecar")); err != nil {
		t.Fatalf("write the event: %v", err)
	}
}

// newPipeline makes a pipeline of the named steps.
func newPipeline(t *testing.T, ns, name string, steps ...string) *v1alpha1.RecordingPipeline {
	t.Helper()
	pipeline := pipelineOf(ns, name, steps...)
	create(t, pipeline)
	return pipeline
}

func pipelineOf(ns, name string, steps ...string) *v1alpha1.RecordingPipeline {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	for _, step := range steps {
		pipeline.Spec.Steps = append(pipeline.Spec.Steps, v1alpha1.PipelineStep{
			Name: step,
			Template: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "main", Image: "example.com/main:v1"}},
			}}}},
		})
	}
	return pipeline
}

// expect waits until the recording is as wanted: its processing state, its conditions ("Ready=False/Processing
// Reconciling=True/Processing"), and the judgement of kstatus.
func expect(t *testing.T, recording *v1alpha1.MeetingRecording, state v1alpha1.ProcessingState, conditions string, judged status.Status) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s: %s, %s, %s", recording.Name, state, conditions, judged), func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		got, said := recording.Status.Processing.State, said(recording.Status.Conditions)
		is, err := kstatus(t, recording, "MeetingRecording")
		if err == nil && (got != state || said != conditions || is != judged) {
			err = fmt.Errorf("it is %s, %s, %s: %+v", got, said, is, recording.Status.Processing.Steps)
		}
		return err
	})
}

// kstatus checks an object as it is stored.
func kstatus(t *testing.T, object client.Object, kind string) (status.Status, error) {
	t.Helper()
	var stored unstructured.Unstructured
	stored.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), &stored); err != nil {
		return "", err
	}
	result, err := status.Compute(&stored)
	if err != nil {
		return "", err
	}
	return result.Status, nil
}

func said(conditions []metav1.Condition) string {
	text := ""
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if condition := meta.FindStatusCondition(conditions, kind); condition != nil {
			text += " " + kind + "=" + string(condition.Status) + "/" + condition.Reason
		}
	}
	if text == "" {
		return ""
	}
	return text[1:]
}

// jobOf waits for the Job of a step and returns it.
func jobOf(t *testing.T, recording *v1alpha1.MeetingRecording, pipeline, step string) *batchv1.Job {
	t.Helper()
	return attemptOf(t, recording, pipeline, step, 1)
}

// attemptOf waits for the Job of an attempt at a step and returns it.
func attemptOf(t *testing.T, recording *v1alpha1.MeetingRecording, pipeline, step string, attempt int32) *batchv1.Job {
	t.Helper()
	job := &batchv1.Job{}
	key := client.ObjectKey{Namespace: recording.Namespace, Name: jobs.Name(recording.Name, pipeline, step, attempt)}
	eventually(t, "Job "+key.Name, func() error { return admin.Get(t.Context(), key, job) })
	return job
}

func jobCount(t *testing.T, ns string) int {
	t.Helper()
	var list batchv1.JobList
	if err := admin.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	return len(list.Items)
}

// podOf plays the Job controller: it makes a Pod of the Job, whose only container has the state.
func podOf(t *testing.T, job *batchv1.Job, phase corev1.PodPhase, state corev1.ContainerState) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace, GenerateName: job.Name + "-", Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: job.Spec.Template.Spec,
	}
	create(t, pod)
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", Image: "example.com/main:v1", State: state}}
	if err := admin.Status().Update(t.Context(), pod); err != nil {
		t.Fatalf("status of the Pod: %v", err)
	}
	return pod
}

// exits plays kubelet and Job controller: the Job's Pod ends with the code and the message, and so does the Job.
func exits(t *testing.T, job *batchv1.Job, code int32, message string) {
	t.Helper()
	phase := corev1.PodSucceeded
	if code != 0 {
		phase = corev1.PodFailed
	}
	podOf(t, job, phase, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: message}})
	if code == 0 {
		job.Status.Succeeded = 1
	}
	endJob(t, job, code == 0)
}

// endJob plays the Job controller at a Job's end.
func endJob(t *testing.T, job *batchv1.Job, succeeded bool) {
	t.Helper()
	now := metav1.Now()
	job.Status.StartTime = &now
	if succeeded {
		job.Status.CompletionTime = &now
		addConditions(job, "CompletionsReached", batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	} else {
		job.Status.Failed = 1
		addConditions(job, "PodFailurePolicy", batchv1.JobFailureTarget, batchv1.JobFailed)
	}
	if err := admin.Status().Update(t.Context(), job); err != nil {
		t.Fatalf("status of the Job: %v", err)
	}
}

func addConditions(job *batchv1.Job, reason string, kinds ...batchv1.JobConditionType) {
	for _, kind := range kinds {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(), LastProbeTime: metav1.Now(),
		})
	}
}

const (
	processingNow     = "Ready=False/Processing Reconciling=True/Processing"
	processed         = "Ready=True/Processed"
	failedPermanently = "Ready=False/ProcessingFailed Stalled=True/ProcessingFailed"
)

func statusOf(text string) status.Status { return status.Status(text) }

// foreignJob is one of the name that the archive step's Job would have, and nobody's.
func foreignJob(recording *v1alpha1.MeetingRecording) *batchv1.Job {
	job := jobs.Build(jobs.Run{
		Recording: jobs.Sample(recording.Namespace), Pipeline: "default",
		Step: pipelineOf("", "", "archive").Spec.Steps[0], Attempt: 1,
	})
	job.Name = jobs.Name(recording.Name, "default", "archive", 1)
	return job
}

// references parses steps of the form pipeline/step.
func references(steps []string) []v1alpha1.StepReference {
	var parsed []v1alpha1.StepReference
	for _, step := range steps {
		pipeline, name, _ := strings.Cut(step, "/")
		parsed = append(parsed, v1alpha1.StepReference{Pipeline: pipeline, Step: name})
	}
	return parsed
}
