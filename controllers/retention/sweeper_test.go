// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
)

// One recording whose deletion is never decided on, such as by webhooks that are slow together, stops no other.
func TestSweepAfterTimeout(t *testing.T) {
	for name, failure := range map[string]struct {
		err  error
		left int
	}{
		"forbidden":   {apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("meetingrecordings").GroupResource(), "a", nil), 1},
		"no decision": {apierrors.NewTimeoutError("request did not complete within requested timeout", 0), 1},
		"overload":    {apierrors.NewTooManyRequests("later", 1), 2},
		"unavailable": {apierrors.NewServiceUnavailable("later"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			old := metav1.NewTime(time.Now().Add(-100 * time.Hour))
			api := fakeClient(t, interceptor.Funcs{Delete: func(ctx context.Context, api client.WithWatch, object client.Object, options ...client.DeleteOption) error {
				if object.GetName() == "a" {
					return failure.err
				}
				return api.Delete(ctx, object)
			}}, recording("a", old), recording("b", old))
			sweep(t, api, api)
			var left v1alpha1.MeetingRecordingList
			if err := api.List(t.Context(), &left); err != nil || len(left.Items) != failure.left {
				t.Errorf("%d recordings are left, want %d: %v", len(left.Items), failure.left, err)
			}
		})
	}
}

// How long a pipeline keeps recordings is read from the API server: a cache that lacks the pipeline would let them be deleted.
func TestSweepWithStaleCache(t *testing.T) {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	pipeline.Spec.Retention = &v1alpha1.PipelineRetention{KeepRecordings: &metav1.Duration{Duration: 720 * time.Hour}}
	kept := recording("a", metav1.NewTime(time.Now().Add(-100*time.Hour)))
	kept.Status.Processing.Steps = []v1alpha1.StepStatus{{Pipeline: "p", Step: "archive", State: v1alpha1.StepSucceeded}}
	live := fakeClient(t, interceptor.Funcs{}, kept, pipeline)
	stale := interceptor.NewClient(live, interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return nil }})
	sweep(t, stale, live)
	if err := live.Get(t.Context(), client.ObjectKeyFromObject(kept), kept); err != nil {
		t.Errorf("it was deleted: %v", err)
	}
}

// What is due only by a clock that is set right just before the deletion is kept.
func TestDueByAWrongClock(t *testing.T) {
	kept := recording("a", metav1.NewTime(time.Now().Add(-time.Hour)))
	local := clocktesting.NewFakePassiveClock(time.Now())
	live := fakeClient(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
		if _, isPage := list.(*metav1.PartialObjectMetadataList); isPage {
			local.SetTime(time.Now().Add(49 * time.Hour))
		}
		return c.List(ctx, list, options...)
	}}, kept)
	var comparisons atomic.Int32
	sweepBy(t, live, live, local, func() {
		comparisons.Add(1)
		local.SetTime(time.Now())
	})
	if err := live.Get(t.Context(), client.ObjectKeyFromObject(kept), kept); err != nil || comparisons.Load() != 2 {
		t.Errorf("after %d comparisons: %v", comparisons.Load(), err)
	}
}

func recording(name string, at metav1.Time) *v1alpha1.MeetingRecording {
	r := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, CreationTimestamp: at}}
	r.Status.Recording.State, r.Status.Processing.State = v1alpha1.RecordingStopped, v1alpha1.ProcessingSkipped
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, LastTransitionTime: at})
	return r
}

func fakeClient(t *testing.T, funcs interceptor.Funcs, objects ...client.Object) client.WithWatch {
	t.Helper()
	known := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(known).WithObjects(objects...).WithInterceptorFuncs(funcs).Build()
}

// sweep deletes what is due after a day.
func sweep(t *testing.T, cached, live client.WithWatch) {
	t.Helper()
	sweepBy(t, cached, live, clock.RealClock{}, func() {})
}

// sweepBy does it by a clock, and calls compared when that is compared with the API server's.
func sweepBy(t *testing.T, cached, live client.WithWatch, local clock.PassiveClock, compared func()) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { compared() })) // whose answers have the time
	t.Cleanup(server.Close)
	check, err := serverclock.New(&rest.Config{Host: server.URL}, local)
	if err != nil {
		t.Fatal(err)
	}
	sweeper := &Sweeper{
		Rules: retention.Rules{Default: 24 * time.Hour}, Page: 500, Client: cached, Live: live,
		Recorder: events.NewFakeRecorder(10), Clock: local, ServerClock: check,
	}
	sweeper.reads, sweeper.deletes = rate.NewLimiter(rate.Inf, 0), rate.NewLimiter(rate.Inf, 0)
	sweeper.sweep(t.Context())
}
