// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import "time"

// Names of the events in a stream.
const (
	// NameRecordingStateChanged is the event whose data is a RecordingChange.
	NameRecordingStateChanged = "recordingStateChanged"
	// NameProcessingStateChanged is the event whose data is a ProcessingChange.
	NameProcessingStateChanged = "processingStateChanged"
	// NameOutputReady is the event whose data is an Output.
	NameOutputReady = "outputReady"
	// NameReady ends the present state that a stream begins with; its data is {}.
	NameReady = "ready"
	// NameReset says that events since Last-Event-ID may be missing, because they are older than what the API server keeps; the
	// present state follows. Its data is {"reason": "..."}.
	NameReset = "reset"
)

// Status is how far a recording is, in the words of the provider's SDKs.
type Status string

// The statuses. The first four are those of the provider's client event recordingStateChanged. A status never goes back; a failed
// recording whose file comes after all becomes stopped.
const (
	RecordingStarting Status = "RECORDING_STARTING"
	RecordingStarted  Status = "RECORDING_STARTED"
	RecordingStopping Status = "RECORDING_STOPPING"
	RecordingStopped  Status = "RECORDING_STOPPED"
	// RecordingFailed is the webhook recording-failed. The provider's client event has no such status.
	RecordingFailed Status = "RECORDING_FAILED"
)

// Recording says which recording an event is about.
type Recording struct {
	// Name and Namespace are those of the MeetingRecording.
	Name      string `json:"recording"`
	Namespace string `json:"namespace"`
	// MeetingID and SessionID are the provider's, as it wrote them.
	MeetingID string `json:"meetingID"`
	SessionID string `json:"sessionID"`
	// Segment counts the recordings of the session, from 1.
	Segment int32 `json:"segment"`
}

// File is where the provider keeps the recorded file.
type File struct {
	Path string `json:"path"`
	URL  string `json:"url,omitempty"`
}

// RecordingChange tells that a recording came to a status.
type RecordingChange struct {
	Recording
	Status Status `json:"status"`
	// At is when the operator received the event from the provider.
	At time.Time `json:"at,omitzero"`
	// Source is the way by which the event came, such as Webhook.
	Source string `json:"source,omitempty"`
	// File is there from RecordingStopped on, where the provider named one.
	File *File `json:"file,omitempty"`
	// Snapshot is true where this is the present state that a stream begins with, not a change.
	Snapshot bool `json:"snapshot,omitempty"`
}

// Step is one step of post-processing.
type Step struct {
	Pipeline string `json:"pipeline"`
	Name     string `json:"name"`
	// State is Pending, Queued, Running, Succeeded, Failed or Skipped.
	State   string `json:"state"`
	Attempt int32  `json:"attempt"`
	// Message says why the step waits, or why it failed.
	Message string `json:"message,omitempty"`
}

// ProcessingChange tells that post-processing came to a state.
type ProcessingChange struct {
	Recording
	// State is Queued, Running, Succeeded, Failed, Skipped or Suspended. Waiting, which is before the end of the recording, is not
	// reported.
	State string `json:"state"`
	// At is when post-processing came to the state.
	At    time.Time `json:"at,omitzero"`
	Steps []Step    `json:"steps,omitempty"`
	// Snapshot is true where this is the present state that a stream begins with, not a change.
	Snapshot bool `json:"snapshot,omitempty"`
}

// Output reports one thing that a step made.
type Output struct {
	Recording
	Pipeline string `json:"pipeline"`
	Step     string `json:"step"`
	Attempt  int32  `json:"attempt"`
	// Name tells the outputs of a step apart.
	Name      string `json:"name"`
	URL       string `json:"url,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	// SizeBytes is nil where the step did not tell it.
	SizeBytes *int64 `json:"sizeBytes,omitempty"`
	// SHA256 is the digest of the output's bytes, in hexadecimal digits.
	SHA256 string `json:"sha256,omitempty"`
	// At is when the step ended.
	At time.Time `json:"at,omitzero"`
}
