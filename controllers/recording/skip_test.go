// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
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
			var jobs batchv1.JobList
			if err := cached.Get(t.Context(), client.ObjectKeyFromObject(ended), &stored); err != nil {
				t.Fatal(err)
			}
			if err := cached.List(t.Context(), &jobs); err != nil {
				t.Fatal(err)
			}
			if got := stored.Status.Processing.State; got != test.state || len(jobs.Items) != test.jobs {
				t.Errorf("processing is %q with %d Jobs, want %s with %d", got, len(jobs.Items), test.state, test.jobs)
			}
		})
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
