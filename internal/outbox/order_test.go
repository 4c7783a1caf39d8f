// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
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
