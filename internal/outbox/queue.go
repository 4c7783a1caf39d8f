// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// backoff is what a session waits after a failed write.
var backoff = wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 7, Cap: 4 * time.Second}

// entry is an accepted event that is not written yet.
type entry struct {
	event recorder.Event
	// id is the ID of its record in the spool, once it is being stored; stored reports whether it is on disk.
	id     uint64
	stored bool
	// result gets the sender's result, once; it is buffered.
	result   chan result
	answered bool
	// isDone means that it is written or rejected, and only the disk is not done.
	isDone bool
}

type result struct {
	outcome recorder.Outcome
	err     error
}

// answer sends the result to the sender, and reports whether it still waited.
func (e *entry) answer(outcome recorder.Outcome, err error) bool {
	if e.answered {
		return false
	}
	e.answered = true
	e.result <- result{outcome, err}
	return true
}

// isAbandoned reports whether no sender waits for the event and it is not on disk.
func (e *entry) isAbandoned() bool { return e.answered && e.id == 0 }

// queue has the events of a session in order: first those that are only on disk, then the entries. The batch that is being written is at
// the beginning of the entries.
type queue struct {
	key     uint64
	lane    *lane
	entries []*entry
	batch   int // entries that are being written
	// A queue is being written, or waits for its due time, or for the lane, or for its sender or the disk.
	busy    bool
	timer   *time.Timer
	backoff wait.Backoff
}

// isStoring reports whether entries are being stored, or are on disk.
func (q *queue) isStoring() bool { return q.firstID() != spool.AnyID }

// firstID returns the ID of the first entry that has one, or spool.AnyID.
func (q *queue) firstID() uint64 {
	for _, e := range q.entries {
		if e.id != 0 {
			return e.id
		}
	}
	return spool.AnyID
}

// isFailing reports whether the last write failed.
func (q *queue) isFailing() bool { return q.backoff.Steps < backoff.Steps }

// drop removes matching entries, except those of the batch.
func (q *queue) drop(isChosen func(*entry) bool) {
	rest := slices.DeleteFunc(slices.Clone(q.entries[q.batch:]), isChosen)
	q.entries = append(q.entries[:q.batch:q.batch], rest...)
}

// lane has the sessions of a namespace.
type lane struct {
	health health
	// due are the sessions on disk to be written. Every eighth replay is of one whose last write failed, while there are others.
	due, failed fifo
	turns       int
}

func (l *lane) hasDue() bool { return len(l.due)+len(l.failed) > 0 }

// fifo is a first-in, first-out queue of numbers in blocks of 1,024, so that it never moves a million of them at once.
type fifo [][]uint64

func (f *fifo) push(key uint64) {
	if last := len(*f) - 1; last >= 0 && len((*f)[last]) < 1024 {
		(*f)[last] = append((*f)[last], key)
		return
	}
	*f = append(*f, []uint64{key})
}

func (f *fifo) pop() uint64 {
	first := (*f)[0]
	if (*f)[0] = first[1:]; len(first) == 1 {
		*f = (*f)[1:]
	}
	return first[0]
}

const (
	// maxReplays limits the sessions that are replayed at once, less one for each sender that waits for the disk: senders come first.
	maxReplays = 8
	// maxQueues is the number of queues above which one that is only on disk is removed, with its backoff.
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
		// While the API server is unavailable, the failure is not about the namespace. If it is slow, that may be due to either.
		l = &lane{health: newHealth(o.Log.WithValues("namespace", namespace), "Namespace",
			func(err error) bool { return errors.Is(err, errSlow) || recorder.IsNamespaceError(err) },
			func(err error) bool { return errors.Is(err, errNothing) || (isAway(err) && !errors.Is(err, errSlow)) })}
		o.lanes[namespace] = l
		o.order = append(o.order, l)
	}
	return l
}

func (o *Outbox) isOnDisk(q *queue) bool { return o.Spool != nil && o.Spool.Has(q.key) }

// place is called when a queue has changed. It decides what the queue waits for, which then calls place again.
func (o *Outbox) place(q *queue) {
	switch {
	case q.busy, o.queues[q.key] != q: // a late sender may still refer to a queue that is done
	case len(q.entries) == 0 && !o.isOnDisk(q):
		q.timer = nil
		delete(o.queues, q.key)
	case q.timer != nil, q.isStoring():
	case len(q.entries) > 0:
		o.begin(q)
	case !q.isFailing():
		q.lane.due.push(q.key)
		delete(o.queues, q.key)
	default:
		q.lane.failed.push(q.key)
		if len(o.queues) > maxQueues {
			delete(o.queues, q.key)
		}
	}
}

// settle places a queue, and begins all writes that are possible.
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
		if q.timer == timer { // otherwise no sender waits for it
			q.timer = nil
			o.settle(q)
		}
	})
	q.timer = timer
}

// begin writes a queue with a waiting sender, or stores it if circuit breakers are open.
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

// wake retries replays that circuit breakers refused.
func (o *Outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dispatch()
}

// dispatch begins replays, round-robin over namespaces.
func (o *Outbox) dispatch() {
	o.next++
	for i := range o.order {
		l := o.order[(o.next+i)%len(o.order)]
		for o.replays < max(1, maxReplays-o.storing) && !o.isClosed && l.hasDue() {
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

// nextReplay returns the queue of the first session in its lane that can be written, or nil.
func (o *Outbox) nextReplay(l *lane) *queue {
	for l.hasDue() {
		next := &l.due
		if l.turns++; len(l.due) == 0 || (len(l.failed) > 0 && l.turns%8 == 0) {
			next = &l.failed
		}
		q := o.queue(next.pop(), l)
		if !q.busy && q.timer == nil && o.isOnDisk(q) && !slices.ContainsFunc(q.entries, func(e *entry) bool { return e.isDone }) {
			return q
		}
		o.place(q)
	}
	return nil
}
