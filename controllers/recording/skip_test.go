// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// A recording is Skipped, which is final, only if the API server has no pipeline that matches either: the cache may be stale.
func TestSkipIsConfirmed(t *testing.T) {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}}
	for name, test := range map[string]struct {
		live  []client.Object
		state v1alpha1.ProcessingState
		jobs  int
	}{
		"the cache is stale": {[]client.Object{pipeline}, v1alpha1.ProcessingRunning, 1},
		"nothing matches":    {nil, v1alpha1.ProcessingSkipped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ended := endedRecording("r", 1)
			cached, live := fakeClient(t, ended), fakeClient(t, append(test.live, ended)...)
			r := New(Options{
				Client: cached, Live: live, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{},
				Settings: planning.Settings{StallAfter: time.Hour, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
				Pace:     DefaultPace, Leading: Alone,
			})
			if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)}); err != nil {
				t.Fatal(err)
			}
			var stored v1alpha1.MeetingRecording
			var created batchv1.JobList
			if err := cached.Get(t.Context(), client.ObjectKeyFromObject(ended), &stored); err != nil {
				t.Fatal(err)
			}
			if err := cached.List(t.Context(), &created); err != nil {
				t.Fatal(err)
			}
			if got := stored.Status.Processing.State; got != test.state || len(created.Items) != test.jobs {
				t.Errorf("processing is %q with %d Jobs, want %s with %d", got, len(created.Items), test.state, test.jobs)
			}
		})
	}
}

// So is the failure of a step that its pipeline does not have any more, and the refusal of a rerun that no pipeline matches.
func TestAbsenceIsConfirmed(t *testing.T) {
	older := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	older.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	older.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive", Needs: []string{"probe"}}}
	newer := older.DeepCopy()
	newer.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}, {Name: "notify"}}
	ended := endedRecording("r", 1)
	planned := func(state v1alpha1.ProcessingState, steps ...string) *v1alpha1.MeetingRecording {
		r := ended.DeepCopy()
		r.Status.Processing.State = state
		for _, step := range steps {
			r.Status.Processing.Steps = append(r.Status.Processing.Steps, v1alpha1.StepStatus{
				Pipeline: "p", Step: step, Attempt: 1, JobName: jobs.Name("r", "p", step, 1), State: v1alpha1.StepPending,
			})
		}
		return r
	}
	rerun := planned(v1alpha1.ProcessingSkipped)
	rerun.Spec.Rerun = &v1alpha1.Rerun{Token: "again"}
	for name, test := range map[string]struct {
		recording     *v1alpha1.MeetingRecording
		cached, live  *v1alpha1.RecordingPipeline
		steps, failed int
	}{
		"the cache lacks the step":               {planned(v1alpha1.ProcessingRunning, "archive", "notify"), older, newer, 2, 0},
		"the cache lacks the pipeline":           {planned(v1alpha1.ProcessingRunning, "archive", "notify"), nil, newer, 2, 0},
		"the cache has a need that is gone":      {planned(v1alpha1.ProcessingRunning, "archive"), older, newer, 1, 0},
		"the cache lacks what matches":           {rerun, nil, newer, 2, 0},
		"the step is gone":                       {planned(v1alpha1.ProcessingRunning, "other"), newer, newer, 1, 1},
		"the need is not among what was planned": {planned(v1alpha1.ProcessingRunning, "archive"), older, older, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			with := func(pipeline *v1alpha1.RecordingPipeline) client.Client {
				if pipeline == nil {
					return fakeClient(t, test.recording)
				}
				return fakeClient(t, test.recording, pipeline)
			}
			cached := with(test.cached)
			r := New(Options{
				Client: cached, Live: with(test.live), Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{},
				Settings: planning.Settings{StallAfter: time.Hour, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
				Pace:     DefaultPace, Leading: Alone,
			})
			reconciler := reconcile.Reconciler(r)
			if test.recording.Status.Processing.State.IsFinal() {
				reconciler = &finished{r}
			}
			if _, err := reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)}); err != nil {
				t.Fatal(err)
			}
			var stored v1alpha1.MeetingRecording
			if err := cached.Get(t.Context(), client.ObjectKeyFromObject(ended), &stored); err != nil {
				t.Fatal(err)
			}
			failed := slices.DeleteFunc(slices.Clone(stored.Status.Processing.Steps), func(step v1alpha1.StepStatus) bool { return step.State != v1alpha1.StepFailed })
			if got := len(stored.Status.Processing.Steps); got != test.steps || len(failed) != test.failed {
				t.Errorf("%d steps, of which %d failed, want %d and %d", got, len(failed), test.steps, test.failed)
			}
		})
	}
}

// A Job on which the API server never decides is no secret: the recording is Stalled, and its step says why, also where it has no other Job.
func TestUndecidedJobStalls(t *testing.T) {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}}
	ended := endedRecording("r", 1)
	api, ok := fakeClient(t, ended, pipeline).(client.WithWatch)
	if !ok {
		t.Fatal("the client cannot watch")
	}
	silent, writes := true, 0
	client504 := interceptor.NewClient(api, interceptor.Funcs{
		Create: func(ctx context.Context, writer client.WithWatch, object client.Object, options ...client.CreateOption) error {
			if silent {
				return apierrors.NewTimeoutError("request did not complete within requested timeout "+time.Now().String(), 0)
			}
			return writer.Create(ctx, object, options...)
		},
		SubResourcePatch: func(ctx context.Context, writer client.Client, sub string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			if dryRun := (&client.SubResourcePatchOptions{}).ApplyOptions(options).DryRun; dryRun == nil {
				writes++
			}
			return writer.SubResource(sub).Patch(ctx, object, patch, options...)
		},
	})
	now := clocktesting.NewFakePassiveClock(time.Now())
	r := New(Options{
		Client: client504, Live: api, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: now,
		Settings: planning.Settings{StallAfter: 10 * time.Minute, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
		Pace:     DefaultPace, Leading: Alone,
	})
	expect := func(when string, wantWrites int, want string) {
		t.Helper()
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)})
		if apierrors.IsTimeout(err) != silent {
			t.Errorf("%s: reconciled with %v", when, err)
		}
		var stored v1alpha1.MeetingRecording
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(ended), &stored); err != nil {
			t.Fatal(err)
		}
		got := ""
		if ready := meta.FindStatusCondition(stored.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
			got = ready.Reason + " " + stored.Status.Processing.Steps[0].Message
		}
		if writes != wantWrites || (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q after %d writes, want %q after %d", when, got, writes, want, wantWrites)
		}
	}
	const stalled = "JobRefused The API server has not decided on the Job, which is tried again: Timeout: request did not complete"
	expect("at first", 0, "")
	now.SetTime(now.Now().Add(5 * time.Minute))
	expect("soon", 0, "")
	now.SetTime(now.Now().Add(5 * time.Minute))
	expect("after --stall-after", 1, stalled)
	now.SetTime(now.Now().Add(time.Minute))
	expect("later", 1, stalled)
	silent = false
	expect("once it decides", 2, "Processing ")
}

// What cannot be read never empties the status: its Jobs would run again.
func TestUnreadJobKeepsStatus(t *testing.T) {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	pipeline.Spec.MaxConcurrent = ptr.To[int32](1)
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}, {Name: "notify"}}
	ended := endedRecording("r", 1)
	ended.UID = "r"
	first, second := jobs.Name("r", "p", "archive", 1), jobs.Name("r", "p", "notify", 1)
	ended.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{
		{Pipeline: "p", Step: "archive", Attempt: 1, JobName: first, State: v1alpha1.StepRunning},
		{Pipeline: "p", Step: "notify", Attempt: 1, JobName: second, State: v1alpha1.StepPending},
	}}
	job := jobs.Build(jobs.Run{Recording: ended, Pipeline: "p", Step: pipeline.Spec.Steps[0], Attempt: 1})
	api, ok := fakeClient(t, ended, pipeline, job).(client.WithWatch)
	if !ok {
		t.Fatal("the client cannot watch")
	}
	reads := 0
	failing := interceptor.NewClient(api, interceptor.Funcs{
		Get: func(ctx context.Context, reader client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			if key.Name == second {
				if reads++; reads > 1 {
					return errors.New("the cache cannot be read")
				}
			}
			return reader.Get(ctx, key, object, options...)
		},
	})
	r := New(Options{
		Client: failing, Live: api, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{},
		Settings: planning.Settings{StallAfter: time.Hour, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
		Pace:     DefaultPace, Leading: Alone,
	})
	_, _ = r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)})
	var stored v1alpha1.MeetingRecording
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(ended), &stored); err != nil {
		t.Fatal(err)
	}
	if got := stored.Status.Processing; got.State != v1alpha1.ProcessingRunning || len(got.Steps) != 2 || reads < 2 {
		t.Errorf("processing is %q with %d steps after %d reads", got.State, len(got.Steps), reads)
	}
}

func fakeClient(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	known := runtime.NewScheme()
	if err := scheme.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	if err := v1alpha1.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	copies := make([]client.Object, len(objects))
	for i, object := range objects {
		copies[i], _ = object.DeepCopyObject().(client.Object)
	}
	return fake.NewClientBuilder().WithScheme(known).WithObjects(copies...).WithStatusSubresource(&v1alpha1.MeetingRecording{}).Build()
}
