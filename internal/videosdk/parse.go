// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

// Limits of what Parse accepts. They bound what ends in an object's status;
// the size of the body itself is for the caller to bound before it reads.
const (
	// MaxTypeLength is the longest event type, in characters (code points).
	MaxTypeLength = 128
	// MaxIDLength is the longest meeting or session id, in characters (code
	// points). The provider's own ids have 14 and 24.
	MaxIDLength = 512
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
//   - one that Parse reads and that is given twice is an error, because it
//     would be a guess which is meant;
//   - null is the same as absent;
//   - "type" stands in for "webhookType", as in the provider's SDK, and
//     "LivestreamId" for "data.meetingId", as on its live streaming pages.
//
// A body whose type is not about recordings yields an Event with that Type and
// no error, whatever its data. For a recording event data.meetingId and
// data.sessionId are required. data.filePath and data.fileUrl are read of
// RecordingStopped only; none, either or both may be there, see [Event].
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
	data, err := top.object("data", "meetingId", "LivestreamId", "sessionId", "filePath", "fileUrl")
	if err != nil {
		return Event{}, err
	}
	if event.MeetingID, err = data.id("meetingId", "LivestreamId"); err != nil {
		return Event{}, err
	}
	if event.SessionID, err = data.id("sessionId"); err != nil {
		return Event{}, err
	}
	if event.Type == RecordingStopped {
		if event.FilePath, event.FileURL, err = readFile(data); err != nil {
			return Event{}, err
		}
	}
	return event, nil
}
