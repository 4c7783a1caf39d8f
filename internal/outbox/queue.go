// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

const (
	// maxWaiting is how many events may wait to be written, of all sessions
	// together. Each costs about 1 KiB.
	maxWaiting = 4096
	// maxBatch is how many events of a session are written at once.
	maxBatch = 256
)

// ErrOverloaded tells that too many events are waiting to be written.
var ErrOverloaded = fmt.Errorf("%d events are waiting to be written already", maxWaiting)

// Queue is the Recorder that writes the events of a session one batch after
// another: those that arrive while a write of their session is under way wait
// for it and are then written together. Sessions do not wait for each other.
type Queue struct {
	write   recorder.WriteFunc
	timeout time.Duration
	// skipped, if not nil, is told before a session's next write that events of
	// it were given up before theirs began.
	skipped func(recorder.Session)

	mu sync.Mutex
	// sessions has an entry for every session that is being written, with the
	// events that wait behind that.
	sessions map[recorder.Session][]*waiter
	waiting  int
	writers  sync.WaitGroup
}

type waiter struct {
	ctx   context.Context
	event lifecycle.Event
	done  chan recorder.Written // has room for the answer, so that nobody waits to give it
}

// NewQueue returns a Queue. The timeout is how long an event may take from
// Record on, and how long one batch may.
func NewQueue(write recorder.WriteFunc, timeout time.Duration) *Queue {
	return &Queue{write: write, timeout: timeout, sessions: map[recorder.Session][]*waiter{}}
}

// Record implements Recorder. It gives up after the Queue's timeout or when ctx
// is done; others that wait in the same batch are not affected. An event that
// was given up before its write began is not written any more.
func (q *Queue) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	w := &waiter{ctx: ctx, event: ev.Event, done: make(chan recorder.Written, 1)}
	if err := q.enqueue(ev.Session, w); err != nil {
		return recorder.Outcome{}, err
	}
	select {
	case written := <-w.done:
		return written.Outcome, written.Err
	case <-ctx.Done():
	}
	select {
	case written := <-w.done: // both at once
		return written.Outcome, written.Err
	default:
		return recorder.Outcome{}, fmt.Errorf("%w: %w", recorder.ErrTimeout, context.Cause(ctx))
	}
}

// Wait returns when no write is under way. Nothing may be recorded meanwhile.
func (q *Queue) Wait() { q.writers.Wait() }

func (q *Queue) enqueue(session recorder.Session, w *waiter) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting >= maxWaiting {
		return ErrOverloaded
	}
	q.waiting++
	waiting, busy := q.sessions[session]
	q.sessions[session] = append(waiting, w)
	if !busy {
		q.writers.Go(func() { q.drain(session) })
	}
	return nil
}

// drain writes a session's events until none waits.
func (q *Queue) drain(session recorder.Session) {
	for {
		batch := q.take(session)
		if batch == nil {
			return
		}
		q.writeBatch(session, batch)
	}
}

// take removes the next batch, or the session if nothing waits.
func (q *Queue) take(session recorder.Session) []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.sessions[session]
	if len(waiting) == 0 {
		delete(q.sessions, session)
		return nil
	}
	batch := waiting[:min(len(waiting), maxBatch)]
	q.sessions[session] = waiting[len(batch):]
	q.waiting -= len(batch)
	return batch
}

func (q *Queue) writeBatch(session recorder.Session, batch []*waiter) {
	var live []*waiter
	var events []lifecycle.Event
	for _, w := range batch {
		if w.ctx.Err() == nil {
			live = append(live, w)
			events = append(events, w.event)
		}
	}
	if len(live) < len(batch) && q.skipped != nil {
		q.skipped(session)
	}
	if len(live) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), q.timeout)
	defer cancel()
	for i, written := range q.safely(ctx, session, events) {
		live[i].done <- written
	}
}

// safely keeps a panic of the write from ending the program: it becomes the
// error of the batch's events.
func (q *Queue) safely(ctx context.Context, session recorder.Session, events []lifecycle.Event) (written []recorder.Written) {
	defer func() {
		if cause := recover(); cause != nil {
			written = make([]recorder.Written, len(events))
			for i := range written {
				written[i].Err = recorder.NewPanicError(cause)
			}
		}
	}()
	return q.write(ctx, session, events)
}
