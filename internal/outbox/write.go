// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// maxBatch is how many events of a session are written at once.
	maxBatch = 256
	// writeTimeout is how long one write may take. Its senders do not wait that long; but a write that takes effect late must not be
	// repeated, and a session's first has two requests, each of which may take some seconds.
	writeTimeout = 15 * time.Second
	// expiry is how long a namespace may refuse an event before it becomes a dead letter.
	expiry = 24 * time.Hour
)

// write writes the beginning of a queue. It is called without mu held.
func (o *Outbox) write(q *queue, f flow, p *permit) {
	batch, err := o.load(q)
	if err != nil || len(batch) == 0 {
		p.report(errNothing)
		o.finish(q, f, nil, nil, err)
		return
	}
	if f == direct {
		defer time.AfterFunc(o.Timeout/2, func() { p.report(errSlow) }).Stop()
	}
	written := o.tryWrite(batch)
	worst := worstOf(written)
	p.report(worst)
	buried := o.bury(q, batch, written)
	o.finish(q, f, batch, written, nil)
	if buried > 0 && recorder.IsNamespaceError(worst) {
		o.expireParked(q.lane, worst)
	}
}

// load returns the beginning of a queue, from the disk where that is.
func (o *Outbox) load(q *queue) ([]*entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	limit := maxBatch
	if q.single {
		limit = 1
	}
	if o.isOnDisk(q) {
		below := q.firstID(spool.AnyID)
		o.mu.Unlock()
		records, err := o.Spool.Read(q.key, below, limit)
		loaded := o.decode(records)
		o.mu.Lock()
		if err != nil {
			o.Log.Error(err, "Spool not read, retrying")
			return nil, o.refused(err)
		}
		q.entries = append(loaded, q.entries...)
	}
	batch := q.entries[:min(limit, len(q.entries))]
	if other := slices.IndexFunc(batch, func(e *entry) bool { return e.event.Session != batch[0].event.Session }); other > 0 {
		batch = batch[:other]
	}
	q.batch = len(batch)
	return slices.Clone(batch), nil
}

// decode returns entries for what was read from the disk, and buries what it does not understand.
func (o *Outbox) decode(records []spool.Record) []*entry {
	var entries []*entry
	for _, r := range records {
		spooled, err := Decode(r)
		if err != nil {
			if err := o.buryRecord(deadLetter(r, err, o.Now())); err != nil {
				o.Log.Error(err, "Unreadable spooled event kept, will try again", "id", r.ID)
			}
			continue
		}
		e := newEntry(spooled.event())
		e.id, e.stored, e.answered = r.ID, true, true
		entries = append(entries, e)
	}
	return entries
}

// tryWrite keeps a panic from ending the program: it is the error of the batch's events.
func (o *Outbox) tryWrite(batch []*entry) (written []recorder.Written) {
	defer func() {
		if cause := recover(); cause != nil {
			written = slices.Repeat([]recorder.Written{{Err: recorder.NewPanicError(cause)}}, len(batch))
		}
	}()
	ctx, cancel := context.WithTimeout(o.ctx, writeTimeout)
	defer cancel()
	events := make([]lifecycle.Event, len(batch))
	for i, e := range batch {
		events[i] = e.event.Event
	}
	return o.Write(ctx, batch[0].event.Session, events)
}

// worstOf returns what a write says about health: that the API server was away, or else that the namespace refuses it.
func worstOf(written []recorder.Written) (worst error) {
	for _, w := range written {
		if isAway(w.Err) {
			return w.Err
		}
		if recorder.IsNamespaceError(w.Err) {
			worst = w.Err
		}
	}
	return worst
}

// finish notes the results of a write.
func (o *Outbox) finish(q *queue, f flow, batch []*entry, written []recorder.Written, failure error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q.busy, q.batch = false, 0
	if f == replay {
		o.replays--
	}
	var kept []*entry
	for i, e := range batch {
		err := written[i].Err
		switch {
		case err == nil:
			o.succeed(e, written[i].Outcome)
		case isPermanent(err, len(batch)):
			o.reject(e, err)
		default:
			failure = cmp.Or(failure, err)
			kept = append(kept, e)
			continue
		}
		if e.isDone = true; e.stored {
			o.Spool.Remove(q.key, e.id)
		} else if e.id != 0 {
			kept = append(kept, e) // until it is on disk, and can be removed from there
		}
	}
	q.entries = append(kept, q.entries[len(batch):]...)
	q.drop(func(e *entry) bool { return e.stored || e.isAbandoned() })
	q.due = o.Now()
	if failure == nil {
		q.backoff, q.single = backoff, false
		o.tellDrained()
	} else {
		o.retry(q, batch, failure)
	}
	o.settle(q)
}

// isPermanent reports whether an event can never be written.
func isPermanent(err error, batch int) bool {
	return recorder.RejectionOf(err) != nil || (isPanic(err) && batch == 1)
}

// retry says when a write that failed is repeated.
func (o *Outbox) retry(q *queue, batch []*entry, failure error) {
	q.single = q.single || isPanic(failure)
	delay := q.backoff.Step()
	if seconds, told := apierrors.SuggestsClientDelay(failure); told {
		delay = max(delay, time.Duration(seconds)*time.Second)
	}
	q.due = q.due.Add(delay)
	if isAway(failure) || recorder.IsNamespaceError(failure) {
		o.hasBacklog = true
		o.Log.V(1).Info("Events not written, retrying", append(logValues(batch), "error", failure.Error())...)
		return
	}
	o.Log.Error(failure, "Events not written, retrying", logValues(batch)...)
}

// tellDrained says so when the spool is empty after it was not.
func (o *Outbox) tellDrained() {
	if o.hasBacklog && (o.Spool == nil || o.Spool.Stats().Events == 0) {
		o.hasBacklog = false
		o.Log.Info("Spool is empty, all events are written")
	}
}

// succeed notes that an event is written.
func (o *Outbox) succeed(e *entry, outcome recorder.Outcome) {
	took := max(o.Now().Sub(e.event.ReceivedAt), 0)
	if e.answer(outcome, nil) {
		o.Metrics.direct.Observe(took.Seconds())
		return
	}
	if e.id == 0 {
		return // its sender was told that it failed, and may send it again
	}
	o.Metrics.spooled.Observe(took.Seconds())
	o.Metrics.replayed.Inc()
	if outcome.Trace != nil {
		o.Tracer.Spooled(outcome.Trace.Recording, outcome.Trace.Event)
	}
}
