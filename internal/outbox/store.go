// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// deadShare is the share of the spool, as a divisor, for events that the API server rejects at once: anyone with an account at the
	// provider can send those.
	deadShare = 8
	// refusedShare is the same for events of a namespace that refuses writes, to leave room for others.
	refusedShare = 2
	// clientShare is the same for client events, which webhooks repeat later.
	clientShare = 4
	// gatherDelay is how long an event that is spooled first waits for others of its session, to be written with them. So a burst of events is
	// acknowledged before its writes need the processors.
	gatherDelay = 400 * time.Millisecond
	// expiry is how long a namespace may refuse an event before it becomes a dead letter.
	expiry = 24 * time.Hour
	// maxReason limits the part of the API server's response in a dead letter.
	maxReason = 1 << 10
)

// store stores the entries of a queue that are not being stored yet, in order. It is called with mu held.
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
			o.storing++
			for i, e := range entries {
				e.id = records[i].ID
			}
		}
	}
	q.drop((*entry).isAbandoned)
	o.place(q)
}

// checkShare returns nil if the spool has room for an event.
func (o *Outbox) checkShare(q *queue, e *entry) error {
	stats := o.Spool.Stats()
	switch {
	case stats.Bytes > stats.MaxBytes/refusedShare && o.server.isClosed(direct) && !q.lane.health.isClosed(direct):
		return fmt.Errorf("namespace %s refuses writes and has used its share of the spool: %w", e.event.Namespace, o.Metrics.failed(spool.ErrFull))
	case stats.Bytes > stats.MaxBytes/clientShare && e.event.Source == v1alpha1.EventSourceClient:
		return fmt.Errorf("client events have used their share of the spool: %w", o.Metrics.failed(spool.ErrFull))
	}
	return nil
}

// stored is called by the Spool when entries are on disk, or cannot be.
func (o *Outbox) stored(q *queue, entries []*entry, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.storing--
	if err != nil {
		o.notStored(entries, err)
		entries = nil
	}
	for _, e := range entries {
		e.stored = true
		e.answer(recorder.Outcome{Result: Spooled}, nil)
		if e.isDone {
			o.Spool.Remove(q.key, e.id)
		}
	}
	q.drop(func(e *entry) bool { return e.stored || e.isAbandoned() })
	switch {
	case q.busy, q.isFailing():
	case !o.SpoolFirst:
		q.timer = nil
	case q.timer == nil:
		o.delay(q, gatherDelay)
	}
	o.settle(q)
}

// notStored handles entries that the disk refused. Those that are being written may still be written, but their senders do not wait for that.
func (o *Outbox) notStored(entries []*entry, err error) {
	err = fmt.Errorf("neither the API server nor the spool accepts the event: %w", o.Metrics.failed(err))
	for _, e := range entries {
		e.id = 0
		e.answer(recorder.Outcome{}, err)
	}
}

// reject ends an event that is rejected permanently. It becomes a dead letter and replaces its record, if it has one: then the entry stays
// until that is on disk, or is written again if it cannot be stored. An event without a record was not acknowledged.
func (o *Outbox) reject(q *queue, e *entry, cause error) error {
	isDirect := e.answer(recorder.Outcome{}, cause)
	if e.id == 0 {
		if !isDirect || o.Spool == nil || recorder.IsPanic(cause) || e.event.Source == v1alpha1.EventSourceClient {
			return nil
		}
		if stats := o.Spool.Stats(); stats.DeadBytes > stats.MaxBytes/deadShare {
			o.Log.Info("Rejected event dropped, too many dead letters", e.event.LogValues()...)
			return nil
		}
	}
	reason := cause.Error()
	dead := SpooledEvent{e.event, reason[:min(len(reason), maxReason)], o.Now()}.Record(spool.Dead)
	dead.ID, dead.Session = e.id, q.key
	err := o.Spool.Append([]spool.Record{dead}, func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err == nil {
			o.Log.Info("Event set aside as dead letter", append(e.event.LogValues(), "reason", cause.Error())...)
		} else if o.Log.Error(o.Metrics.failed(err), "Rejected event not stored", e.event.LogValues()...); e.id != 0 {
			o.delay(q, openFor)
		}
		q.drop(func(other *entry) bool { return other == e })
		o.settle(q)
	})
	if err != nil {
		return o.Metrics.failed(err)
	}
	e.stored = false
	return nil
}

// isExpired reports whether a refusal counts as permanent after so long on disk, by the clock of the start: it may have been set since.
func (o *Outbox) isExpired(e *entry) bool {
	return e.stored && o.began.Add(time.Since(o.began)).Sub(spool.Record{ID: e.id}.StoredAt()) > expiry
}

// SpooledEvent is the form of an event in the spool and in its exports.
type SpooledEvent struct {
	recorder.Event
	// Reason and DeadTime say why and since when it is a dead letter.
	Reason   string    `json:"reason,omitempty"`
	DeadTime time.Time `json:"deadTime,omitzero"`
}

// Record returns the spool's record of the event. It is new, so it gets an ID when it is appended.
func (e SpooledEvent) Record(state spool.State) spool.Record {
	payload, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and times always encode, except for years that no clock has
	}
	return spool.Record{State: state, Group: e.Namespace, Session: sessionKey(e.Session), Payload: payload}
}

// Decode returns the event of a record.
func Decode(r spool.Record) (SpooledEvent, error) {
	var e SpooledEvent
	if err := json.Unmarshal(r.Payload, &e); err != nil {
		return SpooledEvent{}, fmt.Errorf("decode spooled event %d: %w", r.ID, err)
	}
	return e, nil
}

// sessionKey is a session's number in the spool. If two sessions had the same, they would only share a queue.
func sessionKey(s recorder.Session) uint64 {
	digest := sha256.New()
	for _, part := range []string{s.Namespace, s.MeetingID, s.SessionID} {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write([]byte(part))
	}
	return max(1, binary.BigEndian.Uint64(digest.Sum(nil)))
}
