// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox decides when an event is written, and keeps it until then.
//
// There is one queue for each session: the order in which events are accepted is the order in which they are written. An event is in
// memory until it is written. When its sender is told that it is spooled, it is on disk, together with everything ahead of it.
//
// Three things decide when a queue is written: its due time, the health of its namespace, and the health of the API server. Health is a
// circuit breaker. Events whose senders wait and events from the spool have circuit breakers of their own, so that replaying a spool
// over a slow API server does not make new events wait for it.
//
// Sessions that are only on disk and due are known by 8 bytes, in their order: they get a queue when they are written next.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Spooled is the Result of an event that is on the local disk, and will be written once the API server accepts it.
const Spooled lifecycle.Result = "spooled"

const (
	// spoolTimeout is how long the disk may take. With the default of --write-timeout a response takes 2.5 s at most.
	spoolTimeout = 400 * time.Millisecond
	// flushInterval is how often Flush looks.
	flushInterval = 20 * time.Millisecond
)

// ErrTimeout means that an event could not be written in time.
var ErrTimeout = errors.New("write event to API server: timed out")

// Spool keeps events on disk; *spool.Store is one, and says what its methods do.
type Spool interface {
	Append(records []spool.Record, done func(error)) error
	Remove(session, id uint64)
	Has(session uint64) bool
	Read(session, below uint64, limit int) ([]spool.Record, error)
	Each(visit func(spool.Record) error) error
	Stats() spool.Stats
}

// Options are what an Outbox is made of. All are required but Spool and Tracer.
type Options struct {
	// Write writes events of one session, in their order, until ctx is done, and says what happened to each; recorder.Writer.Write is one.
	Write func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written
	// Timeout is how long a sender waits for the API server.
	Timeout time.Duration
	// Spool, if not nil, takes the events that the API server does not take in time.
	Spool Spool
	// SpoolFirst has events acknowledged once they are in the Spool. It changes nothing else.
	SpoolFirst bool
	Metrics    *Metrics
	// Tracer, if not nil, gets what was written from the Spool.
	Tracer *tracing.Tracer
	Log    logr.Logger
	Now    func() time.Time
}

// Outbox makes events durable and has them written. It may be used concurrently.
type Outbox struct {
	Options
	server health
	// writes are under way; stop cuts them off.
	writes sync.WaitGroup
	ctx    context.Context
	stop   context.CancelFunc

	mu       sync.Mutex
	queues   map[uint64]*queue // by session key: those with entries, a due time or a backoff
	lanes    map[string]*lane  // by namespace
	order    []*lane           // all of them; next says which one comes first
	next     int
	replays  int         // writes of spooled events under way
	storing  int         // appends to the spool under way
	probe    *time.Timer // has replays tried again that circuit breakers refused
	isClosed bool
	// hasBacklog means that it is worth a line in the log when the spool is empty.
	hasBacklog bool
}

// New returns an Outbox. Nothing that was in the Spool before is written until Start.
func New(options Options) *Outbox {
	o := &Outbox{Options: options, queues: map[uint64]*queue{}, lanes: map[string]*lane{}}
	o.server = newHealth(options.Log, "API server", isAway, func(err error) bool { return errors.Is(err, errNothing) })
	o.ctx, o.stop = context.WithCancel(context.Background())
	o.probe = time.AfterFunc(openFor, o.wake)
	return o
}

// Start has everything written that is in the Spool. It may be called again when something was added to the Spool by others.
func (o *Outbox) Start() error {
	if o.Spool == nil {
		return nil
	}
	var last uint64
	err := o.Spool.Each(func(r spool.Record) error {
		if r.State == spool.Waiting && r.Session != last {
			o.mu.Lock()
			o.lane(r.Group).due.push(r.Session)
			o.hasBacklog, last = true, r.Session
			o.mu.Unlock()
		}
		return nil
	})
	o.wake()
	return err
}

// Record makes an event durable. It returns once the event is written, or with the Result Spooled once it is on disk with everything
// ahead of it, or else with an error: a *recorder.RejectedError if it can never be written; after any other error the same event may
// succeed later. An event whose write was under way when time ran out may be written in spite of the error: recording it again is one
// more delivery, and loses nothing.
func (o *Outbox) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if o.SpoolFirst {
		if outcome, err := o.accept(ctx, ev, true); err == nil {
			return outcome, nil
		}
		// The disk does not take it, but the API server may.
	}
	return o.accept(ctx, ev, false)
}

func (o *Outbox) accept(ctx context.Context, ev recorder.Event, spoolFirst bool) (recorder.Outcome, error) {
	e := &entry{event: ev, result: make(chan result, 1)}
	q := o.add(e, spoolFirst)
	if !spoolFirst {
		select {
		case r := <-e.result:
			return r.outcome, r.err
		case <-ctx.Done():
		}
		o.giveUp(q, e, context.Cause(ctx))
	}
	select {
	case r := <-e.result:
		return r.outcome, r.err
	case <-time.After(spoolTimeout):
		return recorder.Outcome{}, o.Metrics.failed(errDiskSlow)
	}
}

// add puts an entry at the end of its session's queue, and has it written, or stored, or both.
func (o *Outbox) add(e *entry, spoolFirst bool) *queue {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.queue(sessionKey(e.event.Session), o.lane(e.event.Namespace))
	isBehind := q.isStoring() || o.isOnDisk(q)
	q.entries = append(q.entries, e)
	if spoolFirst || isBehind {
		o.store(q)
	} else {
		o.place(q)
	}
	return q
}

// giveUp is called when a sender can wait no longer for the API server.
func (o *Outbox) giveUp(q *queue, e *entry, cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Spool != nil {
		o.store(q)
		return
	}
	e.answer(recorder.Outcome{}, fmt.Errorf("%w: %w", ErrTimeout, cause))
	q.drop((*entry).isAbandoned)
	o.place(q)
}

// Flush returns when nothing waits any more, or when ctx is done.
func (o *Outbox) Flush(ctx context.Context) {
	// It fails only when ctx is done.
	_ = wait.PollUntilContextCancel(ctx, flushInterval, true, func(context.Context) (bool, error) { return o.isEmpty(), nil })
}

func (o *Outbox) isEmpty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queues) == 0 && o.isDrained()
}

// isDrained reports whether nothing waits on disk.
func (o *Outbox) isDrained() bool { return o.Spool == nil || o.Spool.Stats().Events == 0 }

// Close begins no more writes, and returns when those under way have ended; when ctx is done they are cut off.
func (o *Outbox) Close(ctx context.Context) {
	o.mu.Lock()
	o.isClosed = true
	o.probe.Stop()
	o.mu.Unlock()
	defer context.AfterFunc(ctx, o.stop)()
	o.writes.Wait()
	o.stop()
}
