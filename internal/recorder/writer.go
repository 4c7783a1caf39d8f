// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Writer places events and writes them. It has no state between calls.
type Writer struct {
	Store   Store
	Windows lifecycle.Windows
}

// Written is the result for one event.
type Written struct {
	Outcome Outcome
	// Err is nil if the event is in the status of a recording that is not being deleted.
	Err error
}

// maxConflicts is how often one Write retries after a conflict before it leaves the rest to its caller.
const maxConflicts = 5

// Write places and writes events of one session in order, with as few writes as possible, and returns the result of each. After a conflict
// it reads again, a few times. Any other failure is returned for all events that are not written yet. An event that causes a panic has a
// *PanicError.
func (w *Writer) Write(ctx context.Context, session Session, events []lifecycle.Event) []Written {
	j := &job{Writer: w, session: session, events: events, began: time.Now()}
	for conflicts := 0; len(j.written) < len(events); j.fresh = true {
		err := j.attempt(ctx)
		if err == nil || j.reject(err) {
			continue // with what is left of the events
		}
		if conflicts++; !errors.Is(err, ErrChanged) || conflicts > maxConflicts {
			for len(j.written) < len(events) {
				j.written = append(j.written, Written{Err: err})
			}
		}
	}
	return j.written
}

// job is the state of one Write.
type job struct {
	*Writer
	session Session
	events  []lifecycle.Event
	written []Written // of the first events; the others are pending
	fresh   bool      // reads must be up to date
	single  bool      // events are written one by one, to find the one that can never be
	refused *Object   // what the last refused patch was for

	began    time.Time
	attempts int
}

// pending returns the events of the next attempt.
func (j *job) pending() []lifecycle.Event {
	rest := j.events[len(j.written):]
	if j.single {
		return rest[:1]
	}
	return rest
}

// attempt reads, decides and writes once, until it fails.
func (j *job) attempt(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = NewPanicError(cause)
		}
	}()
	j.attempts++
	chain, err := j.readChain(ctx, 1, j.fresh)
	if err != nil {
		return err
	}
	changes, needsFreshRead := makePlan(chain, j.pending(), j.Windows)
	if needsFreshRead && len(chain) > 0 && !j.fresh {
		if chain, err = j.confirm(ctx, chain); err != nil {
			return err
		}
		changes, _ = makePlan(chain, j.pending(), j.Windows)
	}
	for _, c := range changes {
		if err := j.apply(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// link is one object of a session's chain, and its segment.
type link struct {
	object  *Object
	segment lifecycle.Segment
}

// readChain reads the session's objects from the given segment on, up to the first that does not exist or that ends the chain for the
// pending events. For an event that usually begins a session, and for one of backfill, which has just looked, it does not read objects that
// were never seen: the create that follows fails if they exist.
func (j *job) readChain(ctx context.Context, from int32, fresh bool) ([]link, error) {
	var chain []link
	events := j.pending()
	begins := events[0].Type == v1alpha1.EventStarting || events[0].Source == v1alpha1.EventSourceBackfill
	if !fresh && from == 1 && begins && !j.Store.Seen(j.session, from) {
		return nil, nil
	}
	for index := from; index <= lifecycle.MaxSegment; index++ {
		object, err := j.Store.Get(ctx, j.session, index, fresh)
		if errors.Is(err, ErrNotFound) {
			return chain, nil
		}
		if err != nil {
			return nil, err
		}
		if object.IsTerminating {
			return nil, fmt.Errorf("%w: %s", ErrTerminating, object.Name)
		}
		segment := object.segment(j.session, index)
		chain = append(chain, link{object, segment})
		if !lifecycle.NeedsNext(segment, events...) {
			return chain, nil
		}
	}
	return nil, &RejectedError{Err: fmt.Errorf("the session has %d recordings, the most that one can have", lifecycle.MaxSegment)}
}

// confirm reads the chain's end again. Segments before it are closed and do not change except for files, which settling protects.
func (j *job) confirm(ctx context.Context, chain []link) ([]link, error) {
	last := len(chain) - 1
	for last > 0 && chain[last].segment.Hollow() {
		last-- // the ids of webhooks are before it
	}
	end, err := j.readChain(ctx, chain[last].segment.Index, true)
	if err != nil {
		return nil, err
	}
	if len(end) == 0 && last > 0 { // retention deletes from the end: what comes before may be gone, too
		return j.readChain(ctx, 1, true)
	}
	return append(chain[:last:last], end...), nil
}

// change is one object to create or to patch.
type change struct {
	segment int32 // 0 for events that belong to none
	// object is the object as it was read; nil if it must be created.
	object *Object
	// status is the new status, unless there is nothing to write.
	status    v1alpha1.RecordingStatus
	unchanged bool
	// revives is true if an object that has ended gets a file.
	revives bool
	// placed are the next events: they are recorded once the change is written.
	placed []placed
}

// placed is an event's result, and its segment; 0 if it belongs to none.
type placed struct {
	segment int32
	result  lifecycle.Result
}

// makePlan decides what to write for events, in order, and whether the decision could be due to stale reads that no write would detect. The
// plan may be for the first events only, at least one: it ends before an event that needs several writes in a certain order, and before one
// that returns to an earlier object.
func makePlan(chain []link, events []lifecycle.Event, windows lifecycle.Windows) (changes []*change, needsFreshRead bool) {
	var segments []lifecycle.Segment // the chain, with what is planned so far
	for _, l := range chain {
		segments = append(segments, l.segment)
	}
	planned := map[int32]bool{}
	changeOf := func(segment int32) *change {
		if last := len(changes) - 1; last >= 0 && changes[last].segment == segment {
			return changes[last]
		}
		c := &change{segment: segment, unchanged: true}
		if at := int(segment) - 1; at >= 0 && at < len(chain) {
			c.object = chain[at].object
		}
		changes, planned[segment] = append(changes, c), true
		return c
	}
	for position, ev := range events {
		decision := lifecycle.Place(segments, ev, windows)
		target := decision.Segment
		if last := len(decision.Writes) - 1; last >= 0 {
			target = decision.Writes[last].Segment
		}
		goesBack := planned[target] && changes[len(changes)-1].segment != target
		if position > 0 && (len(decision.Writes) > 1 || goesBack) {
			break
		}
		needsFreshRead = needsFreshRead || decision.NeedsFreshRead
		for _, write := range decision.Writes {
			if write.New {
				segments = append(segments, lifecycle.Segment{Index: write.Segment})
			}
			c := changeOf(write.Segment)
			c.status, c.unchanged = write.Status, false
			c.revives = c.object != nil && !chain[write.Segment-1].segment.Open() && c.object.Recording.File == nil && write.Status.File != nil
			segments[write.Segment-1].Status = write.Status
		}
		c := changeOf(target)
		c.placed = append(c.placed, placed{decision.Segment, decision.Result})
	}
	return changes, needsFreshRead
}

// apply writes a change, and sets the outcomes of its events.
func (j *job) apply(ctx context.Context, c *change) error {
	object := c.object
	if !c.unchanged {
		var err error
		if object == nil {
			if object, err = j.Store.Create(ctx, j.session, c.segment); err != nil {
				return err
			}
		}
		if err := j.evaluate(object, j.Store.Patch(ctx, object, c.status, c.revives)); err != nil {
			return err
		}
	}
	for i, ev := range c.placed {
		outcome := Outcome{Result: ev.result}
		if ev.segment != 0 {
			outcome.Recording = j.session.Namespace + "/" + j.session.name(ev.segment)
			outcome.Trace = j.trace(object, outcome, i == 0)
		}
		j.written = append(j.written, Written{Outcome: outcome})
	}
	return nil
}

// trace returns the trace of the next event, which has been written. Of events that were written together only one is the recording's
// first.
func (j *job) trace(read *Object, outcome Outcome, isFirst bool) *Trace {
	if read == nil {
		return nil
	}
	place := tracecontext.Parse(read.Traceparent)
	if !place.IsSampled() {
		return nil
	}
	ev := j.events[len(j.written)]
	return &Trace{tracing.Recording{Place: place, Name: outcome.Recording}, tracing.Event{
		Type: string(ev.Type), First: isFirst && len(read.Recording.Events) == 0, Arrived: ev.ReceivedAt, Result: string(outcome.Result),
		Write: tracing.Write{Began: j.began, Ended: time.Now(), Attempts: j.attempts},
	}}
}

// evaluate turns a refused patch into a *RejectedError if the same patch was refused before: the tested value has not changed, so the API
// server rejects the status itself.
func (j *job) evaluate(object *Object, err error) error {
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

// reject ends the event that is rejected permanently, and reports whether the error is such a rejection. Of several events it first finds
// out which.
func (j *job) reject(err error) bool {
	if !IsPermanent(err) {
		return false
	}
	j.refused = nil
	if len(j.pending()) == 1 {
		j.written = append(j.written, Written{Err: err})
	}
	j.single = true
	return true
}
