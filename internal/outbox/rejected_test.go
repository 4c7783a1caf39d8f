// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestRejected: an event that can never be written is a dead letter, whether its sender waits or not, and stops no other.
func TestRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		reject := func(ev lifecycle.Event, _ recorder.Session) error {
			if numberOf(ev) == 1 {
				return errRejected
			}
			return nil
		}
		w.server.set(reject)
		if _, err := w.Record(t.Context(), newEvent(0, 1)); recorder.RejectionOf(err) == nil {
			t.Errorf("error %v", err)
		}
		ofClient := newEvent(1, 1)
		ofClient.Source = v1alpha1.EventSourceClient
		if _, err := w.Record(t.Context(), ofClient); recorder.RejectionOf(err) == nil {
			t.Errorf("error %v", err)
		}
		w.server.set(always(errRefused))
		for number := range 3 {
			w.expect(t, newEvent(2, number), Spooled, 2*time.Second)
		}
		w.server.set(reject)
		w.flush(t)
		if got := w.server.of(newEvent(2, 0)); !slices.Equal(got, []int{0, 2}) {
			t.Errorf("written: %v", got)
		}
		letters := w.deadLetters(t)
		if len(letters) != 2 || letters[0].SessionID != "session-0" || letters[1].SessionID != "session-2" || !strings.Contains(letters[1].Reason, "too long") {
			t.Errorf("dead letters %+v", letters)
		}
		w.end(t)
	})
}

// TestUnknownEvent: what this version cannot read becomes a dead letter as it is, and stops no other.
func TestUnknownEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		good := SpooledEvent{Event: newEvent(0, 1)}.Record(spool.Waiting)
		unknown := good
		unknown.Payload = []byte(`{"namespace":"meetings","meetingId":{"of":"a newer version"}}`)
		if err := spool.AppendNow(w.store, []spool.Record{unknown, good}); err != nil {
			t.Fatal(err)
		}
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		w.flush(t)
		if got := w.server.of(newEvent(0, 0)); !slices.Equal(got, []int{1}) {
			t.Errorf("written: %v", got)
		}
		var left []spool.Record
		if err := w.store.Each(func(r spool.Record) error { left = append(left, r); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(left) != 1 || left[0].State != spool.Dead || string(left[0].Payload) != string(unknown.Payload) {
			t.Errorf("in the spool: %+v", left)
		}
		w.end(t)
	})
}

// TestBuryFails: an event that can never be written stays on disk while the disk takes no dead letter.
func TestBuryFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failing *failingSpool
		w := newWorld(t, func(o *Options) {
			failing = &failingSpool{Store: o.Spool.(*spool.Store)}
			o.Spool = failing
		})
		w.server.set(always(errRefused))
		w.expect(t, newEvent(0, 0), Spooled, 2*time.Second)
		set := func(err error, async bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			failing.err, failing.async = err, async
		}
		for _, async := range []bool{false, true} {
			set(spool.ErrFull, async)
			w.server.set(always(errRejected))
			before := w.server.triesSoFar()
			pass(time.Minute)
			if tries := w.server.triesSoFar() - before; tries == 0 || tries > 100 {
				t.Errorf("tried %d times in a minute", tries)
			}
			if stats := w.store.Stats(); stats.Events != 1 || stats.DeadLetters != 0 {
				t.Errorf("%+v", stats)
			}
		}
		set(nil, false)
		w.flush(t)
		if letters := w.deadLetters(t); len(letters) != 1 {
			t.Errorf("dead letters %+v", letters)
		}
		w.end(t)
	})
}

// TestPanic: an event that makes us panic is a dead letter, and the others are written.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.set(always(errRefused))
		for number := range 4 {
			w.expect(t, newEvent(0, number), Spooled, 2*time.Second)
		}
		w.server.set(nil)
		bug := recorder.NewPanicError("a secret")
		w.mu.Lock()
		w.Write = func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
			guilty := slices.IndexFunc(events, func(ev lifecycle.Event) bool { return numberOf(ev) == 2 })
			if guilty < 0 {
				return w.server.write(ctx, session, events)
			}
			written := append(w.server.write(ctx, session, events[:guilty]), recorder.Written{Err: bug})
			return append(written, w.server.write(ctx, session, events[guilty+1:])...)
		}
		w.mu.Unlock()
		w.flush(t)
		if got := w.server.of(newEvent(0, 0)); !slices.Equal(got, []int{0, 1, 3}) {
			t.Errorf("written: %v", got)
		}
		if letters := w.deadLetters(t); len(letters) != 1 || letters[0].FilePath != "2" || !strings.Contains(letters[0].Reason, "panic") || strings.Contains(letters[0].Reason, "secret") {
			t.Errorf("dead letters %+v", letters)
		}
		pass(openFor)
		if _, err := w.Record(t.Context(), newEvent(1, 2)); !recorder.IsPanic(err) {
			t.Errorf("error %v", err)
		}
		w.end(t)
	})
}
