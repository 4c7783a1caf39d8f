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
)

const (
	// maxBatch is how many events of a session are written at once.
	maxBatch = 256
	// writeTimeout is how long one write may take. Its senders do not wait that long; but a write that takes effect late must not be
	// repeated, and a session's first has two requests, each of which may take some seconds.
	writeTimeout = 15 * time.Second
)

// write writes the beginning of a queue. It is called without mu held.
func (o *Outbox) write(q *queue, f flow, report permit) {
	batch, err := o.load(q)
	if len(batch) == 0 {
		report(errNothing)
		o.finish(q, f, nil, nil, err)
		return
	}
	if f == direct {
		defer time.AfterFunc(o.Timeout/2, func() { report(errSlow) }).Stop()
	}
	ctx, cancel := context.WithTimeout(o.ctx, writeTimeout)
	defer cancel()
	events := make([]lifecycle.Event, len(batch))
	for i, e := range batch {
		events[i] = e.event.Event
	}
	written := o.Write(ctx, batch[0].event.Session, events)
	worst := worstOf(written)
	report(worst)
	buried := o.buryAll(q, batch, written)
	o.finish(q, f, batch, written, nil)
	if buried > 0 && recorder.IsNamespaceError(worst) {
		o.expire(q.lane, worst)
	}
}

// load returns the beginning of a queue, from the disk where that is.
func (o *Outbox) load(q *queue) ([]*entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.isOnDisk(q) {
		below := q.firstID()
		o.mu.Unlock()
		loaded, err := o.read(q.key, below)
		o.mu.Lock()
		if err != nil {
			return nil, err
		}
		q.entries = append(loaded, q.entries...)
	}
	batch := q.entries[:min(maxBatch, len(q.entries))]
	if other := slices.IndexFunc(batch, func(e *entry) bool { return e.event.Session != batch[0].event.Session }); other > 0 {
		batch = batch[:other]
	}
	q.batch = len(batch)
	return slices.Clone(batch), nil
}

// read returns the first events of a session on disk, and buries what it does not understand.
func (o *Outbox) read(key, below uint64) ([]*entry, error) {
	records, err := o.Spool.Read(key, below, maxBatch)
	if err != nil {
		o.Log.Error(err, "Spool not read, retrying")
		return nil, o.Metrics.failed(err)
	}
	var entries []*entry
	for _, r := range records {
		spooled, err := Decode(r)
		if err != nil {
			unknown := recorder.Event{Session: recorder.Session{Namespace: r.Group}}
			if err := o.bury(key, r.ID, unknown, err); err != nil {
				o.Log.Error(err, "Unreadable spooled event kept, will try again", "id", r.ID)
			}
			continue
		}
		entries = append(entries, &entry{event: spooled.Event, id: r.ID, stored: true, answered: true})
	}
	return entries, nil
}

// worstOf returns what a write says about health: that the API server was unavailable, or else that the namespace refuses it.
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
		case recorder.IsPermanent(err) && e.stored == e.isBuried: // else it has just come to the disk, and is read from there
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
	if failure != nil {
		o.retry(q, batch, failure)
	} else {
		q.backoff = backoff
		o.tellDrained()
	}
	o.settle(q)
}

// retry says when a write that failed is repeated.
func (o *Outbox) retry(q *queue, batch []*entry, failure error) {
	delay := q.backoff.Step()
	if seconds, isTold := apierrors.SuggestsClientDelay(failure); isTold {
		delay = max(delay, time.Duration(seconds)*time.Second)
	}
	o.delay(q, delay)
	var session []any
	if len(batch) > 0 {
		session = batch[0].event.LogValues()
	}
	if isAway(failure) || recorder.IsNamespaceError(failure) {
		o.hasBacklog = true
		o.Log.V(1).Info("Events not written, retrying", append(session, "error", failure.Error())...)
		return
	}
	o.Log.Error(failure, "Events not written, retrying", session...)
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
