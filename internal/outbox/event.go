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
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// SpooledEvent is an event as it is kept in the spool, and exported from it.
type SpooledEvent struct {
	Namespace string               `json:"namespace"`
	MeetingID string               `json:"meetingId"`
	SessionID string               `json:"sessionId"`
	Type      v1alpha1.EventType   `json:"type"`
	Source    v1alpha1.EventSource `json:"source"`
	// ID is that which the event carried.
	ID          string                   `json:"id,omitempty"`
	FilePath    string                   `json:"filePath,omitempty"`
	FileURL     string                   `json:"fileUrl,omitempty"`
	Encryption  *v1alpha1.FileEncryption `json:"encryption,omitempty"`
	ReceiveTime time.Time                `json:"receiveTime"`
	// Reason and DeadTime say why and since when it is a dead letter.
	Reason   string    `json:"reason,omitempty"`
	DeadTime time.Time `json:"deadTime,omitzero"`
}

// newSpooledEvent returns the form of an event in the spool.
func newSpooledEvent(ev recorder.Event) SpooledEvent {
	return SpooledEvent{
		Namespace: ev.Session.Namespace, MeetingID: ev.Session.MeetingID, SessionID: ev.Session.SessionID,
		Type: ev.Type, Source: ev.Source, ID: ev.ID, FilePath: ev.FilePath, FileURL: ev.FileURL, Encryption: ev.Encryption,
		ReceiveTime: ev.ReceivedAt,
	}
}

func (e SpooledEvent) event() recorder.Event {
	return recorder.Event{
		Session: recorder.Session{Namespace: e.Namespace, MeetingID: e.MeetingID, SessionID: e.SessionID},
		Event: lifecycle.Event{
			Type: e.Type, Source: e.Source, ID: e.ID, FilePath: e.FilePath, FileURL: e.FileURL, Encryption: e.Encryption,
			ReceivedAt: e.ReceiveTime,
		},
	}
}

// record returns the spool's record of the event. It is new, so it gets an ID when it is appended.
func (e SpooledEvent) record(state spool.State) spool.Record {
	payload, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and times always encode, but for years that no clock has
	}
	return spool.Record{State: state, Group: e.Namespace, Session: sessionKey(e.event().Session), Payload: payload}
}

// Decode returns the event of a record.
func Decode(r spool.Record) (SpooledEvent, error) {
	var e SpooledEvent
	if err := json.Unmarshal(r.Payload, &e); err != nil {
		return SpooledEvent{}, fmt.Errorf("decode spooled event %d: %w", r.ID, err)
	}
	return e, nil
}

// deadLetter returns the record that takes the place of r.
func deadLetter(r spool.Record, cause error, now time.Time) spool.Record {
	e, err := Decode(r)
	if err != nil {
		e = SpooledEvent{Namespace: r.Group}
	}
	text := cause.Error()
	e.Reason, e.DeadTime = text[:min(len(text), maxReason)], now
	dead := e.record(spool.Dead)
	dead.ID, dead.Session = r.ID, r.Session
	return dead
}

// maxReason cuts what a dead letter keeps of the API server's response.
const maxReason = 1 << 10

// sessionKey is a session's number in the spool. Two sessions that shared one would share a queue, and nothing else.
func sessionKey(s recorder.Session) uint64 {
	digest := sha256.New()
	for _, part := range []string{s.Namespace, s.MeetingID, s.SessionID} {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write([]byte(part))
	}
	return max(1, binary.BigEndian.Uint64(digest.Sum(nil)))
}
