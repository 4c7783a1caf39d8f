// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/heap"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// backoff is what a session waits after a failed write.
var backoff = wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 7, Cap: 4 * time.Second}

// entry is an event on its way.
type entry struct {
	event recorder.Event
	// id is that of its record in the spool, once it is on its way there, and stored whether it has arrived.
	id     uint64
	stored bool
	// result gets what the sender is told, once; it has room for it.
	result   chan result
	answered bool
	// isDone means that it is written or rejected, and waits only to be removed from the disk.
	isDone bool
}

type result struct {
	outcome recorder.Outcome
	err     error
}

func newEntry(ev recorder.Event) *entry { return &entry{event: ev, result: make(chan result, 1)} }

// answer tells the sender, if it still waits, and reports whether it did.
func (e *entry) answer(outcome recorder.Outcome, err error) bool {
	if e.answered {
		return false
	}
	e.answered = true
	e.result <- result{outcome, err}
	return true
}

// isAbandoned reports whether nobody waits for the event, nor will anybody find it on disk.
func (e *entry) isAbandoned() bool { return e.answered && e.id == 0 }

// queue has the events of a session in their order: first those that are only on disk, then the entries. A batch that is being written
// is the beginning of the entries.
type queue struct {
	key     uint64
	lane    *lane
	entries []*entry
	batch   int // entries that are being written
	busy    bool
	// single means that events are written one by one, to find the one that makes us panic.
	single bool
	// due is when it is to be written, while it is in its lane's heap for this flow at this position; else that is -1.
	due      time.Time
	flow     flow
	position int
	backoff  wait.Backoff
}

// hasSender reports whether anybody waits.
func (q *queue) hasSender() bool {
	return slices.ContainsFunc(q.entries, func(e *entry) bool { return !e.answered })
}

// isStoring reports whether entries are on their way to the disk, or there.
func (q *queue) isStoring() bool {
	return slices.ContainsFunc(q.entries, func(e *entry) bool { return e.id != 0 })
}

// firstID returns the ID of the first entry that has one, or else above.
func (q *queue) firstID(above uint64) uint64 {
	for _, e := range q.entries {
		if e.id != 0 {
			return e.id
		}
	}
	return above
}

// isFailing reports whether the last write failed.
func (q *queue) isFailing() bool { return q.backoff.Steps < backoff.Steps }

// drop takes entries out that are chosen, but for those of the batch.
func (q *queue) drop(isChosen func(*entry) bool) {
	rest := slices.DeleteFunc(slices.Clone(q.entries[q.batch:]), isChosen)
	q.entries = append(q.entries[:q.batch:q.batch], rest...)
}

// lane has the sessions of a namespace.
type lane struct {
	health health
	due    [2]dueHeap // by flow: what may not be replayed now must not delay those whose senders wait
	parked fifo
}

// schedule has a queue written at its due time.
func (l *lane) schedule(q *queue, f flow, due time.Time) {
	l.unschedule(q)
	q.flow, q.due = f, due
	heap.Push(&l.due[f], q)
}

// unschedule is the reverse.
func (l *lane) unschedule(q *queue) {
	if q.position >= 0 {
		heap.Remove(&l.due[q.flow], q.position)
	}
}

// dueHeap is a heap.Interface with the queue at its top that is due first.
type dueHeap []*queue

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	q, _ := x.(*queue)
	q.position = len(*h)
	*h = append(*h, q)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	last.position = -1
	return last
}

// fifo is a first-in, first-out queue of numbers that never moves them: with a million, that would take a while.
type fifo struct {
	blocks [][]uint64
	taken  int // of the first block
}

const fifoBlock = 1024

func (f *fifo) push(key uint64) {
	if last := len(f.blocks) - 1; last < 0 || len(f.blocks[last]) == fifoBlock {
		f.blocks = append(f.blocks, make([]uint64, 0, fifoBlock))
	}
	last := len(f.blocks) - 1
	f.blocks[last] = append(f.blocks[last], key)
}

func (f *fifo) isEmpty() bool { return len(f.blocks) == 0 }

func (f *fifo) first() uint64 { return f.blocks[0][f.taken] }

func (f *fifo) pop() uint64 {
	key := f.first()
	if f.taken++; f.taken == len(f.blocks[0]) {
		f.blocks, f.taken = f.blocks[1:], 0
	}
	return key
}
