// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "slices"

// EventType is the provider's name of an event, as sent in webhookType.
// Names are compared exactly, case included.
type EventType string

// The five recording events. The provider sends them in this order, Failed
// in place of any later one; delivery may lose, double or reorder them.
const (
	// RecordingStarting tells that the start of a recording was asked for.
	RecordingStarting EventType = "recording-starting"
	// RecordingStarted tells that the meeting is being recorded.
	RecordingStarted EventType = "recording-started"
	// RecordingStopping tells that the end of the recording was asked for.
	RecordingStopping EventType = "recording-stopping"
	// RecordingStopped tells that the recording is over. It is the only event
	// that names the recorded file.
	RecordingStopped EventType = "recording-stopped"
	// RecordingFailed tells that starting or stopping was interrupted.
	RecordingFailed EventType = "recording-failed"
)

// RecordingEventTypes returns the five recording events in the order of a
// recording's life. The caller owns the slice.
func RecordingEventTypes() []EventType {
	return []EventType{
		RecordingStarting, RecordingStarted, RecordingStopping, RecordingStopped, RecordingFailed,
	}
}

// IsRecording tells whether t is one of the five recording events. Other
// names that begin with "recording-" are not: what they mean is not known.
func (t EventType) IsRecording() bool {
	return slices.Contains(RecordingEventTypes(), t)
}

// Event is what a webhook tells.
//
// For an event that is not [Event.Recognised] only Type is set.
type Event struct {
	// Type is never empty.
	Type EventType
	// MeetingID and SessionID are the provider's own spelling, untouched:
	// neither trimmed nor lower-cased. They are not blank, at most MaxIDLength
	// characters, and hold no control characters; anything else is possible,
	// slashes and non-ASCII letters included.
	MeetingID, SessionID string
	// FilePath identifies the recorded file in the provider's storage, for
	// example "/encoded/videos/62d148951a1eb20029fc9b05.mp4". Set for
	// RecordingStopped only, and also empty there when the webhook names no
	// file. When only fileUrl was sent it is that URL's path, percent-decoded
	// and without host, query and fragment: the two agree in every example of
	// the provider, and a URL that is signed anew still names the same file.
	FilePath string
	// FileURL is where the file can be fetched: an absolute http or https URL
	// as it was sent. Empty when the webhook has none.
	FileURL string
}

// Recognised tells whether the event is one of the five recording events, and
// so has ids. Others are for the receiver to acknowledge and ignore.
func (e Event) Recognised() bool { return e.Type.IsRecording() }
