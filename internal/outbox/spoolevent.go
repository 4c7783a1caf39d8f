// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// SpooledEvent is an event as it is kept in the spool, and exported from it.
type SpooledEvent struct {
	// Namespace is missing in what versions wrote that knew of one only.
	Namespace string               `json:"namespace,omitempty"`
	MeetingID string               `json:"meetingId"`
	SessionID string               `json:"sessionId"`
	Type      v1alpha1.EventType   `json:"type"`
	Source    v1alpha1.EventSource `json:"source"`
	ID        string               `json:"id,omitempty"`
	FilePath  string               `json:"filePath,omitempty"`
	FileURL   string               `json:"fileUrl,omitempty"`
	// Encryption is missing where the file is not encrypted.
	Encryption *v1alpha1.FileEncryption `json:"encryption,omitempty"`
	ReceivedAt time.Time                `json:"receivedAt"`
}

// encodeSpooled is the event's payload in the spool.
func encodeSpooled(ev recorder.Event) (json.RawMessage, error) {
	payload, err := json.Marshal(SpooledEvent{
		Namespace: ev.Session.Namespace, MeetingID: ev.Session.MeetingID, SessionID: ev.Session.SessionID,
		Type: ev.Type, Source: ev.Source, ID: ev.ID, FilePath: ev.FilePath, FileURL: ev.FileURL, Encryption: ev.Encryption, ReceivedAt: ev.ReceivedAt,
	})
	if err != nil {
		return nil, fmt.Errorf("encode an event for the spool: %w", err)
	}
	return payload, nil
}

// decodeSpooled is the reverse.
func decodeSpooled(payload json.RawMessage) (recorder.Event, error) {
	var e SpooledEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return recorder.Event{}, fmt.Errorf("decode an event of the spool: %w", err)
	}
	return recorder.Event{
		Session: recorder.Session{Namespace: e.Namespace, MeetingID: e.MeetingID, SessionID: e.SessionID},
		Event: lifecycle.Event{
			Type: e.Type, Source: e.Source, ID: e.ID, FilePath: e.FilePath, FileURL: e.FileURL, Encryption: e.Encryption, ReceivedAt: e.ReceivedAt,
		},
	}, nil
}

// spoolKey is the session's name in the spool, a different one for each.
func spoolKey(s recorder.Session) string {
	if s.Namespace == "" {
		return spoolKeyOfOne(s)
	}
	return keyOf(s.Namespace, s.MeetingID, s.SessionID)
}

// spoolKeyOfOne is the name that versions gave it which knew of one namespace
// only: what they left in the spool has it.
func spoolKeyOfOne(s recorder.Session) string { return keyOf(s.MeetingID, s.SessionID) }

// namespaceOfKey returns the namespace in a session's name in the spool.
func namespaceOfKey(key string) string {
	var parts []string
	if err := json.Unmarshal([]byte(key), &parts); err != nil || len(parts) < 3 {
		return ""
	}
	return parts[0]
}

func keyOf(parts ...string) string {
	key, err := json.Marshal(parts)
	if err != nil {
		// Strings always encode.
		panic(err)
	}
	return string(key)
}
