// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestDeletedChainIsNotGoneOn: a session whose recordings retention has deleted while they are remembered begins anew, not behind what is gone.
func TestDeletedChainIsNotGoneOn(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	first, second := testName, testName+"-2"
	writeAll(t, w, event(stopped, 0, "/a.mp4"))
	writeAll(t, w, event(stopped, 1000, "/b.mp4"))
	for _, name := range []string{first, second} {
		if len(store.objects[name]) == 0 {
			t.Fatalf("there is no %s", name)
		}
		store.objects[name] = append(store.objects[name], nil)
	}
	store.stale = func(versions int) int {
		if versions > 2 {
			return 1 // what was remembered
		}
		return 0
	}
	got := writeAll(t, w, event(starting, 1e6))
	if len(got) != 1 || got[0].Recording != "meetings/"+first {
		t.Errorf("%+v, want it in %s", got, first)
	}
}

// lateSpool is a disk so slow that an event is stored after its time is over.
type lateSpool struct{ Spool }

func (s lateSpool) Append(ctx context.Context, session string, payload json.RawMessage) error {
	if err := s.Spool.Append(ctx, session, payload); err != nil {
		return err
	}
	return spool.ErrSlow
}

// TestStoredTooLate: an event that the disk has stored all the same is written, without waiting for a restart.
func TestStoredTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		j := &journal{}
		s := newFirst(lateSpool{kept}, j.write)
		stop := running(s)
		synctest.Wait()
		if _, err := s.Record(t.Context(), Event{sessionNumber(1), event(v1alpha1.EventStarting, 0)}); !errors.Is(err, spool.ErrSlow) {
			t.Errorf("%v, want that the disk is slow", err)
		}
		linger(t.Context(), rescanPause+time.Second)
		if n := kept.Stats().Events; n != 0 {
			t.Errorf("%d events are left in the spool", n)
		}
		if diff := cmp.Diff([]string{"session-1 Starting Starting"}, j.all() /* it was tried twice */); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		stop()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}
