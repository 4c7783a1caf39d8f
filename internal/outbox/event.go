// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// SpooledEvent is an event as it is kept in the spool, and exported from it.
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
		panic(err) // texts and times always encode, but for years that no clock has
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

// maxReason cuts what a dead letter keeps of the API server's response.
const maxReason = 1 << 10

// deadLetter returns the record of an event that can never be written.
func deadLetter(ev recorder.Event, cause error, now time.Time) spool.Record {
	reason := cause.Error()
	return SpooledEvent{ev, reason[:min(len(reason), maxReason)], now}.Record(spool.Dead)
}

// sessionKey is a session's number in the spool. Two sessions that shared one would share a queue, and nothing else.
func sessionKey(s recorder.Session) uint64 {
	digest := sha256.New()
	for _, part := range []string{s.Namespace, s.MeetingID, s.SessionID} {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write([]byte(part))
	}
	return max(1, binary.BigEndian.Uint64(digest.Sum(nil)))
}
