// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// TestRetried: an event is marked as retried once an earlier attempt may have written it, in this process or before, and not before that: two
// sidecars may receive the same webhook in the same microsecond.
func TestRetried(t *testing.T) {
	for name, tc := range map[string]struct {
		failure error
		want    []bool
	}{
		"at once":               {nil, []bool{false}},
		"after a lost response": {errRefused, []bool{false, true}},
		"after a lost race":     {fmt.Errorf("patch: %w", recorder.ErrChanged), []bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []bool
				s := newServer()
				s.set(func(ev lifecycle.Event, _ recorder.Session) error {
					got = append(got, ev.Retried)
					if len(got) == 1 {
						return tc.failure
					}
					return nil
				})
				w := newWorldIn(t, t.TempDir(), s, nil)
				w.expect(t, newEvent(0, 0), lifecycle.Recorded, time.Second)
				w.end(t)
				if !slices.Equal(got, tc.want) {
					t.Errorf("retried: %v, want %v", got, tc.want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		directory, s := t.TempDir(), newServer()
		s.set(always(errRefused))
		w := newWorldIn(t, directory, s, nil)
		w.expect(t, newEvent(0, 0), Spooled, 3*time.Second)
		w.end(t)
		isRetried := false
		s.set(func(ev lifecycle.Event, _ recorder.Session) error {
			isRetried = ev.Retried
			return nil
		})
		w = newWorldIn(t, directory, s, nil)
		w.flush(t)
		w.end(t)
		if !isRetried {
			t.Error("after a restart an event from the spool is not marked as retried")
		}
	})
}
