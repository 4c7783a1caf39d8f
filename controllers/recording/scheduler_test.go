// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
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
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

func limitedPipeline(version string, jobs int32) *v1alpha1.RecordingPipeline {
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p", ResourceVersion: version}}
	if jobs > 0 {
		pipeline.Spec.MaxConcurrent = &jobs
	}
	return pipeline
}

func set(s *scheduler, pipeline *v1alpha1.RecordingPipeline) {
	s.setLimits(pipeline, limitsOf(pipeline))
}

func endedRecording(name string, second int) *v1alpha1.MeetingRecording {
	r := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
	r.Status.Recording.State = v1alpha1.RecordingStopped
	r.Status.Recording.EndTime = ptr.To(metav1.NewMicroTime(time.Unix(int64(second), 0)))
	return r
}

func newTestScheduler(t *testing.T) (*scheduler, requests) {
	t.Helper()
	s, q := newScheduler(), workQueue(t)
	s.add, s.backlog = q.Add, q.Len
	return s, q
}

func workQueue(t *testing.T) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	t.Helper()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(q.ShutDown)
	return q
}

// askFor requests one slot.
func askFor(s *scheduler, recording *v1alpha1.MeetingRecording) scheduling.Answer {
	request := scheduling.Request{Step: scheduling.Step{Pipeline: "p"}, Job: recording.Name}
	answers, _ := s.ask(recording, []scheduling.Request{request}, time.Unix(0, 0))
	return answers[request.Job]
}

// An older pipeline than the one that is known, as a reconciliation may have read it, does not change the limit, and one that was
// deleted has none.
func TestLimitIsTheNewest(t *testing.T) {
	s, q := newTestScheduler(t)
	set(s, limitedPipeline("10", 1))
	set(s, limitedPipeline("9", 100))
	if first, second := askFor(s, endedRecording("a", 1)), askFor(s, endedRecording("b", 2)); !first.Granted || second.Granted {
		t.Errorf("answers %+v and %+v, want one at a time", first, second)
	}
	s.setLimits(limitedPipeline("11", 1), limits{version: "11"})
	set(s, limitedPipeline("10", 1))
	if got, _ := q.Get(); got.Name != "b" {
		t.Errorf("woke %s, want b", got.Name)
	}
}

// A slot that is free again wakes the next, and the gauges follow.
func TestFreeSlotWakes(t *testing.T) {
	s, q := newTestScheduler(t)
	set(s, limitedPipeline("1", 1))
	askFor(s, endedRecording("a", 1))
	askFor(s, endedRecording("b", 2))
	s.ended("ns", "a")
	if got, _ := q.Get(); got.NamespacedName != (types.NamespacedName{Namespace: "ns", Name: "b"}) {
		t.Errorf("woke %s, want ns/b", got)
	}
	askFor(s, endedRecording("b", 2))
	if got := testutil.ToFloat64(queueTaken.WithLabelValues("ns", "p")); got != 1 {
		t.Errorf("%v slots are taken, want 1", got)
	}
	set(s, limitedPipeline("2", 0))
	s.ended("ns", "b")
	if len(s.queues) != 0 || testutil.CollectAndCount(queueWaiting) != 0 {
		t.Errorf("%d namespaces and %d gauges are left of nothing", len(s.queues), testutil.CollectAndCount(queueWaiting))
	}
}

// A limit is known from the pipeline's own watch, whatever happens to it.
func TestLimitWatch(t *testing.T) {
	s := newScheduler()
	watch, q := limitWatch(s), workQueue(t)
	key := types.NamespacedName{Namespace: "ns", Name: "p"}
	watch.Create(t.Context(), event.CreateEvent{Object: limitedPipeline("1", 5)}, q)
	if got := s.limits[key].Pipeline; got != 5 {
		t.Errorf("limit = %d, want 5", got)
	}
	watch.Update(t.Context(), event.UpdateEvent{ObjectNew: limitedPipeline("2", 7)}, q)
	if got := s.limits[key].Pipeline; got != 7 {
		t.Errorf("limit = %d, want 7", got)
	}
	watch.Delete(t.Context(), event.DeleteEvent{Object: limitedPipeline("3", 7)}, q)
	if got := s.limits[key].Pipeline; got != 0 {
		t.Errorf("limit = %d, want none", got)
	}
}

// A step with a limit of its own has a queue of its own, and does not count for its pipeline's; one with a queue at Kueue counts nowhere.
// Jobs that run count where the limits say as they are now.
func TestLimitsOfSteps(t *testing.T) {
	s := newScheduler()
	pipeline := limitedPipeline("1", 2)
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "cpu"}, {Name: "gpu", MaxConcurrent: ptr.To[int32](1)}, {Name: "kueue", QueueName: "q"}}
	set(s, pipeline)
	for _, step := range []string{"cpu", "gpu", "kueue"} {
		s.started(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: step, Labels: map[string]string{
			v1alpha1.LabelPipeline: "p", v1alpha1.LabelStep: step,
		}}})
	}
	lengths := func() map[string]scheduling.Length { return s.queues["ns"].Lengths() }
	want := map[string]scheduling.Length{"p": {Limit: 2, Taken: 1}, "p/gpu": {Limit: 1, Taken: 1}}
	if diff := cmp.Diff(want, lengths()); diff != "" {
		t.Errorf("with limits of steps (-want +got)\n%s", diff)
	}
	pipeline = limitedPipeline("2", 2)
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "cpu"}, {Name: "gpu"}, {Name: "kueue"}}
	set(s, pipeline)
	if diff := cmp.Diff(map[string]scheduling.Length{"p": {Limit: 2, Taken: 3}}, lengths()); diff != "" {
		t.Errorf("without (-want +got)\n%s", diff)
	}
}

// A Job that is suspended takes no slot.
func TestSuspendedJobsTakeNoSlot(t *testing.T) {
	s := newScheduler()
	set(s, limitedPipeline("1", 1))
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", Labels: map[string]string{v1alpha1.LabelPipeline: "p"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "MeetingRecording", Controller: ptr.To(true)}}}}
	watch := &jobWatch{scheduler: s}
	watch.follow(job)
	if answer := askFor(s, endedRecording("b", 1)); answer.Granted {
		t.Error("a second Job gets a slot while the first runs")
	}
	job.Spec.Suspend = ptr.To(true)
	watch.follow(job)
	if answer := askFor(s, endedRecording("b", 1)); !answer.Granted {
		t.Errorf("answer = %+v while the first Job is suspended, want a slot", answer)
	}
}
