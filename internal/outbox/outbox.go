// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox keeps events until they are written, and decides when to write them.
//
// Each session has one queue: its events are written in the order of acceptance. An event is in memory until it is written. When its sender
// is told that it is spooled, it is on disk, together with all events ahead of it.
//
// Three things decide when a queue is written: its due time, the circuit breaker of its namespace, and that of the API server. Events with
// waiting senders and events from the spool have separate circuit breakers: replaying a spool to a slow API server delays no new events.
//
// Sessions that are only on disk and due take 8 bytes each, in order. They get a queue when they are written.
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

// spoolTimeout is how long the disk may take. With the default --write-timeout a response takes at most 2.5 s.
const spoolTimeout = 400 * time.Millisecond

// ErrTimeout means that an event could not be written in time.
var ErrTimeout = errors.New("write event to API server: timed out")

// Spool keeps events on disk, see *spool.Store.
type Spool interface {
	Append(records []spool.Record, done func(error)) error
	Remove(session, id uint64)
	Has(session uint64) bool
	Read(session, below uint64, limit int) ([]spool.Record, error)
	Each(visit func(spool.Record) error) error
	Stats() spool.Stats
}

// Options configure an Outbox. All are required except Spool, IsCrowded and Tracer.
type Options struct {
	// Write writes events of one session in order, until ctx is done, and returns the result of each; see recorder.Writer.Write.
	Write func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written
	// Timeout is how long a sender waits for the API server.
	Timeout time.Duration
	// Spool, if not nil, stores the events that the API server does not accept in time.
	Spool Spool
	// SpoolFirst acknowledges events once they are in the Spool, which it needs, as IsCrowded does. It changes nothing else.
	SpoolFirst bool
	// IsCrowded, if not nil, reports whether an event is to be treated as with SpoolFirst, so that its sender does not wait for the API server.
	IsCrowded func() bool
	Metrics   *Metrics
	// Tracer, if not nil, traces the events written from the Spool.
	Tracer *tracing.Tracer
	Log    logr.Logger
	Now    func() time.Time
}

// Outbox stores and writes events. It may be used concurrently.
type Outbox struct {
	Options
	server health
	// writes are in flight; stop cancels them.
	writes sync.WaitGroup
	ctx    context.Context
	stop   context.CancelFunc
	began  time.Time

	mu       sync.Mutex
	queues   map[uint64]*queue // by session key: those with entries, a due time or a backoff
	lanes    map[string]*lane  // by namespace
	order    []*lane           // all of them; next says which one comes first
	next     int
	replays  int         // writes of spooled events under way
	storing  int         // appends to the spool under way
	probe    *time.Timer // has replays tried again that circuit breakers refused
	isClosed bool
	// hasBacklog means that the log should say when the spool is empty.
	hasBacklog bool
}

// New returns an Outbox. It writes earlier events of the Spool only after Start.
func New(options Options) *Outbox {
	o := &Outbox{Options: options, began: time.Now(), queues: map[uint64]*queue{}, lanes: map[string]*lane{}}
	o.server = newHealth(options.Log, "API server", isAway, func(err error) bool { return errors.Is(err, errNothing) })
	o.ctx, o.stop = context.WithCancel(context.Background())
	o.probe = time.AfterFunc(openFor, o.wake)
	return o
}

// Start begins to write the events in the Spool. Call it again after others added events to the Spool.
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

// Record makes an event durable. It returns once the event is written, or with the Result Spooled once it is on disk with all events ahead
// of it, or with an error. A *recorder.RejectedError is permanent; after any other error the same event may succeed later. An event whose
// write was in flight at the timeout may be written despite the error: recording it again is one more delivery, and loses nothing.
func (o *Outbox) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if o.SpoolFirst || (o.IsCrowded != nil && o.IsCrowded()) {
		if outcome, err := o.accept(ctx, ev, true); err == nil {
			return outcome, nil
		}
		ev.Retried = true // the disk does not accept it, but the API server may
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

// add appends an entry to its session's queue, to be written, stored, or both.
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

// giveUp is called when a sender has waited for the API server long enough.
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

// Flush waits until the queues are empty, or ctx is done.
func (o *Outbox) Flush(ctx context.Context) {
	_ = wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.queues) == 0 && o.isDrained(), nil
	})
}

func (o *Outbox) isDrained() bool { return o.Spool == nil || o.Spool.Stats().Events == 0 }

// Close begins no more writes, and waits for those in flight; when ctx is done it cancels them.
func (o *Outbox) Close(ctx context.Context) {
	o.mu.Lock()
	o.isClosed = true
	o.probe.Stop()
	o.mu.Unlock()
	defer context.AfterFunc(ctx, o.stop)()
	o.writes.Wait()
	o.stop()
}
