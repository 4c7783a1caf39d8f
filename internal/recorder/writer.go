// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Writer places events and writes them. It keeps nothing between calls.
type Writer struct {
	Store   Store
	Windows lifecycle.Windows
	// Now, if not nil, is the clock by which outcomes tell what writing took, see Outcome.Trace.
	Now func() time.Time
}

// Written is the result for one event.
type Written struct {
	Outcome Outcome
	// Err is nil if the event is in the status of a recording that is not being deleted.
	Err error
}

// maxConflicts is how many lost races one Write tolerates before it leaves the rest to its caller.
const maxConflicts = 5

// Write writes events of one session, placed in their order, with as few writes as possible, and returns what happened to each. After a
// lost race it reads again, a few times; every other failure is left to the caller, and ends the events that are not written yet.
func (w *Writer) Write(ctx context.Context, session Session, events []lifecycle.Event) []Written {
	j := newJob(session, events)
	if w.Now != nil {
		j.began = w.Now()
	}
	for conflicts := 0; len(j.open) > 0; j.fresh = true {
		err := w.attempt(ctx, j)
		if err == nil || j.reject(err) {
			continue // with what is left of the events
		}
		if conflicts++; !errors.Is(err, ErrChanged) || conflicts > maxConflicts {
			j.fail(err)
		}
	}
	return j.written
}

// attempt reads, decides and writes once, as far as it gets.
func (w *Writer) attempt(ctx context.Context, j *job) error {
	j.attempts++
	chain, err := readChain(ctx, w.Store, j, 1, j.fresh)
	if err != nil {
		return err
	}
	p := makePlan(chain, j.pending(), w.Windows)
	if p.needsFreshRead && len(chain) > 0 && !j.fresh {
		if chain, err = w.confirm(ctx, j, chain); err != nil {
			return err
		}
		p = makePlan(chain, j.pending(), w.Windows)
	}
	return w.execute(ctx, j, p)
}

// confirm reads the chain's end again. What comes before it is closed, and
// stays as it is but for files, which are guarded by settling.
func (w *Writer) confirm(ctx context.Context, j *job, chain []link) ([]link, error) {
	last := len(chain) - 1
	for last > 0 && chain[last].segment.Hollow() {
		last-- // what webhooks are told apart by is before it
	}
	end, err := readChain(ctx, w.Store, j, chain[last].segment.Index, true)
	if err != nil {
		return nil, err
	}
	if len(end) == 0 && last > 0 { // retention deletes from the end: what comes before may be gone, too
		return readChain(ctx, w.Store, j, 1, true)
	}
	return append(chain[:last:last], end...), nil
}

func (w *Writer) execute(ctx context.Context, j *job, p plan) error {
	positions := j.open
	for _, c := range p.changes {
		object, err := w.apply(ctx, j, c)
		if err != nil {
			return err
		}
		trace := w.trace(j, object)
		for i, ev := range c.done {
			j.done(positions[ev.position], Outcome{Result: ev.result, Recording: w.nameOf(j.session, ev.segment), Trace: trace.of(i)})
		}
	}
	return nil
}

// nameOf is the object of a segment as outcomes name it; empty where an event
// belongs to none.
func (w *Writer) nameOf(session Session, segment int32) string {
	if segment == 0 {
		return ""
	}
	return w.Store.Namespace() + "/" + lifecycle.Name(session.MeetingID, session.SessionID, segment)
}

func (w *Writer) apply(ctx context.Context, j *job, c *change) (*Object, error) {
	object := c.object
	if c.unchanged {
		return object, nil
	}
	if object == nil {
		var err error
		if object, err = w.Store.Create(ctx, j.session, c.index); err != nil {
			return nil, err
		}
	}
	err := w.Store.Patch(ctx, object, c.status, c.revives)
	return object, j.judge(object, err)
}

// trace returns what to tell of a write of the object that is done.
func (w *Writer) trace(j *job, read *Object) *Trace {
	if w.Now == nil || read == nil {
		return nil
	}
	place := tracecontext.Parse(read.Traceparent)
	if !place.IsSampled() {
		return nil
	}
	return &Trace{
		Place: place, First: len(read.Recording.Events) == 0,
		Write: tracing.Write{Began: j.began, Ended: w.Now(), Attempts: j.attempts},
	}
}

// of returns the trace of one of the events that were written together, of which only one is the recording's first.
func (t *Trace) of(position int) *Trace {
	if t == nil || position == 0 || !t.First {
		return t
	}
	other := *t
	other.First = false
	return &other
}

// job is the state of one Write.
type job struct {
	session Session
	events  []lifecycle.Event
	written []Written
	open    []int // positions of events that are neither written nor refused
	fresh   bool  // whether reads must be up to date
	single  bool  // whether to write one event at a time
	// began is when the Write did, if that is told of, and attempts how often it was tried.
	began    time.Time
	attempts int
	refused  *Object
}

func newJob(session Session, events []lifecycle.Event) *job {
	j := &job{session: session, events: events, written: make([]Written, len(events))}
	for i := range events {
		j.open = append(j.open, i)
	}
	return j
}

// pending returns the events that the next attempt is for.
func (j *job) pending() []lifecycle.Event {
	positions := j.open
	if j.single {
		positions = positions[:1]
	}
	pending := make([]lifecycle.Event, 0, len(positions))
	for _, position := range positions {
		pending = append(pending, j.events[position])
	}
	return pending
}

func (j *job) done(position int, outcome Outcome) {
	j.close(position, Written{Outcome: outcome})
}

func (j *job) close(position int, result Written) {
	j.written[position] = result
	open := make([]int, 0, len(j.open))
	for _, other := range j.open {
		if other != position {
			open = append(open, other)
		}
	}
	j.open = open
}

// judge turns a refused patch into a *RejectedError when it is the second of
// its kind: what was tested then has not changed, so the status itself is what
// the API server does not accept.
func (j *job) judge(object *Object, err error) error {
	var rejection *RejectedError
	if !errors.Is(err, ErrChanged) || !errors.As(err, &rejection) {
		return err
	}
	before := j.refused
	j.refused = object
	if before != nil && j.fresh && before.Name == object.Name && before.ResourceVersion == object.ResourceVersion &&
		bytes.Equal(before.RawRecording, object.RawRecording) {
		return rejection
	}
	return err
}

// reject ends the event that can never be written, and tells whether it was
// that. Of several it must first be found out which.
func (j *job) reject(err error) bool {
	var rejection *RejectedError
	if !errors.As(err, &rejection) || errors.Is(err, ErrChanged) {
		return false
	}
	j.fresh, j.refused = true, nil
	if len(j.pending()) > 1 {
		j.single = true
		return true
	}
	j.close(j.open[0], Written{Err: rejection})
	return true
}

// fail ends all events that are left.
func (j *job) fail(err error) {
	for _, position := range j.open {
		j.written[position].Err = err
	}
	j.open = nil
}
