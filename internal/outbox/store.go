// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"slices"
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
	// expiry is how long a namespace may refuse an event before it becomes a dead letter, and expireAtOnce how many sessions are looked
	// at when that has happened to one.
	expiry       = 24 * time.Hour
	expireAtOnce = 256
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
		entries, records = append(entries, e), append(records, SpooledEvent{Event: e.event}.Record(spool.Waiting))
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
	stats := o.Spool.Stats()
	switch {
	case stats.Bytes > stats.MaxBytes/refusedShare && !q.lane.health.isClosed(direct):
		return fmt.Errorf("namespace %s refuses writes, and may take no more of the spool: %w", e.event.Namespace, o.Metrics.failed(spool.ErrFull))
	case stats.Bytes > stats.MaxBytes/clientShare && e.event.Source == v1alpha1.EventSourceClient:
		return fmt.Errorf("client events may take no more of the spool, to leave room for webhooks: %w", o.Metrics.failed(spool.ErrFull))
	}
	return nil
}

// stored is called by the Spool.
func (o *Outbox) stored(q *queue, entries []*entry, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	isDue := !o.SpoolFirst
	for _, e := range entries {
		if err != nil {
			break
		}
		e.stored = true
		e.answer(recorder.Outcome{Result: Spooled}, nil)
		if e.isDone {
			o.Spool.Remove(q.key, e.id)
		}
		isDue = isDue || e.event.Type == v1alpha1.EventStopped || e.event.Type == v1alpha1.EventFailed
	}
	if err != nil {
		o.notStored(entries, err)
	}
	q.drop(func(e *entry) bool { return e.stored || e.isAbandoned() })
	switch {
	case q.busy, q.isReady, q.isFailing():
	case isDue:
		q.stopTimer()
	case q.timer == nil:
		o.delay(q, gatherDelay)
	}
	o.settle(q)
}

// notStored notes that the disk refused entries. Those that are being written may be written yet, but their senders do not wait for it.
func (o *Outbox) notStored(entries []*entry, err error) {
	err = fmt.Errorf("neither the API server nor the spool accepts the event: %w", o.Metrics.failed(err))
	for _, e := range entries {
		e.id = 0
		e.answer(recorder.Outcome{}, err)
	}
}

// reject ends an event that can never be written. What is on disk was buried before; others are kept for an operator to look at, which
// may fail, since they were not acknowledged.
func (o *Outbox) reject(e *entry, cause error) {
	isDirect := e.answer(recorder.Outcome{}, cause)
	if !isDirect || o.Spool == nil || recorder.IsPanic(cause) || e.event.Source == v1alpha1.EventSourceClient {
		return
	}
	if stats := o.Spool.Stats(); stats.DeadBytes > stats.MaxBytes/deadShare {
		o.Log.Info("Rejected event not kept, too many dead letters", e.event.LogValues()...)
		return
	}
	done := func(err error) {
		if err != nil {
			o.Log.Error(o.Metrics.failed(err), "Rejected event not kept", e.event.LogValues()...)
		}
	}
	if err := o.Spool.Append([]spool.Record{deadLetter(e.event, cause, o.Now())}, done); err != nil {
		done(err)
	}
}

// buryAll makes dead letters of what is on disk and can never be written, or was refused by its namespace for too long. It is called
// without mu held, returns when that is on disk, and says how many there are. What cannot be buried is tried again.
func (o *Outbox) buryAll(q *queue, batch []*entry, written []recorder.Written) (buried int) {
	for i, e := range batch {
		o.mu.Lock()
		id, isStored := e.id, e.stored
		o.mu.Unlock()
		err := written[i].Err
		isExpired := recorder.IsNamespaceError(err) && o.Now().Sub(spool.Record{ID: id}.StoredAt()) > expiry
		if !isStored || (!recorder.IsPermanent(err) && !isExpired) {
			continue
		}
		if failure := o.bury(q.key, id, e.event, err); failure != nil {
			written[i].Err = failure
			continue
		}
		buried, e.isBuried = buried+1, true
		written[i].Err = &recorder.RejectedError{Err: err}
		o.Log.Info("Event can never be written, it is a dead letter now", append(e.event.LogValues(), "reason", err.Error())...)
	}
	return buried
}

// bury makes a dead letter of a record on disk.
func (o *Outbox) bury(key, id uint64, ev recorder.Event, cause error) error {
	dead := deadLetter(ev, cause, o.Now())
	dead.ID, dead.Session = id, key
	result := make(chan error, 1)
	err := o.Spool.Append([]spool.Record{dead}, func(err error) { result <- err })
	if err == nil {
		err = <-result
	}
	if err != nil {
		return o.Metrics.failed(err)
	}
	return nil
}

// expire buries what a namespace has refused for too long, without asking the API server for each.
func (o *Outbox) expire(l *lane, cause error) {
	for range expireAtOnce {
		o.mu.Lock()
		var q *queue
		if !o.isClosed {
			q = o.nextReplay(l)
		}
		if q != nil {
			q.busy = true
			o.replays++
		}
		o.mu.Unlock()
		if q == nil {
			return
		}
		batch, err := o.load(q)
		refused := slices.Repeat([]recorder.Written{{Err: cause}}, len(batch))
		buried := o.buryAll(q, batch, refused)
		o.finish(q, replay, batch, refused, err)
		if buried == 0 {
			return
		}
	}
}
