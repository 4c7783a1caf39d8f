// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	recordings "github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
)

// outdatedCache has a recording as it once was, and all else as it is.
type outdatedCache struct {
	client.Client
	recording *v1alpha1.MeetingRecording
}

func (c outdatedCache) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if recording, ok := object.(*v1alpha1.MeetingRecording); ok {
		c.recording.DeepCopyInto(recording)
		return nil
	}
	return c.Client.Get(ctx, key, object, options...)
}

// liveReader does something before a recording is read from the API server.
type liveReader struct {
	client.Reader
	before func() error
}

func (r liveReader) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if err := r.before(); err != nil {
		return err
	}
	return r.Reader.Get(ctx, key, object, options...)
}

// A leader that was stopped for longer than its Lease wakes up with a cache of before. Its successor has created the Job meanwhile, which
// has ended and is deleted: its name is free, and must not be used again.
func TestOutdatedLeaderCreatesNoJob(t *testing.T) {
	pace := recordings.Pace{ConflictAfter: 7 * time.Second}
	again := reconcile.Result{RequeueAfter: pace.ConflictAfter}
	term := func(terms ...int64) recordings.Leading { // one after the other, 0 for none
		return func() (int64, bool) {
			now := terms[0]
			terms = terms[min(1, len(terms)-1):]
			return now, now > 0
		}
	}
	for name, test := range map[string]struct {
		// meanwhile is what has happened to the recording since the cache had it.
		meanwhile func(t *testing.T, recording *v1alpha1.MeetingRecording)
		before    func() error
		term      recordings.Leading
		want      reconcile.Result
		wantErr   bool
		wantJobs  int
	}{
		"nothing has happened": {wantJobs: 1},
		"processed, and the Job deleted": {
			meanwhile: func(t *testing.T, recording *v1alpha1.MeetingRecording) {
				recording.Status.Processing.State = v1alpha1.ProcessingSucceeded
				if err := admin.Status().Update(t.Context(), recording); err != nil {
					t.Fatal(err)
				}
			},
			want: again,
		},
		"failed no longer": {
			meanwhile: func(t *testing.T, recording *v1alpha1.MeetingRecording) {
				recording.Status.Recording.State = v1alpha1.RecordingFailed
				if err := admin.Status().Update(t.Context(), recording); err != nil {
					t.Fatal(err)
				}
			},
			want: again,
		},
		"deleted": {
			meanwhile: func(t *testing.T, recording *v1alpha1.MeetingRecording) {
				if err := admin.Delete(t.Context(), recording); err != nil {
					t.Fatal(err)
				}
			},
			want: again,
		},
		"made again": {
			meanwhile: func(t *testing.T, recording *v1alpha1.MeetingRecording) {
				if err := admin.Delete(t.Context(), recording); err != nil {
					t.Fatal(err)
				}
				arrives(t, newRecording(t, recording.Namespace, recording.Name), v1alpha1.EventStopped, 0)
			},
			want: again,
		},
		"the API server does not answer":   {before: func() error { return errors.New("no answer") }, wantErr: true},
		"does not lead for sure":           {term: term(0), want: again},
		"stopped while it asked":           {term: term(1, 0), want: again},
		"another has led while it asked":   {term: term(1, 2), want: again},
		"leads, from before until the end": {term: term(3), wantJobs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			ns := namespace(t)
			newPipelineAccepted(t, ns)
			recording := newRecording(t, ns, "rec")
			arrives(t, recording, v1alpha1.EventStopped, 0)
			cached := outdatedCache{admin, recording.DeepCopy()}
			if test.meanwhile != nil {
				test.meanwhile(t, recording)
			}
			if test.before == nil {
				test.before = func() error { return nil }
			}
			if test.term == nil {
				test.term = term(1)
			}
			reconciler := newReconciler(cached, liveReader{admin, test.before}, pace, test.term)
			got, err := reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
			if (err != nil) != test.wantErr || got.RequeueAfter != test.want.RequeueAfter && test.wantJobs == 0 {
				t.Errorf("%+v, %v; want %+v, an error: %t", got, err, test.want, test.wantErr)
			}
			if n := jobCount(t, ns); n != test.wantJobs {
				t.Errorf("%d Jobs, want %d", n, test.wantJobs)
			}
		})
	}
}

// newReconciler returns one that reads from a cache and an API server of the test's.
func newReconciler(cached client.Client, live client.Reader, pace recordings.Pace, leading recordings.Leading) *recordings.Reconciler {
	return recordings.New(recordings.Options{
		Client: cached, Live: live, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{}, Pace: pace,
		Leading: leading,
	})
}
