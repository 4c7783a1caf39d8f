// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestRefusedNamespace: a namespace that refuses writes costs the others nothing; its events wait, and are written once it accepts them.
func TestRefusedNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		refuse := func(_ lifecycle.Event, session recorder.Session) error {
			if session.Namespace == "gone" {
				return errNamespace
			}
			return nil
		}
		w.server.set(refuse)
		for n := range 2000 { // more than there are queues
			w.expect(t, eventIn("gone", n, 0), Spooled, time.Second)
			if n%10 == 0 {
				w.expect(t, eventIn("well", n, 0), lifecycle.Recorded, 0)
			}
		}
		tries := w.server.triesSoFar()
		pass(time.Minute)
		if tries = w.server.triesSoFar() - tries; tries > 70 {
			t.Errorf("tried %d times in a minute", tries)
		}
		w.server.set(nil)
		w.flush(t)
		for n := range 2000 {
			if got := w.server.of(eventIn("gone", n, 0)); len(got) != 1 {
				t.Fatalf("session %d is written %d times", n, len(got))
			}
		}
		w.end(t)
	})
}

// TestManyWaitForDeletions: sessions that fail one by one, more than there are queues, are tried again no more often than few.
func TestManyWaitForDeletions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.SpoolFirst = true })
		w.server.set(always(recorder.ErrTerminating))
		w.server.delay = func() time.Duration { return 2 * time.Millisecond }
		const sessions = 2 * maxQueues
		for n := range sessions {
			w.expect(t, newEvent(n, 0), Spooled, time.Second)
		}
		pass(time.Minute)
		tries := w.server.triesSoFar()
		pass(time.Minute)
		if tries = w.server.triesSoFar() - tries; tries > sessions*20 {
			t.Errorf("%d sessions were tried %d times in a minute", sessions, tries)
		}
		w.server.set(nil)
		w.flush(t)
		w.end(t)
	})
}

// TestDeletedNamespace: what a namespace has refused for a day becomes dead letters, which can be written again.
func TestDeletedNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.set(always(errNamespace))
		for n := range 1500 {
			w.expect(t, eventIn("gone", n, 0), Spooled, time.Second)
		}
		pass(expiry - time.Hour)
		if stats := w.store.Stats(); stats.DeadLetters > 0 || stats.Events != 1500 {
			t.Errorf("%+v before the day is over", stats)
		}
		pass(2 * time.Hour)
		if stats := w.store.Stats(); stats.DeadLetters != 1500 || stats.Events != 0 {
			t.Errorf("%+v after more than a day", stats)
		}
		letters := w.deadLetters(t)
		if len(letters) == 0 || !strings.Contains(letters[0].Reason, "not found") || letters[0].DeadTime.IsZero() {
			t.Errorf("%+v", letters[:min(1, len(letters))])
		}
		w.server.set(nil)
		for _, letter := range letters {
			if err := spool.AppendNow(w.store, []spool.Record{SpooledEvent{Event: letter.Event}.Record(spool.Waiting)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Start(); err != nil {
			t.Error(err)
		}
		w.flush(t)
		if got := w.server.of(eventIn("gone", 7, 0)); len(got) != 1 {
			t.Errorf("written %d times", len(got))
		}
		w.end(t)
	})
}
