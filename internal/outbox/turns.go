// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/heap"
	"time"
)

// turns says which sessions of the Spool are to be written, and when. A session
// is written by one at a time. It has no clock, and no lock.
type turns struct {
	sessions map[string]*turn
	waiting  turnHeap
	busy     int
}

// turn is a session with events to be written.
type turn struct {
	session string
	// due is when it is to be written, and notBefore until when it is not,
	// whatever comes: it has failed.
	due, notBefore time.Time
	// busy tells that it is being written, and again that more came meanwhile,
	// to be written when due says.
	busy, again bool
	position    int // in the heap, unless busy
}

// at is when the session's turn comes.
func (t *turn) at() time.Time {
	if t.due.Before(t.notBefore) {
		return t.notBefore
	}
	return t.due
}

func newTurns() *turns { return &turns{sessions: map[string]*turn{}} }

// note tells that a session has something to be written, at due at the latest.
func (q *turns) note(session string, due time.Time) {
	t := q.sessions[session]
	switch {
	case t == nil:
		t = &turn{session: session, due: due}
		q.sessions[session] = t
		heap.Push(&q.waiting, t)
	case t.busy:
		if !t.again || due.Before(t.due) {
			t.due, t.again = due, true
		}
	case due.Before(t.due):
		t.due = due
		heap.Fix(&q.waiting, t.position)
	}
}

// first returns when the next turn comes; zero if nothing waits.
func (q *turns) first() time.Time {
	if len(q.waiting) == 0 {
		return time.Time{}
	}
	return q.waiting[0].at()
}

// take returns the session whose turn has come first, to be written by the
// caller, who calls done after that. If there is none, found is false, and next
// says when the next one's turn comes, zero if nothing waits.
func (q *turns) take(now time.Time) (session string, found bool, next time.Time) {
	if at := q.first(); at.IsZero() || at.After(now) {
		return "", false, at
	}
	t, _ := heap.Pop(&q.waiting).(*turn)
	t.busy = true
	q.busy++
	return t.session, true, time.Time{}
}

// done tells that a session is not being written any more. If it is not to be
// forgotten it waits again: for what came meanwhile, else from again on; in no
// case before notBefore.
func (q *turns) done(session string, forget bool, again, notBefore time.Time) {
	t := q.sessions[session]
	if t == nil || !t.busy {
		return
	}
	q.busy--
	if !t.again {
		if forget {
			delete(q.sessions, session)
			return
		}
		t.due = again
	}
	t.busy, t.again, t.notBefore = false, false, notBefore
	heap.Push(&q.waiting, t)
}

// release ends what sessions have to wait for that failed, of those that are
// chosen.
func (q *turns) release(isChosen func(session string) bool) {
	for _, t := range q.waiting {
		if isChosen(t.session) {
			t.notBefore = time.Time{}
		}
	}
	heap.Init(&q.waiting)
}

// turnHeap has the turn that comes first at its top; it is a heap.Interface.
type turnHeap []*turn

func (h turnHeap) Len() int           { return len(h) }
func (h turnHeap) Less(i, j int) bool { return h[i].at().Before(h[j].at()) }
func (h turnHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}

// Push implements heap.Interface.
func (h *turnHeap) Push(x any) {
	t, _ := x.(*turn)
	t.position = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *turnHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
