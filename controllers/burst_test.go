// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// burst is how long thousands of writes may take on a machine that has other things to do: only a test that hangs waits for it.
const burst = 5 * time.Minute

// cluster watches the Jobs of a namespace as a cluster does. It ends the oldest whenever as many are at work as the limit allows,
// or no more are to come.
type cluster struct {
	t     *testing.T
	limit int
	all   int
	watch watch.Interface

	// created are the recordings of Jobs in the order in which the Jobs came, active those of them that have not ended.
	created []string
	active  []*batchv1.Job
	most    int
	ended   map[string]bool
}

func newCluster(t *testing.T, ns string, limit, all int) *cluster {
	t.Helper()
	w, err := admin.Watch(t.Context(), &batchv1.JobList{}, client.InNamespace(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return &cluster{t: t, limit: limit, all: all, watch: w, ended: make(map[string]bool)}
}

// runUntil works until so many Jobs have come.
func (k *cluster) runUntil(created int) {
	k.t.Helper()
	deadline := time.After(burst)
	for len(k.created) < created || (created == k.all && len(k.ended) < k.all) {
		select {
		case event := <-k.watch.ResultChan():
			k.see(event)
		case <-deadline:
			k.t.Fatalf("%d of %d Jobs have come, %d have ended: not within %s", len(k.created), k.all, len(k.ended), burst)
		}
		for len(k.active) == k.limit || (len(k.created) == k.all && len(k.active) > 0) {
			k.endOldest()
		}
	}
}

func (k *cluster) see(event watch.Event) {
	k.t.Helper()
	job, ok := event.Object.(*batchv1.Job)
	if !ok {
		k.t.Fatalf("the watch ended: %v", event)
	}
	if event.Type != watch.Added {
		return
	}
	k.created = append(k.created, job.Labels[v1alpha1.LabelRecording])
	k.active = append(k.active, job)
	k.most = max(k.most, len(k.active))
	if len(k.active) > k.limit {
		k.t.Fatalf("%d Jobs are at work, the limit is %d", len(k.active), k.limit)
	}
}

// endOldest counts the Job as ended once the API server has it so: no other can be created for it before.
func (k *cluster) endOldest() {
	k.t.Helper()
	oldest := k.active[0]
	endJob(k.t, oldest, true)
	k.active = k.active[1:]
	if k.ended[oldest.Name] {
		k.t.Fatalf("Job %s came twice", oldest.Name)
	}
	k.ended[oldest.Name] = true
}

// expectOrder fails where a Job came further from its recording's place than the limit explains: so many are created at once, by
// several workers.
func (k *cluster) expectOrder(recordings []*v1alpha1.MeetingRecording) {
	k.t.Helper()
	for place, recording := range recordings {
		at := slices.Index(k.created, recording.Name)
		if at < 0 || at-place >= k.limit+workers || place-at >= k.limit+workers {
			k.t.Errorf("%s ended as number %d and had its Job as number %d, which %d at once do not explain", recording.Name, place, at, k.limit)
		}
	}
}

// workers is how many recordings the controller reconciles at once: so far their order may differ from that of their ends.
const workers = 12

// shuffled returns names whose order is not that of their numbers.
func shuffled(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("rec-%03d", (i*7919)%n)
	}
	return names
}

// Five hundred recordings stop at once: never more than five Jobs are at work, all are done, in order, and each costs a Job and three
// patches of its status, however long it waited.
func TestBurst(t *testing.T) {
	const all, limit = 500, 5
	ns := namespace(t)
	newLimited(t, ns, limit)
	op := start(t, ns, nil)
	k := newCluster(t, ns, limit, all)
	recordings := stopped(t, ns, shuffled(all)...)
	k.runUntil(all)
	k.expectOrder(recordings)
	if k.most != limit {
		t.Errorf("%d Jobs at work at most, want all of %d", k.most, limit)
	}
	expectAll(t, ns, all)
	writes := op.wire.counted()
	if writes["POST jobs"] != all || writes["PATCH meetingrecordings/status"] > 3*all {
		t.Errorf("writes: %v, want %d Jobs and at most %d patches of recordings", writes, all, 3*all)
	}
	t.Logf("writes: %v", writes)
}

// An API server that does not answer to some creations of Jobs makes neither more of them nor fewer.
func TestBurstWithoutAnswers(t *testing.T) {
	const all, limit = 20, 3
	ns := namespace(t)
	newLimited(t, ns, limit)
	op := start(t, ns, func(_ *controllers.Options, w *wire) { w.makeUnavailable("POST jobs", 2, 12) })
	k := newCluster(t, ns, limit, all)
	stopped(t, ns, shuffled(all)...)
	k.runUntil(all)
	expectAll(t, ns, all)
	if got := op.wire.counted()["POST jobs"]; got != all+12 {
		t.Errorf("%d creations were asked for, want %d and the 12 that got no answer", got, all)
	}
}

// expectAll waits until all recordings have succeeded.
func expectAll(t *testing.T, ns string, all int) {
	t.Helper()
	eventually(t, "all have succeeded", func() error {
		var list v1alpha1.MeetingRecordingList
		if err := admin.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
			return err
		}
		states := make(map[v1alpha1.ProcessingState]int)
		for _, recording := range list.Items {
			states[recording.Status.Processing.State]++
		}
		if !maps.Equal(states, map[v1alpha1.ProcessingState]int{v1alpha1.ProcessingSucceeded: all}) {
			return fmt.Errorf("they are %v", states)
		}
		return nil
	})
}

// A manager that is replaced again and again keeps to the limit, also if all recordings ended while none ran.
func TestBurstOverRestarts(t *testing.T) {
	const all, limit = 60, 3
	ns := namespace(t)
	newLimited(t, ns, limit)
	stopped(t, ns, shuffled(all)...)
	k := newCluster(t, ns, limit, all)
	for _, until := range []int{1, 20, 41, all} {
		op := start(t, ns, nil)
		k.runUntil(until)
		op.stop()
	}
	start(t, ns, nil)
	expectAll(t, ns, all)
	var jobs batchv1.JobList
	if err := admin.List(t.Context(), &jobs, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	if len(jobs.Items) != all {
		t.Errorf("there are %d Jobs, want %d", len(jobs.Items), all)
	}
}
