// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// TestWrittenTogether: 32 senders at once, with 8 events of each of 4 sessions,
// cost two writes a session in either mode: that of the first to come, and that
// of all who wait behind it. With a disk before it is one, since nobody is first.
func TestWrittenTogether(t *testing.T) {
	for _, test := range []struct {
		name  string
		first bool
		most  int
	}{{"acknowledged by the API server", false, 2}, {"acknowledged by the spool", true, 1}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const senders, sessions = 32, 4
				var mu sync.Mutex
				writes, written := map[recorder.Session]int{}, map[recorder.Session]int{}
				write := func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
					linger(ctx, 50*time.Millisecond)
					mu.Lock()
					defer mu.Unlock()
					writes[session]++
					written[session] += len(events)
					return make([]recorder.Written, len(events))
				}
				kept := openSpool(t, t.TempDir())
				s, _ := newTestSpooling(kept, write)
				if test.first {
					s = newFirst(kept, write)
				}
				stop := running(s)
				synctest.Wait() // until it has seen that the spool is empty: what it finds there is written at once
				var all sync.WaitGroup
				for n := range senders {
					all.Go(func() {
						ev := newDelivery(sessionNumber(n%sessions), event(v1alpha1.EventStarting, float64(n)))
						if _, err := s.Record(t.Context(), ev); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				s.Flush(t.Context())
				stop()
				for n := range sessions {
					session := sessionNumber(n)
					if writes[session] > test.most || written[session] != senders/sessions {
						t.Errorf("%d writes for %d events, want at most %d for %d", writes[session], written[session], test.most, senders/sessions)
					}
				}
				if err := kept.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
