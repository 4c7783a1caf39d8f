// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

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
		if _, err := s.Record(t.Context(), newDelivery(sessionNumber(1), event(v1alpha1.EventStarting, 0))); !errors.Is(err, spool.ErrSlow) {
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
