// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

func TestKnown(t *testing.T) {
	m := &Reconciler{}
	at := func(version string) *v1alpha1.MeetingRecording {
		return &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rec", ResourceVersion: version}}
	}
	key := types.NamespacedName{Namespace: "ns", Name: "rec"}
	m.entryOf(key, "a").written = "10"
	for version, ahead := range map[string]bool{"9": true, "10": false, "11": false, "100": false, "2": true, "": false, "not-a-number": false} {
		if got := m.entryOf(key, "a").isAheadOf(at(version)); got != ahead {
			t.Errorf("after writing 10, version %q is too old: %t, want %t", version, got, ahead)
		}
	}
	if m.entryOf(key, "b").isAheadOf(at("3")) {
		t.Error("another object of the same name is taken for the first")
	}
}

func TestRefusedJobsBackOff(t *testing.T) {
	var job jobEntry
	pace := Pace{RetryAfter: 10 * time.Second, RetryMax: 5 * time.Minute}
	now := time.Unix(0, 0)
	var waits []time.Duration
	for range 20 {
		waits = append(waits, job.refuse(outcomes.Observation{}, pace, now))
	}
	want := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 5 * time.Minute}
	if diff := cmp.Diff(want, waits[:6]); diff != "" || waits[19] != 5*time.Minute {
		t.Errorf("waits (-want +got)\n%s; the 20th is %s", diff, waits[19])
	}
	job.accepted()
	if got := job.refuse(outcomes.Observation{}, pace, now); got != 10*time.Second {
		t.Errorf("after a success it waits %s, want 10s", got)
	}
}

func TestJobChanges(t *testing.T) {
	job := func(change func(*batchv1.Job)) *batchv1.Job {
		j := &batchv1.Job{}
		change(j)
		return j
	}
	fresh := job(func(*batchv1.Job) {})
	active := job(func(j *batchv1.Job) { j.Status.Active = 1 })
	ready := job(func(j *batchv1.Job) { j.Status.Active, j.Status.Ready = 1, ptr.To[int32](1) })
	ended := job(func(j *batchv1.Job) {
		j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	})
	passes := func(send func(w *jobWatch)) bool {
		sent := false
		note := func() { sent = true }
		send(&jobWatch{scheduler: newScheduler(), EventHandler: handler.Funcs{
			CreateFunc: func(context.Context, event.CreateEvent, requests) { note() },
			UpdateFunc: func(context.Context, event.UpdateEvent, requests) { note() },
			DeleteFunc: func(context.Context, event.DeleteEvent, requests) { note() },
		}})
		return sent
	}
	created := func(job *batchv1.Job) bool {
		return passes(func(w *jobWatch) { w.Create(t.Context(), event.CreateEvent{Object: job}, nil) })
	}
	updated := func(before, after *batchv1.Job) bool {
		return passes(func(w *jobWatch) { w.Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, nil) })
	}
	for name, test := range map[string]struct{ got, want bool }{
		"created":             {created(fresh), false},
		"found ended":         {created(ended), true},
		"a Pod was made":      {updated(fresh, active), false},
		"the Pod is ready":    {updated(active, ready), true},
		"ended":               {updated(active, ended), true},
		"deleted":             {passes(func(w *jobWatch) { w.Delete(t.Context(), event.DeleteEvent{Object: ended}, nil) }), true},
		"labelled after that": {updated(ended, ended), false},
	} {
		if test.got != test.want {
			t.Errorf("%s: passes %t, want %t", name, test.got, test.want)
		}
	}
}

// What a stored decision counts, once.
func TestCountStored(t *testing.T) {
	step := func(state v1alpha1.StepState) v1alpha1.StepStatus { return v1alpha1.StepStatus{State: state} }
	before := &v1alpha1.MeetingRecording{}
	before.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{
		step(v1alpha1.StepSucceeded), step(v1alpha1.StepRunning), step(v1alpha1.StepRunning),
	}}
	stored := planning.Decision{Processing: v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingFailed, Steps: []v1alpha1.StepStatus{
		step(v1alpha1.StepSucceeded), step(v1alpha1.StepSucceeded), step(v1alpha1.StepFailed),
	}}}
	counters := map[string]prometheus.Counter{
		"recordings failed": recordingsTotal.WithLabelValues("failed"),
		"steps succeeded":   stepsTotal.WithLabelValues("succeeded"),
		"steps failed":      stepsTotal.WithLabelValues("failed"),
		"stalled":           stalledTotal.WithLabelValues("JobNameTaken"),
	}
	was := make(map[string]float64)
	for name, counter := range counters {
		was[name] = testutil.ToFloat64(counter)
	}
	stored.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "JobNameTaken"}}
	countStored(before, stored)
	before.Status.Conditions = stored.Conditions
	if planning.BecameStalled(before, stored) != "" {
		t.Error("a recording that was stalled before becomes stalled again")
	}
	for name, counter := range counters {
		if got := testutil.ToFloat64(counter) - was[name]; got != 1 {
			t.Errorf("%s: counted %v times, want once", name, got)
		}
	}
}
