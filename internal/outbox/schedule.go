// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/heap"
	"time"
)

const (
	// maxReplays is how many sessions are replayed at the same time. Where everything is spooled first they are the only way.
	maxReplays      = 8
	maxFirstReplays = 32
	// maxQueues is how many sessions have a queue before those that are on disk only are parked.
	maxQueues = 1024
)

// wake is called when something may be due.
func (o *Outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dispatch()
}

// dispatch has everything written that is due and worth trying, and wakes up when there may be more.
func (o *Outbox) dispatch() {
	if o.isClosed {
		return
	}
	now := o.Now()
	wakeAt := now.Add(time.Hour)
	o.next++
	for i := range o.order {
		l := o.order[(o.next+i)%len(o.order)]
		if at := o.serve(l, now); at.Before(wakeAt) {
			wakeAt = at
		}
	}
	o.timer.Reset(max(wakeAt.Sub(now), time.Millisecond))
}

// serve begins the writes of a lane, and returns when to look at it again.
func (o *Outbox) serve(l *lane, now time.Time) time.Time {
	again := now.Add(time.Hour)
	for due := &l.due[direct]; len(*due) > 0; {
		if (*due)[0].due.After(now) {
			again = (*due)[0].due
			break
		}
		q, _ := heap.Pop(due).(*queue)
		o.begin(q)
	}
	if at := o.replay(l, now); at.Before(again) {
		return at
	}
	return again
}

// replay begins the writes of a lane's spooled events, and returns when to look for more.
func (o *Outbox) replay(l *lane, now time.Time) time.Time {
	for due := &l.due[replay]; ; {
		isDue := len(*due) > 0 && !(*due)[0].due.After(now)
		switch {
		case !isDue && !l.parked.isEmpty() && (len(*due) == 0 || len(o.queues) <= maxQueues):
			o.unpark(l, now)
			continue
		case len(*due) == 0 || o.replays >= o.maxReplays():
			return now.Add(time.Hour) // a write that ends, or an event that comes, has it looked at again
		case !isDue:
			return (*due)[0].due
		}
		permit := ask(replay, o.server, l.health)
		if permit == nil {
			return now.Add(openFor)
		}
		q, _ := heap.Pop(due).(*queue)
		o.start(q, replay, permit)
	}
}

func (o *Outbox) maxReplays() int {
	if o.SpoolFirst {
		return maxFirstReplays
	}
	return maxReplays
}

// unpark makes a queue of the session that is parked first, if it is still there.
func (o *Outbox) unpark(l *lane, now time.Time) {
	key := l.parked.pop()
	if o.queues[key] != nil || !o.Spool.Has(key) {
		return
	}
	q := &queue{key: key, lane: l, position: -1, backoff: backoff}
	o.queues[key] = q
	l.schedule(q, replay, now)
}

// begin has a queue written whose sender waits, or stored if that is not worth trying.
func (o *Outbox) begin(q *queue) {
	permit := ask(direct, o.server, q.lane.health)
	switch {
	case o.isClosed:
	case permit == nil && o.Spool != nil:
		o.store(q)
	default:
		o.start(q, direct, permit)
	}
}

func (o *Outbox) start(q *queue, f flow, p *permit) {
	q.busy = true
	if f == replay {
		o.replays++
	}
	o.writes.Go(func() { o.write(q, f, p) })
}
