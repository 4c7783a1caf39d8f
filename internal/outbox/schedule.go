// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import "time"

const (
	// maxReplays is how many sessions are replayed at the same time. Where everything is spooled first they are the only way.
	maxReplays      = 8
	maxFirstReplays = 32
	// maxQueues is how many sessions have a queue before those that are on disk only are parked.
	maxQueues = 1024
)

// queue returns the queue of a session. It is called with mu held, as are all functions of this file but wake.
func (o *Outbox) queue(key uint64, l *lane) *queue {
	q := o.queues[key]
	if q == nil {
		q = &queue{key: key, lane: l, backoff: backoff}
		o.queues[key] = q
	}
	return q
}

func (o *Outbox) lane(namespace string) *lane {
	l := o.lanes[namespace]
	if l == nil {
		l = &lane{health: newNamespaceHealth(o.Log, namespace)}
		o.lanes[namespace] = l
		o.order = append(o.order, l)
	}
	return l
}

func (o *Outbox) isOnDisk(q *queue) bool { return o.Spool != nil && o.Spool.Has(q.key) }

// place is called when a queue has changed. It decides what the queue waits for: whatever that is places it again.
func (o *Outbox) place(q *queue) {
	switch {
	case q.busy:
	case len(q.entries) == 0 && !o.isOnDisk(q):
		q.stopTimer()
		delete(o.queues, q.key)
	case q.timer != nil, q.isReady, q.isStoring():
	case len(q.entries) > 0:
		o.begin(q)
	case len(o.queues) > maxQueues:
		delete(o.queues, q.key)
		q.lane.parked.push(q.key)
	default:
		q.isReady = true
		q.lane.ready.push(q.key)
	}
}

// settle places a queue, and has everything written that may be.
func (o *Outbox) settle(q *queue) {
	o.place(q)
	o.dispatch()
}

// delay sets the due time of a queue.
func (o *Outbox) delay(q *queue, by time.Duration) {
	var timer *time.Timer
	timer = time.AfterFunc(by, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if q.timer == timer { // it was not stopped too late
			q.timer = nil
			o.settle(q)
		}
	})
	q.timer = timer
}

// begin has a queue written whose sender waits, or stored if that is not worth trying.
func (o *Outbox) begin(q *queue) {
	if o.isClosed {
		return
	}
	p := ask(direct, o.server, q.lane.health)
	switch {
	case p != nil:
		o.start(q, direct, p)
	case o.Spool != nil:
		o.store(q)
	default:
		o.start(q, direct, func(error) {})
	}
}

func (o *Outbox) start(q *queue, f flow, p permit) {
	q.busy = true
	if f == replay {
		o.replays++
	}
	o.writes.Go(func() { o.write(q, f, p) })
}

// wake looks for replays that circuit breakers refused before.
func (o *Outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dispatch()
}

// dispatch begins replays, of each namespace in turn.
func (o *Outbox) dispatch() {
	limit := maxReplays
	if o.SpoolFirst {
		limit = maxFirstReplays
	}
	o.next++
	for i := range o.order {
		l := o.order[(o.next+i)%len(o.order)]
		for o.replays < limit && !o.isClosed && !l.isEmpty() {
			p := ask(replay, o.server, l.health)
			if p == nil {
				o.probe.Reset(openFor)
				break
			}
			if q := o.nextReplay(l); q != nil {
				o.start(q, replay, p)
			} else {
				p(errNothing)
			}
		}
	}
}

// nextReplay returns the queue of the session that is first in its lane and waits for nothing else; nil if there is none.
func (o *Outbox) nextReplay(l *lane) *queue {
	for !l.isEmpty() {
		q := o.queue(l.pop(), l)
		q.isReady = false
		if !q.busy && q.timer == nil && o.isOnDisk(q) {
			return q
		}
		o.place(q)
	}
	return nil
}
