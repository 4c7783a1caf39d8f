// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	recordings "github.com/meetingops/meeting-recording-operator/controllers/recording"
)

// A recording that was written since the term began costs no read of the API server, since nobody else leads; an older one costs one, and so does
// each in the next term.
func TestLooksAtOlderRecordingsOnly(t *testing.T) {
	ns, term, reads := namespace(t), int64(1), 0
	newPipelineAccepted(t, ns)
	onFailed := pipelineOf(ns, "on-failed", "tell")
	onFailed.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerFailed}
	acceptedPipeline(t, onFailed)
	live := liveReader{admin, func() error { reads++; return nil }}
	reconciler := newReconciler(admin, live, recordings.Pace{}, func() (int64, bool) { return term, true })
	jobs := 0
	process := func(recording *v1alpha1.MeetingRecording, wantReads int) {
		t.Helper()
		before := reads
		if _, err := reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)}); err != nil {
			t.Fatal(err)
		}
		if jobs++; jobCount(t, ns) != jobs || reads-before != wantReads {
			t.Errorf("%d Jobs and %d reads, want %d and %d", jobCount(t, ns), reads-before, jobs, wantReads)
		}
	}
	stopped := func(name string) *v1alpha1.MeetingRecording {
		recording := newRecording(t, ns, name)
		arrives(t, recording, v1alpha1.EventStopped, 0)
		return recording
	}
	first, second := stopped("first"), stopped("second")
	process(first, 1)
	process(second, 1)
	process(stopped("third"), 0)
	failed := newRecording(t, ns, "failed") // a late file may have come, from the sidecar
	arrives(t, failed, v1alpha1.EventFailed, time.Hour)
	process(failed, 1)
	fourth := stopped("fourth")
	term++
	process(fourth, 1)
}

// unansweredClient has a cache of before, and stores a status without an answer.
type unansweredClient struct{ outdatedCache }

func (c unansweredClient) Status() client.SubResourceWriter {
	return unansweredWriter{c.Client.Status()}
}

type unansweredWriter struct{ client.SubResourceWriter }

func (w unansweredWriter) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	err := w.SubResourceWriter.Patch(ctx, object, patch, options...)
	if (&client.SubResourcePatchOptions{}).ApplyOptions(options).DryRun != nil {
		return err
	}
	return errors.Join(err, errors.New("no answer"))
}

// A status that was stored, but without an answer, and is not in the cache yet: the Job that it reports is not created again when its name is
// free.
func TestUnansweredWriteIsLookedFor(t *testing.T) {
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	reconciled := func(reconciler reconcile.Reconciler, recording *v1alpha1.MeetingRecording) error {
		_, err := reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
		return err
	}
	old := newRecording(t, ns, "old")
	arrives(t, old, v1alpha1.EventStopped, 0)
	cached := &unansweredClient{outdatedCache{admin, old.DeepCopy()}}
	reconciler := newReconciler(cached, admin, recordings.Pace{}, func() (int64, bool) { return 1, true })
	if err := reconciled(reconciler, old); err == nil { // the term begins
		t.Fatal("an answer")
	}
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	cached.recording = recording.DeepCopy()
	if err := reconciled(reconciler, recording); err == nil {
		t.Fatal("an answer")
	}
	if n := jobCount(t, ns); n != 2 {
		t.Fatalf("%d Jobs, want 2", n)
	}
	if err := admin.DeleteAllOf(t.Context(), &batchv1.Job{}, client.InNamespace(ns), client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	forgetful := newReconciler(cached, admin, recordings.Pace{}, func() (int64, bool) { return 1, true })
	if err := reconciled(forgetful, recording); err != nil {
		t.Fatal(err)
	}
	if n := jobCount(t, ns); n != 0 {
		t.Errorf("%d Jobs, want none: its status has it", n)
	}
}
