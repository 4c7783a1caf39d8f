// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"strings"
	"time"

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
	// ID is empty where the provider gave none that can be the recording's.
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
	// Failed has the types of those that did not, at most maxFailedTypes of them.
	Failed []videosdk.EventType
}

const maxFailedTypes = 100

// Problem says what is wrong with an entry: a field and what it must be. Such an
// entry hides no other.
type Problem string

// session reads an entry of the list of sessions, whatever shape it has.
func (d *decoder) session() Session {
	var s Session
	var id, room text
	d.object(func(name []byte) {
		switch string(name) {
		case `"id"`:
			id = d.text()
		case `"roomId"`:
			room = d.text()
		case `"customRoomId"`:
			s.CustomRoomID = d.text().value
		case `"start"`:
			s.Start = d.moment()
		case `"end"`:
			s.End = d.moment()
		default:
			d.skip()
		}
	})
	s.ID, s.RoomID, s.Problem = id.value, room.value, firstProblem(id.required("id"), room.required("roomId"))
	return s
}

// recording reads an entry of the list of recordings, whatever shape it has.
func (d *decoder) recording() Recording {
	var r Recording
	var id, room, session, fileID text
	var end, updated, created time.Time
	var f file
	d.object(func(name []byte) {
		switch string(name) {
		case `"id"`:
			id = d.text()
		case `"roomId"`:
			room = d.text()
		case `"sessionId"`:
			session = d.text()
		case `"end"`:
			end = d.moment()
		case `"updatedAt"`:
			updated = d.moment()
		case `"createdAt"`:
			created = d.moment()
		case `"fileId"`:
			fileID = d.text()
		case `"encryption"`:
			r.Encryption = d.encryption()
		case `"file"`:
			f = d.file()
		case `"webhook"`:
			r.Deliveries = d.deliveries()
		default:
			d.skip()
		}
	})
	r.RoomID, r.SessionID, r.FilePath, r.FileURL = room.value, session.value, f.path.value, f.url.value
	r.ID = videosdk.RecordingID(id.value, r.RoomID, r.SessionID)
	if f.encryption.Encrypted {
		r.Encryption = f.encryption
	}
	for _, at := range []time.Time{end, updated, created} {
		if r.Time.IsZero() {
			r.Time = at
		}
	}
	r.Problem = firstProblem(room.required("roomId"), session.required("sessionId"), f.problem(), r.completeFile(fileID.value))
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

// file is the file of a recording.
type file struct {
	path, url      text
	hasSize, wrong bool
	encryption     videosdk.Encryption
}

func (d *decoder) file() (f file) {
	if d.kind() == 'n' {
		d.skip()
		return f
	}
	f.wrong = !d.object(func(name []byte) {
		switch string(name) {
		case `"filePath"`:
			f.path = d.text()
		case `"fileUrl"`:
			f.url = d.text()
		case `"size"`:
			f.hasSize = d.kind() != 'n'
			d.skip()
		case `"encryption"`:
			f.encryption = d.encryption()
		default:
			d.skip()
		}
	})
	return f
}

// problem is that of a file that is there, and cannot be found.
func (f file) problem() Problem {
	switch {
	case f.wrong:
		return "file is not an object"
	case f.path.wrong:
		return "file.filePath is not a text"
	case f.url.wrong:
		return "file.fileUrl is not a text"
	case f.hasSize && f.path.value == "" && f.url.value == "":
		return "file.filePath and file.fileUrl are missing"
	}
	return ""
}

// encryption is that of a file, under the names that webhooks use.
func (d *decoder) encryption() videosdk.Encryption {
	if raw := d.value(); d.err == nil {
		return videosdk.ParseEncryption(raw)
	}
	return videosdk.Encryption{}
}

// deliveries reads the ledger of a recording.
func (d *decoder) deliveries() Deliveries {
	var ledger Deliveries
	d.object(func(name []byte) {
		switch string(name) {
		case `"totalCount"`:
			ledger.Total = count(d.number())
		case `"successCount"`:
			ledger.Succeeded = count(d.number())
		case `"data"`:
			d.array(func() {
				if eventType := d.failedType(); eventType != "" && len(ledger.Failed) < maxFailedTypes {
					ledger.Failed = append(ledger.Failed, videosdk.EventType(eventType))
				}
			})
		default:
			d.skip()
		}
	})
	return ledger
}

func count(n *int) int {
	if n == nil {
		return 0
	}
	return max(0, *n)
}

// failedType returns the type of a delivery that failed; empty for any other.
func (d *decoder) failedType() string {
	var eventType text
	succeeded := false
	d.object(func(name []byte) {
		switch string(name) {
		case `"type"`:
			eventType = d.text()
		case `"success"`:
			succeeded = d.kind() == 't'
			d.skip()
		default:
			d.skip()
		}
	})
	if succeeded || len(eventType.value) > videosdk.MaxTypeLength {
		return ""
	}
	return strings.TrimSpace(eventType.value)
}

func firstProblem(problems ...Problem) Problem {
	for _, problem := range problems {
		if problem != "" {
			return problem
		}
	}
	return ""
}
