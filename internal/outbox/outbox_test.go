// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestOrderBehindAFailingWrite: what waits behind a write that fails is spooled and written in the order in which it was accepted, for
// every one of many sessions.
func TestOrderBehindAFailingWrite(t *testing.T) {
	for _, first := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.SpoolFirst = first })
			w.server.set(always(errRefused))
			w.server.delay = func() time.Duration { return 300 * time.Millisecond }
			const sessions, events = 100, 5
			var senders sync.WaitGroup
			for number := range events {
				for session := range sessions {
					senders.Go(func() { w.expect(t, newEvent(session, number), Spooled, 2*time.Second) })
				}
				pass(time.Millisecond) // so that the order is known
			}
			senders.Wait()
			w.server.set(nil)
			w.flush(t)
			for session := range sessions {
				if got := w.server.of(newEvent(session, 0)); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
					t.Errorf("session %d is written in the order %v", session, got)
				}
			}
			w.end(t)
		})
	}
}

// TestSlowWrites: with three seconds for a write each event is written once, its sender has a response in time, and replays do not have
// new events wait for the API server again.
func TestSlowWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.delay = func() time.Duration { return 3 * time.Second }
		var senders sync.WaitGroup
		waited := 0
		var mu sync.Mutex
		for session := range 300 {
			senders.Go(func() {
				begin := time.Now()
				w.expect(t, newEvent(session, 0), Spooled, 2500*time.Millisecond)
				if time.Since(begin) > 100*time.Millisecond && session > 100 {
					mu.Lock()
					waited++
					mu.Unlock()
				}
			})
			pass(100 * time.Millisecond)
		}
		senders.Wait()
		if waited > 20 { // the probes of a half-open circuit breaker
			t.Errorf("%d of 200 events waited for an API server that is known to be slow", waited)
		}
		w.flush(t)
		for session := range 300 {
			if got := w.server.of(newEvent(session, 0)); len(got) != 1 {
				t.Errorf("session %d is written %d times", session, len(got))
			}
		}
		w.end(t)
	})
}

// TestHealthyAfterOutage: once the API server is back, events are written directly again within moments.
func TestHealthyAfterOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 0)
		w.server.set(always(errRefused))
		for session := range 50 {
			w.expect(t, newEvent(1+session, 0), Spooled, 2*time.Second)
		}
		tries := w.server.triesSoFar()
		pass(time.Minute)
		if tries = w.server.triesSoFar() - tries; tries > 70 {
			t.Errorf("%d tries in a minute in which the API server is away", tries)
		}
		w.server.set(nil)
		w.flush(t)
		pass(openFor)
		w.expect(t, newEvent(100, 0), lifecycle.Recorded, 0)
		w.expect(t, newEvent(101, 0), lifecycle.Recorded, 0)
		for _, line := range []string{"API server refuses writes, spooling events", "API server accepts writes again", "Spool empty"} {
			if !strings.Contains(w.log.String(), line) {
				t.Errorf("%q is not in the log:\n%s", line, w.log)
			}
		}
		w.end(t)
	})
}

// TestBlip: a failure or two cost the sender no more than a moment.
func TestBlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		failures := 2
		w.server.set(func(lifecycle.Event, recorder.Session) error {
			if failures--; failures >= 0 {
				return errRefused
			}
			return nil
		})
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 500*time.Millisecond)
		w.end(t)
	})
}

// TestLongRetryAfter: a proxy that asks for an hour, such as the one that answers while the API server is maintained, gets a minute.
func TestLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.set(always(&apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: 503, Reason: metav1.StatusReasonServiceUnavailable, Details: &metav1.StatusDetails{RetryAfterSeconds: 3600},
		}}))
		w.expect(t, newEvent(0, 0), Spooled, 2500*time.Millisecond)
		w.server.set(nil)
		begin := time.Now()
		if w.flush(t); time.Since(begin) > 2*time.Minute {
			t.Errorf("written %s after the API server is back", time.Since(begin))
		}
		w.end(t)
	})
}

// TestWrittenTogether: events of a session that wait for a write are written together behind it.
func TestWrittenTogether(t *testing.T) {
	for _, tc := range []struct {
		first bool
		want  []int
	}{{false, []int{1, 7}}, {true, []int{8}}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.SpoolFirst = tc.first })
			w.server.delay = func() time.Duration { return 50 * time.Millisecond }
			var senders sync.WaitGroup
			for number := range 8 {
				senders.Go(func() {
					if _, err := w.Record(t.Context(), newEvent(0, number)); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
			}
			senders.Wait()
			w.flush(t)
			if !slices.Equal(w.server.batches, tc.want) {
				t.Errorf("written in batches of %v, want %v", w.server.batches, tc.want)
			}
			w.end(t)
		})
	}
}

// TestSpoolFirst: events are acknowledged without the API server, and written together after a moment.
func TestSpoolFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.SpoolFirst = true })
		begin := time.Now()
		w.expect(t, newEvent(0, 0), Spooled, 0)
		w.expect(t, newEvent(0, 1), Spooled, 0)
		if w.flush(t); time.Since(begin) < gatherDelay || !slices.Equal(w.server.batches, []int{2}) {
			t.Errorf("written in batches of %v after %s", w.server.batches, time.Since(begin))
		}
		if took := time.Since(begin); took > 2*gatherDelay {
			t.Errorf("written only after %s", took)
		}
		w.end(t)
	})
}

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

// failingSpool refuses to append.
type failingSpool struct {
	*spool.Store
	err   error
	async bool
	hang  bool
}

func (f *failingSpool) Append(records []spool.Record, done func(error)) error {
	switch {
	case f.hang:
		go func() {
			pass(10 * time.Second)
			_ = f.Store.Append(records, done)
		}()
		for i := range records {
			records[i].ID = uint64(time.Now().UnixMicro())
		}
		return nil
	case f.err == nil:
		return f.Store.Append(records, done)
	case f.async:
		for i := range records {
			records[i].ID = uint64(time.Now().UnixMicro())
		}
		go done(f.err)
		return nil
	}
	return f.err
}

// TestSpoolFails: neither the API server nor the disk takes an event; the error says why and what to do, and is counted. Spooled first,
// the API server still may.
func TestSpoolFails(t *testing.T) {
	for _, tc := range []struct {
		err       error
		name, fix string
	}{
		{spool.ErrFull, "full", "raise --spool-max-bytes"},
		{spool.ErrUnwritable, "unwritable", "--spool-dir is on a healthy disk"},
		{spool.ErrClosed, "unwritable", "restart the sidecar"},
	} {
		for _, async := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var failing *failingSpool
				w := newWorld(t, func(o *Options) {
					failing = &failingSpool{Store: o.Spool.(*spool.Store), err: tc.err, async: async}
					o.Spool = failing
				})
				w.server.set(always(errRefused))
				_, err := w.Record(t.Context(), newEvent(0, 0))
				if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), tc.fix) {
					t.Errorf("error %v", err)
				}
				if testutil.ToFloat64(w.Metrics.errors.WithLabelValues(tc.name)) == 0 {
					t.Errorf("not counted as %s", tc.name)
				}
				w.server.set(nil)
				pass(openFor + time.Millisecond)
				w.mu.Lock()
				w.SpoolFirst = true
				w.mu.Unlock()
				w.expect(t, newEvent(1, 0), lifecycle.Recorded, 0)
				synctest.Wait()
				w.mu.Lock()
				if len(w.queues) > 0 {
					t.Errorf("%d queues are left", len(w.queues))
				}
				w.mu.Unlock()
				w.end(t)
			})
		}
	}
}

// TestSlowDisk: the sender has a response in time, and what the disk stores in the end is written.
func TestSlowDisk(t *testing.T) {
	for _, first := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *Options) {
				o.Spool, o.SpoolFirst = &failingSpool{Store: o.Spool.(*spool.Store), hang: true}, first
			})
			w.server.set(always(errRefused))
			begin := time.Now()
			if _, err := w.Record(t.Context(), newEvent(0, 0)); !errors.Is(err, errDiskSlow) || time.Since(begin) > 2500*time.Millisecond {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
			w.server.set(nil)
			pass(time.Minute)
			if got := w.server.of(newEvent(0, 0)); len(got) == 0 {
				t.Error("what is on disk is not written")
			}
			w.end(t)
		})
	}
}

// gatedSpool reports what it stored once its gate opens, and calls onRead before it hands out what it read.
type gatedSpool struct {
	*spool.Store
	mu     sync.Mutex
	gate   chan struct{}
	onRead func(session uint64)
}

func (g *gatedSpool) set(gate chan struct{}, onRead func(uint64)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate, g.onRead = gate, onRead
}

func (g *gatedSpool) get() (gate chan struct{}, onRead func(uint64)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gate, g.onRead
}

func (g *gatedSpool) Append(records []spool.Record, done func(error)) error {
	gate, _ := g.get()
	return g.Store.Append(records, func(err error) {
		if gate != nil {
			<-gate
		}
		done(err)
	})
}

func (g *gatedSpool) Read(session, below uint64, limit int) ([]spool.Record, error) {
	records, err := g.Store.Read(session, below, limit)
	if _, onRead := g.get(); onRead != nil {
		onRead(session)
	}
	return records, err
}

// TestOrderWhileLoading: what comes to the disk while the beginning of its queue is read from there is not overtaken by what comes behind
// it.
func TestOrderWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gated *gatedSpool
		w := newWorld(t, func(o *Options) {
			gated = &gatedSpool{Store: o.Spool.(*spool.Store)}
			o.Spool = gated
		})
		w.server.set(always(errRefused))
		for session := range 5 { // whose failures keep the circuit breaker open
			w.expect(t, newEvent(session, 0), Spooled, 2*time.Second)
		}
		key := sessionKey(newEvent(0, 0).Session)
		first, second, third := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var senders sync.WaitGroup
		isDue := func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return slices.Contains(slices.Concat(w.lanes["meetings"].failed...), key)
		}
		for tries := 0; !isDue(); tries++ { // until it waits for the circuit breaker
			if pass(10 * time.Millisecond); tries > 100_000 {
				t.Fatal("the session is never due")
			}
		}
		gated.set(first, func(session uint64) {
			if session != key {
				return
			}
			gated.set(second, nil)
			close(first)
			synctest.Wait()
			close(third)
			synctest.Wait()
		})
		senders.Go(func() { w.expect(t, newEvent(0, 1), Spooled, 2*time.Second) })
		senders.Go(func() {
			<-third
			w.expect(t, newEvent(0, 2), Spooled, 2*time.Second)
		})
		synctest.Wait()
		w.server.set(nil)
		pass(openFor + 10*time.Millisecond)
		close(second)
		senders.Wait()
		w.flush(t)
		if got := w.server.of(newEvent(0, 0)); !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("written in the order %v", got)
		}
		w.end(t)
	})
}

// usedSpool is one that is filled so far.
type usedSpool struct {
	*spool.Store
	stats spool.Stats
}

func (u *usedSpool) Stats() spool.Stats { return u.stats }

// TestShares: clients' events, those of a namespace that refuses writes, and rejected ones leave room for the others.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := &usedSpool{}
		w := newWorld(t, func(o *Options) { used.Store = o.Spool.(*spool.Store); o.Spool = used })
		w.server.set(func(_ lifecycle.Event, session recorder.Session) error {
			if session.Namespace == "gone" {
				return errNamespace
			}
			return nil
		})
		for n := range openAfter {
			w.expect(t, eventIn("gone", n, 0), Spooled, 2*time.Second)
		}
		synctest.Wait() // nobody asks for the stats while they change
		used.stats = spool.Stats{MaxBytes: testSpoolBytes, Bytes: testSpoolBytes/refusedShare + 1}
		if _, err := w.Record(t.Context(), eventIn("gone", 10, 0)); !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "namespace gone") {
			t.Errorf("error %v", err)
		}
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 0)
		w.server.set(always(errRefused))
		synctest.Wait()
		used.stats.Bytes = testSpoolBytes/clientShare + 1
		ofClient := newEvent(0, 0)
		ofClient.Source = v1alpha1.EventSourceClient
		if _, err := w.Record(t.Context(), ofClient); !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "used their share of the spool") {
			t.Errorf("error %v", err)
		}
		w.expect(t, newEvent(1, 0), Spooled, 2*time.Second)
		synctest.Wait()
		used.stats.DeadBytes = testSpoolBytes/deadShare + 1
		w.server.set(always(errRejected))
		pass(openFor + time.Millisecond)
		if _, err := w.Record(t.Context(), newEvent(3, 0)); recorder.RejectionOf(err) == nil {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		if !strings.Contains(w.log.String(), "too many dead letters") {
			t.Errorf("log:\n%s", w.log)
		}
		w.end(t)
	})
}

// TestWithoutSpool: an event is written in time or its sender is told that it was not.
func TestWithoutSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		o := New(Options{Write: s.write, Timeout: time.Second, Metrics: NewMetrics(prometheus.NewRegistry()), Now: time.Now})
		if _, err := o.Record(t.Context(), newEvent(0, 0)); err != nil {
			t.Error(err)
		}
		s.set(always(errRefused))
		for range 10 {
			begin := time.Now()
			if _, err := o.Record(t.Context(), newEvent(0, 1)); !errors.Is(err, ErrTimeout) || time.Since(begin) != time.Second {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
		}
		s.set(nil)
		if _, err := o.Record(t.Context(), newEvent(0, 2)); err != nil {
			t.Error(err)
		}
		if got := s.of(newEvent(0, 0)); !slices.Equal(got, []int{0, 2}) {
			t.Errorf("written: %v, want what was acknowledged", got)
		}
		o.Flush(t.Context())
		o.Close(t.Context())
	})
}

// TestLateGiveUp: a sender that gives up when its event is written already does not touch the queue that its session has by now.
func TestLateGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Spool = nil })
		e := &entry{event: newEvent(0, 0), result: make(chan result, 1)}
		q := w.add(e, false)
		<-e.result
		synctest.Wait()
		w.server.delay = func() time.Duration { return 500 * time.Millisecond }
		var senders sync.WaitGroup
		for number := 1; number <= 3; number++ {
			senders.Go(func() { w.expect(t, newEvent(0, number), lifecycle.Recorded, 2*time.Second) })
			synctest.Wait()
			w.giveUp(q, e, context.DeadlineExceeded)
		}
		senders.Wait()
		if !slices.Equal(w.server.batches, []int{1, 1, 2}) {
			t.Errorf("written in batches of %v: a session has several queues", w.server.batches)
		}
		w.end(t)
	})
}

// TestSpooledEventHasEverything: no field of an event is lost in the spool, but for what is true of each event that is read from it.
func TestSpooledEventHasEverything(t *testing.T) {
	ev := recorder.Event{Session: recorder.Session{Namespace: "a", MeetingID: "b", SessionID: "c"}}
	fields := reflect.ValueOf(&ev.Event).Elem()
	fill(t, fields, "x")
	r := SpooledEvent{Event: ev}.Record(spool.Waiting)
	back, err := Decode(r)
	if diff := cmp.Diff(ev, back.Event); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

// fill gives every field of a struct a value of its own.
func fill(t *testing.T, v reflect.Value, text string) {
	t.Helper()
	for i := range v.NumField() {
		field := v.Field(i)
		if v.Type().Field(i).Tag.Get("json") == "-" {
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(fmt.Sprint(text, i))
		case reflect.Int32:
			field.SetInt(int64(i + 1))
		case reflect.Struct:
			if field.Type() == reflect.TypeFor[time.Time]() {
				field.Set(reflect.ValueOf(time.Date(2026, 11, 23, 12, i, 0, 0, time.UTC)))
				continue
			}
			fill(t, field, text+".")
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
			fill(t, field.Elem(), text+".")
		default:
			t.Fatalf("teach this test to fill %s", field.Type())
		}
	}
}

// TestMetrics: names, units and help follow Prometheus' conventions, and a full spool is quickly scraped.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		RegisterSpool(w.registry, w.store, time.Now)
		w.server.set(always(errRefused))
		w.expect(t, newEvent(0, 0), Spooled, 2*time.Second)
		pass(time.Minute)
		problems, err := testutil.GatherAndLint(w.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		families, err := w.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
		}
		if got["meetingrecording_spool_events"] != 1 || got["meetingrecording_spool_max_bytes"] != testSpoolBytes || got["meetingrecording_spool_bytes"] < 200 {
			t.Errorf("%v", got)
		}
		if age := got["meetingrecording_spool_oldest_event_age_seconds"]; age < 60 || age > 66 {
			t.Errorf("the oldest event is %g s old", age)
		}
		w.server.set(nil)
		w.flush(t)
		w.expect(t, newEvent(1, 0), lifecycle.Recorded, 0)
		if replayed := testutil.ToFloat64(w.Metrics.replayed); replayed != 1 {
			t.Errorf("%g replayed", replayed)
		}
		w.end(t)
	})
}
