// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/queue"
)

func limitedPipeline(version string, jobs int32) *v1alpha1.RecordingPipeline {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p", ResourceVersion: version}}
	if jobs > 0 {
		pipeline.Spec.MaxConcurrent = &jobs
	}
	return pipeline
}

func endedRecording(name string, second int) *v1alpha1.MeetingRecording {
	r := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	r.Status.Recording.State = v1alpha1.RecordingStopped
	r.Status.Recording.EndTime = ptr.To(metav1.NewMicroTime(time.Unix(int64(second), 0)))
	return r
}

func workQueue(t *testing.T) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	t.Helper()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(q.ShutDown)
	return q
}

// askFor asks for one turn.
func askFor(s *scheduler, recording *v1alpha1.MeetingRecording) queue.Turn {
	ticket := queue.Ticket{Pipeline: "p", Job: recording.Name}
	turns, _ := s.ask(recording, []queue.Ticket{ticket}, s.mark(), time.Unix(0, 0))
	return turns[ticket.Job]
}

// An older pipeline than the one that is known, as a reconciliation may have read it, does not change the limit, and one that was
// deleted has none.
func TestLimitIsTheNewest(t *testing.T) {
	s := newScheduler()
	s.limitBy(limitedPipeline("10", 1), false)
	s.limitBy(limitedPipeline("9", 100), false)
	if first, second := askFor(s, endedRecording("a", 1)), askFor(s, endedRecording("b", 2)); !first.Go || second.Go {
		t.Errorf("turns %+v and %+v, want one at a time", first, second)
	}
	q := workQueue(t)
	s.use(q)
	s.limitBy(limitedPipeline("11", 1), true)
	s.limitBy(limitedPipeline("10", 1), false)
	if got, _ := q.Get(); got.Name != "b" {
		t.Errorf("called %s, want b", got.Name)
	}
}

// Who is called before the controller has its work queue is called then.
func TestCalledBeforeTheStart(t *testing.T) {
	s := newScheduler()
	s.limitBy(limitedPipeline("1", 1), false)
	askFor(s, endedRecording("a", 1))
	askFor(s, endedRecording("b", 2))
	s.over("ns", "a")
	q := workQueue(t)
	s.use(q)
	if got, _ := q.Get(); got.NamespacedName != (types.NamespacedName{Namespace: "ns", Name: "b"}) {
		t.Errorf("called %s, want ns/b", got)
	}
	if got := testutil.ToFloat64(queueTaken.WithLabelValues("ns", "p")); got != 1 {
		t.Errorf("%v Jobs at work are told of, want 1", got)
	}
	s.limitBy(limitedPipeline("2", 0), false)
	s.over("ns", "b")
	if len(s.lines) != 0 || testutil.CollectAndCount(queueWaiting) != 0 {
		t.Errorf("%d namespaces and %d gauges are left of nothing", len(s.lines), testutil.CollectAndCount(queueWaiting))
	}
}

// Whether a recording may ask for a Job that it does not have.
func TestMayAsk(t *testing.T) {
	steps := func(state v1alpha1.StepState, started bool) func(*v1alpha1.MeetingRecording) {
		return func(r *v1alpha1.MeetingRecording) {
			step := v1alpha1.StepStatus{State: state}
			if started {
				step.StartTime = &metav1.Time{}
			}
			r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{step}}
		}
	}
	for name, test := range map[string]struct {
		change func(*v1alpha1.MeetingRecording)
		want   bool
	}{
		"ended":             {func(*v1alpha1.MeetingRecording) {}, true},
		"goes on":           {func(r *v1alpha1.MeetingRecording) { r.Status.Recording.State = v1alpha1.RecordingStarted }, false},
		"suspended":         {func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = true }, false},
		"being deleted":     {func(r *v1alpha1.MeetingRecording) { r.DeletionTimestamp = &metav1.Time{} }, false},
		"finished":          {func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingFailed }, false},
		"a step is queued":  {steps(v1alpha1.StepQueued, false), true},
		"a step is pending": {steps(v1alpha1.StepPending, false), true},
		"all have Jobs":     {steps(v1alpha1.StepRunning, true), false},
		"one is Kueue's":    {steps(v1alpha1.StepQueued, true), false},
	} {
		r := endedRecording("a", 1)
		test.change(r)
		if got := mayAsk(r); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// A limit is known from the pipeline's own watch, whatever happens to it.
func TestLimitWatch(t *testing.T) {
	s := newScheduler()
	watch, q := limitWatch(s), workQueue(t)
	key := types.NamespacedName{Namespace: "ns", Name: "p"}
	watch.Create(t.Context(), event.CreateEvent{Object: limitedPipeline("1", 5)}, q)
	if got := s.limits[key].jobs; got != 5 {
		t.Errorf("limit = %d, want 5", got)
	}
	watch.Update(t.Context(), event.UpdateEvent{ObjectNew: limitedPipeline("2", 7)}, q)
	if got := s.limits[key].jobs; got != 7 {
		t.Errorf("limit = %d, want 7", got)
	}
	watch.Delete(t.Context(), event.DeleteEvent{Object: limitedPipeline("3", 7)}, q)
	if got := s.limits[key].jobs; got != 0 {
		t.Errorf("limit = %d, want none", got)
	}
}

// A Job is at work for as long as Kueue lets it, and since it was first seen to be.
func TestAtWork(t *testing.T) {
	var known jobRecollection
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"kueue.x-k8s.io/queue-name": "q"}}, Spec: batchv1.JobSpec{Suspend: ptr.To(true)}}
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	if got := known.atWork(job, at(1)); got.Queue != "q" || !got.Since.IsZero() {
		t.Errorf("suspended: %+v", got)
	}
	job.Spec.Suspend = ptr.To(false)
	for _, second := range []int64{2, 3} {
		if got := known.atWork(job, at(second)); got.Queue != "" || !got.Since.Equal(at(2)) {
			t.Errorf("admitted: %+v, want since the first look", got)
		}
	}
}

func finishedWithRerun(name string) *v1alpha1.MeetingRecording {
	r := endedRecording(name, 1)
	r.UID, r.ResourceVersion = "00000000-0000-0000-0000-000000000000", "1"
	r.Labels = map[string]string{"a": "b"}
	r.Spec.Rerun = &v1alpha1.Rerun{Token: "2026-11-23", Steps: []v1alpha1.StepReference{{Pipeline: "p", Step: "a"}}}
	r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingFailed, ObservedRerunToken: "2026-11-22", Steps: make([]v1alpha1.StepStatus, 32)}
	return r
}

// Of a finished recording nothing is kept but what tells whether it asks for a rerun.
func TestStripToTokens(t *testing.T) {
	stripped, err := stripToTokens(finishedWithRerun("a"))
	if err != nil {
		t.Fatal(err)
	}
	want := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "a", UID: "00000000-0000-0000-0000-000000000000", ResourceVersion: "1",
	}}
	want.Spec.Rerun = &v1alpha1.Rerun{Token: "2026-11-23"}
	want.Status.Processing.ObservedRerunToken = "2026-11-22"
	if diff := cmp.Diff(want, stripped); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !asksForRerun(stripped.(*v1alpha1.MeetingRecording)) {
		t.Error("it is not seen to ask for a rerun")
	}
}

// How much memory a finished recording takes that once asked for a rerun.
func BenchmarkReruns(b *testing.B) {
	const kept = 10_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		store := make(map[string]any, kept)
		for i := range kept {
			name := fmt.Sprintf("abcd-efgh-ijkl-%024x", i)
			stripped, err := stripToTokens(finishedWithRerun(name))
			if err != nil {
				b.Fatal(err)
			}
			store["ns/"+name] = stripped
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/kept, "B/recording")
		runtime.KeepAlive(store)
	}
}
