// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// clientSays is a client's event some seconds after epoch.
func clientSays(eventType v1alpha1.EventType, seconds float64) lifecycle.Event {
	ev := event(eventType, seconds)
	ev.Source = v1alpha1.EventSourceClient
	return ev
}

// TestSpooledClientEvents wait as webhooks do, leave them room, and are no dead letters.
func TestSpooledClientEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		var err error
		write := func(context.Context, recorder.Session, []lifecycle.Event) []recorder.Written {
			return []recorder.Written{{Err: err}}
		}
		s, _ := newTestSpooling(kept, write)
		err = errAway
		if o, err := s.Record(t.Context(), newDelivery(session, clientSays(started, 0))); err != nil || o.Result != Spooled {
			t.Errorf("%v, %v", o, err)
		}
		records, peekErr := kept.Peek(spoolKey(session), 1)
		if peekErr != nil || len(records) != 1 {
			t.Fatalf("%v, %v", records, peekErr)
		}
		if back, err := decodeSpooled(records[0].Payload); err != nil || back.Source != v1alpha1.EventSourceClient {
			t.Errorf("%+v, %v", back, err)
		}
		s, _ = newTestSpooling(fullSpool{kept, testSpoolBytes/clientShare + 1}, write)
		if _, err := s.Record(t.Context(), newDelivery(sessionNumber(1), clientSays(started, 0))); err == nil || !strings.Contains(err.Error(), "to leave room for webhooks") {
			t.Errorf("error %v", err)
		}
		if o, err := s.Record(t.Context(), newDelivery(sessionNumber(1), event(started, 0))); err != nil || o.Result != Spooled {
			t.Errorf("a webhook: %v, %v", o, err)
		}
		err = &recorder.RejectedError{Field: "data.meetingId", Err: errAway}
		s, _ = newTestSpooling(kept, write)
		if _, err := s.Record(t.Context(), newDelivery(sessionNumber(2), clientSays(started, 0))); recorder.RejectionOf(err) == nil {
			t.Errorf("error %v", err)
		}
		if err := kept.Each(func(r spool.Record) error {
			if r.State == spool.Dead {
				t.Errorf("dead letter %s", r.Payload)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}
