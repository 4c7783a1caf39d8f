// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"cmp"
	"context"
	"errors"
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
	// writeTimeout is how long one write may take. Senders do not wait that long. But a write that takes effect late must not be repeated, and
	// the API server, which takes 34 s for a request at most, names an admission webhook that hangs.
	writeTimeout = 35 * time.Second
)

// write writes the first events of a queue. It is called without mu held.
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
	report(o.worstOf(batch, written))
	o.finish(q, f, batch, written, nil)
}

// load returns the first events of a queue, from disk if they are there.
func (o *Outbox) load(q *queue) ([]*entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q.batch = min(maxBatch, len(q.entries))
	if o.isOnDisk(q) {
		q.batch = 0
		below := q.firstID()
		o.mu.Unlock()
		loaded, err := o.read(q.key, below)
		o.mu.Lock()
		if err != nil {
			return nil, err
		}
		// Events in memory come after all events on disk, and this may be only a part of those.
		q.entries, q.batch = append(loaded, q.entries...), len(loaded)
	}
	batch := q.entries[:q.batch]
	if other := slices.IndexFunc(batch, func(e *entry) bool { return e.event.Session != batch[0].event.Session }); other > 0 {
		batch = batch[:other]
	}
	q.batch = len(batch)
	return slices.Clone(batch), nil
}

// read returns the first events of a session on disk. Records that it cannot decode become dead letters, unchanged.
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
			r.State = spool.Dead
			if err := spool.AppendNow(o.Spool, []spool.Record{r}); err != nil {
				return nil, o.Metrics.failed(err)
			}
			o.Log.Error(err, "Event version unknown, set aside as dead letter", "namespace", r.Group)
			continue
		}
		spooled.Retried = true // perhaps before a restart
		entries = append(entries, &entry{event: spooled.Event, id: r.ID, stored: true, answered: true})
	}
	return entries, nil
}

// worstOf returns the result of a write for the circuit breakers: that the API server was unavailable, or else that the namespace refused
// it. An event that the namespace has refused for too long does not count, so that the next session is tried at once.
func (o *Outbox) worstOf(batch []*entry, written []recorder.Written) (worst error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, w := range written {
		switch {
		case isAway(w.Err):
			return w.Err
		case !recorder.IsNamespaceError(w.Err):
		case o.isExpired(batch[i]):
			worst = cmp.Or(worst, errNothing)
		default:
			worst = w.Err
		}
	}
	return worst
}

// finish applies the results of a write.
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
		e.event.Retried = e.event.Retried || !errors.Is(err, recorder.ErrChanged)
		isDead := recorder.IsPermanent(err) || (recorder.IsNamespaceError(err) && o.isExpired(e))
		switch {
		case err == nil:
			o.succeed(e, written[i].Outcome)
		case isDead:
			err = o.reject(q, e, err)
		}
		switch e.isDone = err == nil; {
		case err != nil:
			failure = cmp.Or(failure, err)
			kept = append(kept, e)
		case e.stored:
			o.Spool.Remove(q.key, e.id)
		case e.id != 0: // until it is on disk, as it is or as a dead letter
			kept = append(kept, e)
		}
	}
	q.entries = append(kept, q.entries[len(batch):]...)
	q.drop(func(e *entry) bool { return e.stored || e.isAbandoned() })
	if failure != nil {
		o.retry(q, batch, failure)
	} else if q.backoff = backoff; o.hasBacklog && o.isDrained() {
		o.hasBacklog = false
		o.Log.Info("Spool empty, all events written")
	}
	o.settle(q)
}

// retry schedules the next attempt after a failed write.
func (o *Outbox) retry(q *queue, batch []*entry, failure error) {
	delay := q.backoff.Step()
	if len(o.queues) > maxQueues {
		delay = backoff.Cap // it is removed when that is over, with its backoff
	}
	seconds, _ := apierrors.SuggestsClientDelay(failure)                     // 0 if it does not
	delay = max(delay, min(time.Duration(seconds)*time.Second, time.Minute)) // a proxy may ask for hours
	o.delay(q, delay)
	log := o.Log
	if len(batch) > 0 {
		log = log.WithValues(batch[0].event.LogValues()...)
	}
	if isAway(failure) || recorder.IsNamespaceError(failure) {
		o.hasBacklog = true
		log.V(1).Info("Events not written, retrying", "error", failure.Error())
		return
	}
	log.Error(failure, "Events not written, retrying")
}

// succeed marks an event as written.
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
