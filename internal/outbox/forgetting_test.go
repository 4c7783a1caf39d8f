// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// stubbornSpool cannot forget anything for some time.
type stubbornSpool struct {
	*spool.Store
	refusals atomic.Int32
}

func (s *stubbornSpool) Resolve(ctx context.Context, session string, delivered []uint64, buried []spool.Burial) error {
	if s.refusals.Add(-1) >= 0 {
		return spool.ErrUnwritable
	}
	return s.Store.Resolve(ctx, session, delivered, buried)
}

// Append fails for as long as nothing can be forgotten.
func (s *stubbornSpool) Append(ctx context.Context, session string, payload json.RawMessage) error {
	if s.refusals.Load() > 0 {
		return spool.ErrUnwritable
	}
	return s.Store.Append(ctx, session, payload)
}

// TestWrittenOnceThoughNotForgotten: while the disk cannot be written, what was
// replayed from it is not written to the API server over and over, and later
// events of the session do not wait for it.
func TestWrittenOnceThoughNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &stubbornSpool{Store: openSpool(t, t.TempDir())}
		var written []v1alpha1.EventType
		s, _ := newTestSpooling(kept, func(_ context.Context, _ recorder.Session, events []lifecycle.Event) []recorder.Written {
			for _, ev := range events {
				written = append(written, ev.Type)
			}
			return slices.Repeat([]recorder.Written{{Outcome: recorder.Outcome{Result: lifecycle.Recorded}}}, len(events))
		})
		for _, eventType := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted} {
			payload, err := encodeSpooled(newDelivery(session, event(eventType, 0)))
			if err != nil {
				t.Fatal(err)
			}
			if err := kept.Append(t.Context(), spoolKey(session), payload); err != nil {
				t.Fatal(err)
			}
		}
		kept.refusals.Store(20)
		stop := running(s)
		for kept.refusals.Load() > 10 {
			linger(t.Context(), maxReplayPause)
		}
		if o, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStopping, 1))); err != nil || o.Result != lifecycle.Recorded {
			t.Errorf("a later event: %v, %v; want it recorded", o, err)
		}
		s.Flush(t.Context())
		stop()
		want := []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping}
		if diff := cmp.Diff(want, written); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}
