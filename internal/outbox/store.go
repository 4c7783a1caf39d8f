// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// deadShare is the part of the spool, as a divisor, that events may take which the API server rejects at once: anybody with an
	// account of the provider can send those.
	deadShare = 8
	// refusedShare is the same for events of a namespace that refuses writes, so that they leave room for the others.
	refusedShare = 2
	// clientShare is the same for clients' events, which only say earlier what webhooks say as well.
	clientShare = 4
	// gatherDelay is how long an event that is spooled first waits for others of its session, to be written with them. One that ends a
	// recording does not wait: nothing is expected behind it, and the Jobs wait for it.
	gatherDelay = 100 * time.Millisecond
)

// store puts the entries of a queue on disk that are not on their way there, in their order. It is called with mu held.
func (o *Outbox) store(q *queue) {
	var entries []*entry
	var records []spool.Record
	for _, e := range q.entries {
		if e.id != 0 || e.answered {
			continue
		}
		if err := o.checkShare(q, e); err != nil {
			e.answer(recorder.Outcome{}, err)
			continue
		}
		entries, records = append(entries, e), append(records, newSpooledEvent(e.event).record(spool.Waiting))
	}
	if len(records) > 0 {
		if err := o.Spool.Append(records, func(err error) { o.stored(q, entries, err) }); err != nil {
			o.notStored(entries, err)
		} else {
			for i, e := range entries {
				e.id = records[i].ID
			}
		}
	}
	q.drop((*entry).isAbandoned)
	o.place(q)
}

// checkShare is nil if the spool may take an event.
func (o *Outbox) checkShare(q *queue, e *entry) error {
	used, limit := o.Spool.Stats().Bytes, o.Spool.MaxBytes()
	switch {
	case used > limit/refusedShare && !q.lane.health.isClosed(direct):
		return fmt.Errorf("namespace %s refuses writes, and may take no more of the spool: %w", e.event.Session.Namespace, o.refused(spool.ErrFull))
	case used > limit/clientShare && e.event.Source == v1alpha1.EventSourceClient:
		return fmt.Errorf("client events may take no more of the spool, to leave room for webhooks: %w", o.refused(spool.ErrFull))
	}
	return nil
}

// stored is called by the Spool.
func (o *Outbox) stored(q *queue, entries []*entry, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.notStored(entries, err)
		q.drop(func(e *entry) bool { return e.isAbandoned() || (e.isDone && e.id == 0) })
		o.settle(q)
		return
	}
	due := o.Now()
	if o.SpoolFirst {
		due = due.Add(gatherDelay)
	}
	for _, e := range entries {
		e.stored = true
		e.answer(recorder.Outcome{Result: Spooled}, nil)
		if e.isDone {
			o.Spool.Remove(q.key, e.id)
		}
		if e.event.Type == v1alpha1.EventStopped || e.event.Type == v1alpha1.EventFailed {
			due = o.Now()
		}
	}
	q.drop(func(e *entry) bool { return e.stored })
	if !q.busy && !q.isFailing() && (q.position < 0 || due.Before(q.due)) {
		q.due = due
		q.lane.unschedule(q) // and is scheduled again
	}
	o.settle(q)
}

// notStored notes that the disk refused entries. Those that are being written may be written yet, but their senders do not wait for it.
func (o *Outbox) notStored(entries []*entry, err error) {
	err = fmt.Errorf("neither the API server nor the spool accepts the event: %w", o.refused(err))
	for _, e := range entries {
		e.id = 0
		e.answer(recorder.Outcome{}, err)
	}
}

// reject ends an event that can never be written. What is on disk was buried before; others are kept for an operator to look at, which
// may fail, since they were not acknowledged.
func (o *Outbox) reject(e *entry, cause error) {
	isDirect := e.answer(recorder.Outcome{}, cause)
	if !isDirect || o.Spool == nil || isPanic(cause) || e.event.Source == v1alpha1.EventSourceClient {
		return
	}
	if o.Spool.Stats().DeadBytes > o.Spool.MaxBytes()/deadShare {
		o.Log.Info("Rejected event not kept, too many dead letters", e.event.Session.LogValues()...)
		return
	}
	dead := deadLetter(newSpooledEvent(e.event).record(spool.Dead), cause, o.Now())
	err := o.Spool.Append([]spool.Record{dead}, func(err error) { o.logUnkept(e.event.Session, err) })
	o.logUnkept(e.event.Session, err)
}

func (o *Outbox) logUnkept(session recorder.Session, err error) {
	if err != nil {
		o.Log.Error(o.refused(err), "Rejected event not kept", session.LogValues()...)
	}
}

// bury makes dead letters of what is on disk and can never be written, or was refused by its namespace for too long. It is called
// without mu held, returns when that is on disk, and says how many there are. What cannot be buried is tried again.
func (o *Outbox) bury(q *queue, batch []*entry, written []recorder.Written) (buried int) {
	for i, e := range batch {
		o.mu.Lock()
		id, isStored := e.id, e.stored
		o.mu.Unlock()
		err := written[i].Err
		if !isStored || err == nil || (!isPermanent(err, len(batch)) && !o.isExpired(id, err)) {
			continue
		}
		r := newSpooledEvent(e.event).record(spool.Waiting)
		r.ID, r.Session = id, q.key
		if failure := o.buryRecord(deadLetter(r, err, o.Now())); failure != nil {
			written[i].Err = failure
			continue
		}
		buried++
		written[i].Err = &recorder.RejectedError{Err: err}
		o.Log.Info("Event can never be written, it is a dead letter now", append(e.event.Session.LogValues(), "reason", err.Error())...)
	}
	return buried
}

func (o *Outbox) buryRecord(dead spool.Record) error {
	result := make(chan error, 1)
	err := o.Spool.Bury(dead, func(err error) { result <- err })
	if err == nil {
		err = <-result
	}
	if err != nil {
		return o.refused(err)
	}
	return nil
}

// isExpired reports whether a namespace has refused a record for too long.
func (o *Outbox) isExpired(id uint64, err error) bool {
	return recorder.IsNamespaceError(err) && o.Now().Sub(spool.Record{ID: id}.StoredAt()) > expiry
}

// expireParked buries what has been parked in a lane for too long, since its namespace still refuses writes. It does some at a time.
func (o *Outbox) expireParked(l *lane, cause error) {
	for range expireAtOnce {
		o.mu.Lock()
		var key uint64
		if !l.parked.isEmpty() {
			key = l.parked.first()
		}
		isOurs := key != 0 && o.queues[key] == nil
		o.mu.Unlock()
		if !isOurs {
			return
		}
		records, err := o.Spool.Read(key, spool.AnyID, maxBatch)
		if err != nil || (len(records) > 0 && !o.isExpired(records[0].ID, cause)) {
			return
		}
		for _, r := range records {
			if o.isExpired(r.ID, cause) && o.buryRecord(deadLetter(r, cause, o.Now())) != nil {
				return
			}
		}
		o.mu.Lock()
		if !l.parked.isEmpty() && l.parked.first() == key {
			if l.parked.pop(); o.queues[key] == nil && o.Spool.Has(key) {
				l.parked.push(key)
			}
		}
		o.mu.Unlock()
	}
}

// expireAtOnce bounds expireParked.
const expireAtOnce = 256

var (
	errDiskSlow = errors.New("spool did not respond in time")
	errNothing  = errors.New("nothing was written")
)

// refused counts a failure of the spool and returns it with what to do about it.
func (o *Outbox) refused(err error) error { return o.Metrics.failed(err) }
