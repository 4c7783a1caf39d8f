// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "strings"

// Limits of what Parse accepts. They bound what ends in an object's status.
// The caller bounds the size of the body itself before it reads.
const (
	// MaxTypeLength is the longest event type, in characters (code points).
	MaxTypeLength = 128
	// MaxIDLength is the longest meeting or session id, in characters (code
	// points). The provider's own ids have 14 and 24.
	MaxIDLength = 512
	// MaxRecordingIDBytes is the longest id of a recording that is read, in
	// bytes. The provider's own ids have 24.
	MaxRecordingIDBytes = 128
	// MaxFilePathBytes is the longest filePath, in bytes: the longest key of
	// S3-compatible stores.
	MaxFilePathBytes = 1024
	// MaxFileURLBytes is the longest fileUrl, in bytes.
	MaxFileURLBytes = 2048
)

// Parse reads a webhook's body. Every error is a *FieldError, which says which
// field is wrong and how, and quotes nothing of the body.
//
// The body is one JSON object in UTF-8, without a byte order mark, at most
// 64 levels deep. One comma before a closing bracket is tolerated, because the
// examples on the provider's page have them; comments, single quotes and text
// after the object are not. Of the fields:
//
//   - unknown ones are ignored;
//   - names are matched without regard to case, as encoding/json does, and the
//     exact spelling wins over another one;
//   - a documented field that Parse reads and that is given twice is an error,
//     because either value could be the right one;
//   - null is the same as absent;
//   - "type" stands in for "webhookType", as in the provider's SDK, and
//     "LivestreamId" for "data.meetingId", as on its live streaming pages.
//
// A body whose type is not about recordings yields an Event with that Type and
// no error, whatever its data. For the others data.meetingId and
// data.sessionId are required. The file's fields are read of RecordingStopped
// only; any of them may be missing, see [Event]. What the provider does not
// document (id, encryption) never makes Parse fail.
func Parse(body []byte) (Event, error) {
	top, err := decodeBody(body, "webhookType", "type", "data")
	if err != nil {
		return Event{}, err
	}
	eventType, err := top.text("webhookType", "type")
	if err != nil {
		return Event{}, err
	}
	if err := eventType.require("name the event, such as recording-started", MaxTypeLength); err != nil {
		return Event{}, err
	}
	event := Event{Type: EventType(eventType.value)}
	if !event.Recognised() {
		return event, nil
	}
	data, err := top.object("data", append([]string{"meetingId", "LivestreamId", "sessionId", "id"}, fileFields...)...)
	if err != nil {
		return Event{}, err
	}
	if err := event.readIDs(data); err != nil {
		return Event{}, err
	}
	if event.Type != RecordingStopped {
		return event, nil
	}
	f, err := readFile(data)
	if err != nil {
		return Event{}, err
	}
	event.FilePath, event.FileURL, event.Encryption = f.path, f.url, f.encryption
	return event, nil
}

// RecordingID returns id where it can be that of a recording; else an empty string.
// The id of the meeting or of the session says nothing about a recording.
func RecordingID(id, meetingID, sessionID string) string {
	if len(id) > MaxRecordingIDBytes || strings.TrimSpace(id) == "" || id == meetingID || id == sessionID {
		return ""
	}
	return id
}

// readIDs reads the ids of a recognised event's data.
func (e *Event) readIDs(data object) (err error) {
	if e.MeetingID, err = data.id("meetingId", "LivestreamId"); err != nil {
		return err
	}
	if e.SessionID, err = data.id("sessionId"); err != nil {
		return err
	}
	if e.Type.IsRecording() {
		e.ID = RecordingID(data.optionalText("id", MaxRecordingIDBytes), e.MeetingID, e.SessionID)
	}
	return nil
}
