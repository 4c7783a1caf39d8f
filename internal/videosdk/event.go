// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "slices"

// EventType is the provider's name of an event, as sent in webhookType.
// Names are compared exactly, case included.
type EventType string

// The five recording events. The provider sends them in this order, Failed
// in place of any later one; delivery may lose, duplicate or reorder them.
const (
	// RecordingStarting: somebody requested the start of a recording.
	RecordingStarting EventType = "recording-starting"
	// RecordingStarted: the provider records the meeting.
	RecordingStarted EventType = "recording-started"
	// RecordingStopping: somebody requested the end of the recording.
	RecordingStopping EventType = "recording-stopping"
	// RecordingStopped: the recording is over. It is the only event that names
	// the recorded file.
	RecordingStopped EventType = "recording-stopped"
	// RecordingFailed: the start or the stop was interrupted.
	RecordingFailed EventType = "recording-failed"
)

// SessionEnded says that a session is over, and every recording of it with it.
const SessionEnded EventType = "session-ended"

// RecordingEventTypes returns the five recording events in the order of a
// recording's life. The caller owns the slice.
func RecordingEventTypes() []EventType {
	return []EventType{
		RecordingStarting, RecordingStarted, RecordingStopping, RecordingStopped, RecordingFailed,
	}
}

// IsRecording reports whether t is one of the five recording events. Other
// names that begin with "recording-" are not: their meaning is unknown.
func (t EventType) IsRecording() bool {
	return slices.Contains(RecordingEventTypes(), t)
}

// Event is the content of a webhook.
//
// For an event that is not [Event.Recognised] only Type is set.
type Event struct {
	// Type is never empty.
	Type EventType
	// ID is data.id of a recording event: probably the recording's, but its
	// meaning is not documented. It is evidence, not a contract: a value that
	// cannot be an id of a recording, such as a number or the session's own id,
	// is left out, not refused.
	ID string
	// MeetingID and SessionID are the provider's own spelling: neither trimmed
	// nor lower-cased. They are not blank, at most MaxIDLength characters, and
	// hold no control characters. Anything else is possible, slashes and
	// non-ASCII letters included.
	MeetingID, SessionID string
	// FilePath identifies the recorded file in the provider's storage, for
	// example "/encoded/videos/62d148951a1eb20029fc9b05.mp4". Only a
	// RecordingStopped has one, and not all of them do. Where the webhook has
	// no filePath it is the path of fileUrl: percent-decoded and without host,
	// query and fragment, so that a URL that is signed again names the same
	// file. Where there is no fileUrl either it is fileId, the base name that
	// older webhooks carry.
	FilePath string
	// FileURL is where the file can be fetched: an absolute http or https URL
	// as it was sent. Empty when the webhook has none, for example because the
	// file is in the customer's own bucket.
	FileURL string
	// Encryption is how the file is encrypted. Set for RecordingStopped only.
	Encryption Encryption
}

// Encryption says whether a file is encrypted, and where what decrypts it is.
type Encryption struct {
	// Encrypted is true where the provider sent an address of a key or of
	// metadata, also where that address cannot be used.
	Encrypted bool
	// KeyURL is the address of the wrapped data key, MetadataURL that of the
	// encryption's parameters. Each is empty where the provider sent none, or
	// none that can be used.
	KeyURL, MetadataURL string
}

// Recognised reports whether the event matters to recordings, and so has ids:
// the five recording events and SessionEnded. Others are for the receiver to
// acknowledge and ignore.
func (e Event) Recognised() bool { return e.Type.IsRecording() || e.Type == SessionEnded }
