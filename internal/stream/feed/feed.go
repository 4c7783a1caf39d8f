// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package feed turns one watch of MeetingRecordings into the events of any number of streams, each of which can resume where it was.
package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/event"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
)

// source has the methods of follow.Source that a Feed needs.
type source interface {
	List(ctx context.Context, selector string, version uint64, each func(*v1alpha1.MeetingRecording)) (uint64, error)
	Reached(ctx context.Context, version uint64) error
	Follow(ctx context.Context, version uint64, apply func(watch.EventType, *v1alpha1.MeetingRecording, uint64) error) (uint64, error)
}

// Feed is the events of one namespace, or of all.
type Feed struct {
	source  source
	scope   string // the namespace; "" is all
	now     func() time.Time
	log     logr.Logger
	metrics *Metrics

	mu      sync.Mutex
	running context.Context // of Run, in which the watches from the past run too
	present *line
	first   chan struct{} // closed when there is a present
	problem error         // why there is none
	pasts   []*line
}

// New returns a feed that does nothing before Run.
func New(source follow.Source, now func() time.Time, log logr.Logger, metrics *Metrics) *Feed {
	return newFeed(source, source.Namespace, now, log, metrics)
}

func newFeed(source source, scope string, now func() time.Time, log logr.Logger, metrics *Metrics) *Feed {
	return &Feed{source: source, scope: scope, now: now, log: log, metrics: metrics, first: make(chan struct{})}
}

// Namespace returns the feed's namespace; "" is all.
func (f *Feed) Namespace() string { return f.scope }

// Ready reports whether the feed has listed the recordings.
func (f *Feed) Ready() bool {
	select {
	case <-f.first:
		return true
	default:
		return false
	}
}

// Problem returns why the feed could not list the recordings; nil if it could, or has not tried yet.
func (f *Feed) Problem() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem
}

// Run watches until the context ends, and retries after failures.
func (f *Feed) Run(ctx context.Context) error {
	f.mu.Lock()
	f.running = ctx
	f.mu.Unlock()
	pause := firstPause
	for ctx.Err() == nil {
		began, err := f.watch(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was told to end
		}
		if began {
			pause = firstPause
		}
		f.log.Info("Listing recordings again", "namespace", f.scope, "reason", err.Error())
		wait(ctx, pause)
		pause = min(2*pause, maxPause)
	}
	return nil
}

// watch makes a new present and follows it for as long as nothing is missed; began reports whether it came to be.
func (f *Feed) watch(ctx context.Context) (began bool, err error) {
	l := newLine(0, maxPending, f.now)
	err = f.fill(ctx, l)
	f.mu.Lock()
	if f.problem = err; err == nil {
		f.replace(l)
	}
	f.mu.Unlock()
	if err != nil {
		return false, err
	}
	return true, f.follow(ctx, l, func([]*Entry) bool { return true })
}

// fill lists the recordings in flight as of the line's start; where that is 0, it becomes now.
func (f *Feed) fill(ctx context.Context, l *line) error {
	version, err := f.source.List(ctx, follow.InFlight, l.start, func(object *v1alpha1.MeetingRecording) { l.book.put(event.Of(object)) })
	if err != nil {
		return err
	}
	if l.start == 0 {
		l.start, l.floor, l.cursor = version, version, version
	}
	return nil
}

func newLine(start uint64, limit int, now func() time.Time) *line {
	return &line{
		start: start, floor: start, cursor: start, limit: limit, book: newBook(now), ready: make(chan struct{}),
		subs: map[Filter]map[*Subscription]struct{}{},
	}
}

// replace makes a line the present, and has every stream begin again: they may have missed something.
func (f *Feed) replace(l *line) {
	reset := func(old *line) { old.each(func(sub *Subscription) { sub.end(ErrReset) }) }
	if f.present == nil {
		close(f.first)
	} else {
		reset(f.present)
	}
	close(l.ready)
	f.present = l
	for _, past := range f.pasts {
		past.cancel()
		reset(past)
	}
}

// follow applies what a line's watch tells for as long as it may and nothing is missed, through failures to reach the API server.
func (f *Feed) follow(ctx context.Context, l *line, more func(told []*Entry) bool) error {
	pause := firstPause
	for version := l.start; ; {
		reached, err := f.source.Follow(ctx, version, func(kind watch.EventType, object *v1alpha1.MeetingRecording, at uint64) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			told, err := l.apply(kind, object, at)
			if err != nil {
				return err
			}
			if !more(told) {
				return errDone
			}
			return nil
		})
		if ctx.Err() != nil || errors.Is(err, errDone) || errors.Is(err, follow.ErrCompacted) {
			return err
		}
		if reached > version {
			pause = firstPause
		}
		version = reached
		if err != nil {
			f.log.Info("Watch interrupted, resuming", "namespace", f.scope, "reason", err.Error())
		}
		f.metrics.watchEnded()
		wait(ctx, pause)
		pause = min(2*pause, maxPause)
	}
}

// errDone ends a watch that has caught up.
var errDone = errors.New("caught up")

// wait waits between half of the pause and all of it.
func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause/2 + rand.N(pause/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Begin subscribes from now on, and returns the current state: the recordings in flight, and those that ended recently. The channel, of
// capacity one, is notified when there are events. Begin waits until the feed has listed the recordings.
func (f *Feed) Begin(ctx context.Context, filter Filter, wake chan<- struct{}) (*Subscription, []*event.State, error) {
	select {
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-f.first:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := Cursor{f.present.cursor, Whole}
	sub := &Subscription{filter: filter, wake: wake, mu: &f.mu, began: now, after: now}
	f.present.add(sub)
	states := f.present.book.matching(filter)
	f.metrics.resumed("snapshot")
	return sub, states, nil
}

// Resume subscribes to everything after a place. The error is ErrReset if the place is too old, or never existed; others come from the
// context or the API server.
func (f *Feed) Resume(ctx context.Context, filter Filter, after Cursor, wake chan<- struct{}) (*Subscription, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.first:
	}
	if err := f.believe(ctx, after); err != nil {
		return nil, err
	}
	sub := &Subscription{filter: filter, wake: wake, mu: &f.mu, began: after, after: after}
	for {
		l, from := f.lineFor(after)
		if l == nil {
			f.metrics.resumed("reset")
			return nil, ErrReset
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.ready:
		}
		f.mu.Lock()
		if l != f.present && !slices.Contains(f.pasts, l) { // it failed, or was joined to the present meanwhile
			failed := l.start == after.floor() && l.err != nil
			f.mu.Unlock()
			if failed {
				return nil, f.tellReset(l.err)
			}
			continue // with another line
		}
		l.add(sub)
		l.replay(sub, after.floor())
		f.mu.Unlock()
		f.metrics.resumed(from)
		return sub, nil
	}
}

// believe returns ErrReset for a place that the API server has not reached.
func (f *Feed) believe(ctx context.Context, after Cursor) error {
	f.mu.Lock()
	known := after.Version <= f.present.cursor
	f.mu.Unlock()
	if known {
		return nil
	}
	return f.tellReset(f.source.Reached(ctx, after.Version))
}

// tellReset returns ErrReset for follow.ErrCompacted, and other errors as they are.
func (f *Feed) tellReset(err error) error {
	if errors.Is(err, follow.ErrCompacted) {
		f.metrics.resumed("reset")
		return ErrReset
	}
	return err
}

// lineFor returns the line that has everything after a place: the present's, one from the past, or a new one; nil where there are too
// many.
func (f *Feed) lineFor(after Cursor) (l *line, from string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.present.holds(after) {
		return f.present, "memory"
	}
	for _, past := range f.pasts {
		if past.holds(after) {
			return past, "history"
		}
	}
	if len(f.pasts) >= maxPasts {
		return nil, ""
	}
	l = newLine(after.floor(), maxEntries, f.now)
	var ctx context.Context
	ctx, l.cancel = context.WithCancel(f.running)
	f.pasts = append(f.pasts, l)
	go f.catchUp(ctx, l)
	return l, "history"
}

// catchUp follows a line from the past until it is joined to the present.
func (f *Feed) catchUp(ctx context.Context, l *line) {
	defer l.cancel()
	err := f.fill(ctx, l)
	if err == nil {
		close(l.ready)
		err = f.follow(ctx, l, func([]*Entry) bool {
			if l.cursor < f.present.floor {
				return true
			}
			f.drop(l)
			l.join(f.present)
			return false
		})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(l)
	l.each(func(sub *Subscription) { sub.end(ErrReset) })
	select {
	case <-l.ready:
	default:
		l.err = err
		close(l.ready)
	}
	if !errors.Is(err, errDone) && ctx.Err() == nil {
		f.log.Info("History compacted, resetting streams", "namespace", f.scope, "reason", err.Error())
	}
}

func (f *Feed) drop(l *line) {
	f.pasts = slices.DeleteFunc(f.pasts, func(other *line) bool { return other == l })
}
