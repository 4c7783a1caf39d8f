// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// Session is one session of a room.
type Session struct {
	// ID is the webhooks' sessionId.
	ID string
	// RoomID is the webhooks' meetingId; CustomRoomID is the id that the
	// customer gave the room, if any.
	RoomID, CustomRoomID string
	// Start and End are zero where the provider gave none. A session that goes
	// on has no End.
	Start, End time.Time
	// Problem is empty for an entry that could be read.
	Problem Problem
}

// Recording is one recording of a session.
type Recording struct {
	ID, RoomID, SessionID string
	// FilePath and FileURL are empty for a recording that has no file (yet).
	FilePath, FileURL string
	Encryption        videosdk.Encryption
	// Time is when the recording ended, as far as the provider says: the end,
	// else the last update, else the creation. It is zero where it says nothing.
	Time time.Time
	// Deliveries is the provider's own account of its webhooks.
	Deliveries Deliveries
	// Problem is empty for an entry that could be read.
	Problem Problem
}

// Deliveries says how many webhooks the provider sent about a recording, and
// how many of them succeeded.
type Deliveries struct {
	Total, Succeeded int
	// Failed has the types of those that did not.
	Failed []videosdk.EventType
}

// Problem says what is wrong with an entry: a field and what it must be.
type Problem string

// wireSession is a session as the provider writes it. Its fields take whatever
// comes, so that an entry that cannot be read gets a Problem and hides no other.
type wireSession struct {
	ID           text   `json:"id"`
	RoomID       text   `json:"roomId"`
	CustomRoomID text   `json:"customRoomId"`
	Start        moment `json:"start"`
	End          moment `json:"end"`
}

func (wire wireSession) entry() Session {
	return Session{
		ID: wire.ID.value, RoomID: wire.RoomID.value, CustomRoomID: wire.CustomRoomID.value,
		Start: wire.Start.Time, End: wire.End.Time,
		Problem: firstProblem(wire.ID.required("id"), wire.RoomID.required("roomId")),
	}
}

// wireRecording is a recording as the provider writes it, see wireSession.
type wireRecording struct {
	ID         text                 `json:"id"`
	RoomID     text                 `json:"roomId"`
	SessionID  text                 `json:"sessionId"`
	End        moment               `json:"end"`
	UpdatedAt  moment               `json:"updatedAt"`
	CreatedAt  moment               `json:"createdAt"`
	FileID     text                 `json:"fileId"`
	Encryption encryption           `json:"encryption"`
	File       optional[wireFile]   `json:"file"`
	Webhook    optional[wireLedger] `json:"webhook"`
}

func (wire wireRecording) entry() Recording {
	r := Recording{
		ID: wire.ID.value, RoomID: wire.RoomID.value, SessionID: wire.SessionID.value,
		FilePath: wire.File.value.Path.value, FileURL: wire.File.value.URL.value,
		Encryption: videosdk.Encryption(wire.Encryption),
		Deliveries: wire.Webhook.value.deliveries(),
	}
	if wire.File.value.Encryption.Encrypted {
		r.Encryption = videosdk.Encryption(wire.File.value.Encryption)
	}
	for _, at := range []moment{wire.End, wire.UpdatedAt, wire.CreatedAt} {
		if r.Time.IsZero() {
			r.Time = at.Time
		}
	}
	r.Problem = firstProblem(wire.RoomID.required("roomId"), wire.SessionID.required("sessionId"), wire.File.value.problem(), r.completeFile(wire.FileID.value))
	return r
}

// completeFile checks the file as if a webhook had brought it, and fills in its
// path where the entry has only a URL or an id.
func (r *Recording) completeFile(fileID string) Problem {
	path, err := videosdk.FilePath(r.FilePath, r.FileURL, fileID)
	if err != nil {
		return Problem(err.Error())
	}
	if r.FilePath == "" && r.FileURL == "" {
		return "" // no file, or not yet: an id alone says nothing about that
	}
	r.FilePath = path
	return ""
}

type wireFile struct {
	Path       text            `json:"filePath"`
	URL        text            `json:"fileUrl"`
	Size       json.RawMessage `json:"size"`
	Encryption encryption      `json:"encryption"`
}

// problem is that of a file that is there, and cannot be found.
func (f wireFile) problem() Problem {
	switch {
	case f.Path.wrong:
		return "file.filePath is not a text"
	case f.URL.wrong:
		return "file.fileUrl is not a text"
	case len(f.Size) > 0 && f.Path.value == "" && f.URL.value == "":
		return "file.filePath and file.fileUrl are missing"
	}
	return ""
}

type wireLedger struct {
	Total   int `json:"totalCount"`
	Success int `json:"successCount"`
	Data    []struct {
		Type    text `json:"type"`
		Success bool `json:"success"`
	} `json:"data"`
}

func (l wireLedger) deliveries() Deliveries {
	d := Deliveries{Total: max(0, l.Total), Succeeded: max(0, l.Success)}
	for _, delivery := range l.Data {
		if !delivery.Success && delivery.Type.value != "" {
			d.Failed = append(d.Failed, videosdk.EventType(delivery.Type.value))
		}
	}
	return d
}

// optional is a value that may be missing, null or of another shape, which all
// leave it zero.
type optional[T any] struct{ value T }

// UnmarshalJSON never fails.
func (o *optional[T]) UnmarshalJSON(raw []byte) error {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		o.value = value
	}
	return nil
}

// encryption is that of a file, under the names that webhooks use.
type encryption videosdk.Encryption

// UnmarshalJSON never fails.
func (e *encryption) UnmarshalJSON(raw []byte) error {
	*e = encryption(videosdk.ParseEncryption(raw))
	return nil
}

// text is a string of at most videosdk.MaxIDLength characters or so: what it
// holds ends in an object, after it was checked as a webhook's would be.
type text struct {
	value string
	wrong bool // there, but no string that can be used
}

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(raw []byte) error {
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	value, ok := plainString(raw)
	if !ok && json.Unmarshal(raw, &value) != nil || strings.ContainsFunc(value, isUnfit) {
		t.wrong = true
		return nil //nolint:nilerr // the problem is the field's
	}
	t.value = value
	return nil
}

// plainString returns a string without escapes, as most are, and reports whether
// raw is one. A page has hundreds of them.
func plainString(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

func isUnfit(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

func (t text) required(field string) Problem {
	switch {
	case t.wrong:
		return Problem(field + " is not a text")
	case strings.TrimSpace(t.value) == "":
		return Problem(field + " is missing")
	case utf8.RuneCountInString(t.value) > videosdk.MaxIDLength:
		return Problem(field + " is too long")
	}
	return ""
}

// moment is a time, as RFC 3339 or as milliseconds since 1970; zero where it is
// neither.
type moment struct{ time.Time }

// UnmarshalJSON never fails.
func (m *moment) UnmarshalJSON(raw []byte) error {
	value, ok := plainString(raw)
	if !ok {
		var milliseconds int64
		if json.Unmarshal(raw, &milliseconds) == nil && milliseconds > 0 {
			m.Time = time.UnixMilli(milliseconds).UTC()
		}
		return nil
	}
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil && at.Year() > 1970 && at.Year() < 10000 {
		m.Time = at.UTC()
	}
	return nil
}

func firstProblem(problems ...Problem) Problem {
	for _, problem := range problems {
		if problem != "" {
			return problem
		}
	}
	return ""
}
