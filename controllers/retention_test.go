// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const day = 24 * time.Hour

// newKeeping makes a pipeline whose recordings are kept for so long; 0 is one that says nothing.
func newKeeping(t *testing.T, ns, name string, keep time.Duration) {
	t.Helper()
	pipeline := pipelineOf(ns, name, "archive")
	if keep > 0 {
		pipeline.Spec.Retention = &v1alpha1.PipelineRetention{KeepRecordings: &metav1.Duration{Duration: keep}}
	}
	create(t, pipeline)
}

// segments makes recordings of one session that stopped just now: each was processed by the pipeline named, or skipped where that is
// empty; "-" leaves a gap in the chain.
func segments(t *testing.T, ns, session string, pipelines ...string) []*v1alpha1.MeetingRecording {
	t.Helper()
	var made []*v1alpha1.MeetingRecording
	for i, pipeline := range pipelines {
		if pipeline == "-" {
			continue
		}
		made = append(made, segment(t, ns, lifecycle.Name("abcd-efgh-ijkl", session, int32(i+1)), session, int32(i+1), pipeline))
	}
	return made
}

func segment(t *testing.T, ns, name, session string, number int32, pipeline string) *v1alpha1.MeetingRecording {
	t.Helper()
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: session, Segment: number},
	}
	create(t, recording)
	arrives(t, recording, v1alpha1.EventStopped, 0)
	old := recording.DeepCopy()
	recording.Status.Processing.State = v1alpha1.ProcessingSkipped
	if pipeline != "" {
		now := metav1.Now()
		recording.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingSucceeded, Steps: []v1alpha1.StepStatus{
			{Pipeline: pipeline, Step: "archive", Attempt: 1, State: v1alpha1.StepSucceeded, CompletionTime: &now},
		}}
	}
	patchRecording(t, recording, old)
	return recording
}

// inDays starts the operator so many days from now.
func inDays(t *testing.T, ns string, days int, change func(*controllers.Options, *wire)) *operator {
	t.Helper()
	return start(t, ns, func(options *controllers.Options, w *wire) {
		options.Clock = testclock.NewFakePassiveClock(time.Now().Add(time.Duration(days) * day))
		w.ahead = time.Duration(days) * day
		if change != nil {
			change(options, w)
		}
	})
}

// expectLeft waits until these recordings are left of a namespace, and no others.
func expectLeft(t *testing.T, ns string, recordings ...*v1alpha1.MeetingRecording) {
	t.Helper()
	want := make([]string, len(recordings))
	for i, recording := range recordings {
		want[i] = recording.Name
	}
	slices.Sort(want)
	eventually(t, "old recordings are deleted", func() error {
		var list v1alpha1.MeetingRecordingList
		if err := admin.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
			return err
		}
		got := make([]string, len(list.Items))
		for i := range list.Items {
			got[i] = list.Items[i].Name
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("left are %v, want %v", got, want)
		}
		return nil
	})
}

// expectSweeps waits until the operator has looked at everything a few times more.
func expectSweeps(t *testing.T, op *operator) {
	t.Helper()
	from := op.wire.got(swept)
	eventually(t, "sweeps", func() error {
		if n := op.wire.got(swept) - from; n < 10 {
			return fmt.Errorf("%d pages", n)
		}
		return nil
	})
}

// Recordings whose time is over are deleted, sessions as a whole, a page at a time; what is left of a session is never a chain with
// a gap.
func TestRetention(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "week", 7*day)
	newKeeping(t, ns, "silent", 0)
	segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "week", "week", "week")
	segments(t, ns, "613e1a0ad3d5a1b2c3d4e502", "-", "week", "week") // of which a person deleted the first
	segment(t, ns, "by-hand-7", "613e1a0ad3d5a1b2c3d4e503", 1, "week")
	kept := segments(t, ns, "613e1a0ad3d5a1b2c3d4e504", "week", "silent")
	kept = append(kept, segments(t, ns, "613e1a0ad3d5a1b2c3d4e505", "silent", "week")...)
	kept = append(kept, segments(t, ns, "613e1a0ad3d5a1b2c3d4e506", "")...)
	kept = append(kept, segments(t, ns, "613e1a0ad3d5a1b2c3d4e507", "gone")...)
	deleted := watchDeleted(t, ns)
	op := inDays(t, ns, 8, func(_ *controllers.Options, w *wire) { w.expiring = 1 })
	expectLeft(t, ns, kept...)
	expectSweeps(t, op)
	expectLeft(t, ns, kept...)
	op.stop()
	expectLastFirst(t, deleted)
	inDays(t, ns, 8, func(options *controllers.Options, _ *wire) { options.KeepRecordings = day })
	expectLeft(t, ns, kept[:4]...)
}

func watchDeleted(t *testing.T, ns string) watch.Interface {
	t.Helper()
	w, err := admin.Watch(t.Context(), &v1alpha1.MeetingRecordingList{}, client.InNamespace(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// expectLastFirst expects that the six recordings were deleted so that each was the last of its session at the time.
func expectLastFirst(t *testing.T, deleted watch.Interface) {
	t.Helper()
	last := make(map[string]int32)
	for n := 0; n < 6; {
		event := <-deleted.ResultChan()
		recording, ok := event.Object.(*v1alpha1.MeetingRecording)
		if !ok {
			t.Fatalf("the watch ended: %v", event)
		}
		if event.Type != watch.Deleted {
			continue
		}
		n++
		if before, ok := last[recording.Spec.SessionID]; ok && before != recording.Spec.Segment+1 {
			t.Errorf("segment %d was deleted after segment %d", recording.Spec.Segment, before)
		}
		last[recording.Spec.SessionID] = recording.Spec.Segment
	}
}

// A clock that is ahead of the API server's deletes nothing.
func TestRetentionChecksTheClock(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "day", day)
	kept := segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "day", "day")
	asked := make(chan struct{}, 1000)
	inDays(t, ns, 8, func(_ *controllers.Options, w *wire) {
		w.ahead = 0
		w.tamper = func(request *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
			if request.URL.Path == "/version" {
				asked <- struct{}{}
			}
			return next.RoundTrip(request)
		}
	})
	for range 5 { // sweeps
		<-asked
	}
	expectLeft(t, ns, kept...)
}

// One recording that may not be deleted, and one that is held, stop no other. The former is reported.
func TestRetentionGoesOn(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "day", day)
	forbidden := segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "day")[0]
	held := segments(t, ns, "613e1a0ad3d5a1b2c3d4e502", "day", "day")
	patchObject(t, held[0], func() { held[0].Spec.Hold = true })
	segments(t, ns, "613e1a0ad3d5a1b2c3d4e503", "day", "day")
	segments(t, ns, "613e1a0ad3d5a1b2c3d4e504", "day")
	failing := segments(t, ns, "613e1a0ad3d5a1b2c3d4e500", "day")[0] // its deletion fails in an admission webhook
	inDays(t, ns, 8, func(_ *controllers.Options, w *wire) {
		w.undeletable = map[string]int{forbidden.Name: http.StatusForbidden, failing.Name: http.StatusInternalServerError}
	})
	expectLeft(t, ns, failing, forbidden, held[0], held[1])
	for _, recording := range []*v1alpha1.MeetingRecording{forbidden, failing} {
		if note := expectEvent(t, recording, "DeletionFailed"); !strings.Contains(note, "not allowed") {
			t.Errorf("the note is %q", note)
		}
	}
}

// An event that comes at the last moment keeps the recording, and those of its session before it.
func TestRetentionLosesNoEvent(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "day", day)
	session := segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "day", "day", "day")
	late := session[1].DeepCopy()
	came := false
	op := inDays(t, ns, 2, func(_ *controllers.Options, w *wire) {
		w.beforeDelete = func(name string) {
			if name != late.Name || came {
				return
			}
			came = true
			old := late.DeepCopy()
			at := metav1.NewMicroTime(time.Now().Add(2 * day))
			late.Status.Recording.Events[0].LastReceiveTime, late.Status.Recording.Events[0].Deliveries = at, 2
			if err := admin.Status().Patch(t.Context(), late, client.MergeFrom(old)); err != nil {
				t.Errorf("write the event: %v", err)
			}
		}
	})
	expectLeft(t, ns, session[:2]...)
	expectSweeps(t, op)
	expectLeft(t, ns, session[:2]...)
}

// A recording that never ended goes with its session, or alone by the longest rule, once its last event is old enough; one that still
// goes on does not.
func TestRetentionOfStalled(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "week", 7*day)
	segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "week")
	stalled := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: lifecycle.Name("abcd-efgh-ijkl", "613e1a0ad3d5a1b2c3d4e501", 2)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e501", Segment: 2},
	}
	create(t, stalled)
	arrives(t, stalled, v1alpha1.EventStarted, 0)
	alone := newRecording(t, ns, "alone")
	arrives(t, alone, v1alpha1.EventStarted, 0)
	goesOn := newRecording(t, ns, "goes-on")
	arrives(t, goesOn, v1alpha1.EventStarted, -8*day)
	inDays(t, ns, 8, nil)
	expectLeft(t, ns, goesOn)
}

// Where nothing is ever to be deleted, nothing is listed.
func TestNothingToSweep(t *testing.T) {
	ns := namespace(t)
	newKeeping(t, ns, "silent", 0)
	kept := segments(t, ns, "613e1a0ad3d5a1b2c3d4e501", "silent", "")
	op := inDays(t, ns, 1000, nil)
	eventually(t, "the pipeline is checked", func() error {
		if op.wire.counted()["PATCH recordingpipelines/status"] == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if pages := op.wire.got(swept); pages != 0 {
		t.Errorf("%d pages were listed", pages)
	}
	expectLeft(t, ns, kept...)
}

// Jobs go with their recording: each has it as its owner, for the garbage collector, and one that is gone is not made again.
func TestDeletedRecordingTakesItsJobs(t *testing.T) {
	for name, propagation := range map[string]metav1.DeletionPropagation{
		"kubectl delete": metav1.DeletePropagationBackground, "kubectl delete --cascade=foreground": metav1.DeletePropagationForeground,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			newPipeline(t, ns, "default", "archive", "thumbnail")
			op := start(t, ns, nil)
			r := stopped(t, ns, "rec")[0]
			expect(t, r, v1alpha1.ProcessingRunning, processingNow, "InProgress")
			for _, step := range []string{"archive", "thumbnail"} {
				if job := jobOf(t, r, "default", step); !metav1.IsControlledBy(job, r) || !*job.OwnerReferences[0].BlockOwnerDeletion {
					t.Errorf("owners of %s: %+v, want the recording, blocking", step, job.OwnerReferences)
				}
			}
			if err := admin.Delete(t.Context(), r, client.PropagationPolicy(propagation)); err != nil {
				t.Fatal(err)
			}
			for _, step := range []string{"archive", "thumbnail"} { // as the garbage collector does
				remove(t, jobOf(t, r, "default", step))
			}
			other := stopped(t, ns, "other")[0] // by the time that it is processed, the deletion was looked at
			expect(t, other, v1alpha1.ProcessingRunning, processingNow, "InProgress")
			if writes := op.wire.counted(); writes["POST jobs"] != 4 {
				t.Errorf("writes: %v, want 4 Jobs: those of two recordings", writes)
			}
			err := admin.Get(t.Context(), client.ObjectKeyFromObject(r), r)
			if propagation == metav1.DeletePropagationBackground && !apierrors.IsNotFound(err) {
				t.Errorf("the recording: %v, want that it is gone", err)
			}
		})
	}
}
