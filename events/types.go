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

// Status is the state of a recording in the words of the provider's SDKs.
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

// Recording identifies the recording that an event is about. CloudEvents and notifications have the same.
type Recording struct {
	// Name, Namespace and UID are those of the MeetingRecording. A notification has no UID.
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid,omitempty"`
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

// RecordingChange reports that a recording came to a state.
type RecordingChange struct {
	Recording `json:"recording"`
	Status    Status `json:"status"`
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
	Step     string `json:"step"`
	// State is Pending, Queued, Running, Succeeded, Failed or Skipped.
	State   string `json:"state"`
	Attempt int32  `json:"attempt"`
	// Message says why the step waits, or why it failed.
	Message string `json:"message,omitempty"`
}

// ProcessingChange reports that post-processing came to a state.
type ProcessingChange struct {
	Recording `json:"recording"`
	// State is Queued, Running, Succeeded, Failed, Skipped or Suspended. Waiting, which is before the end of the recording, is not
	// reported.
	State string `json:"state"`
	// At is when post-processing came to the state.
	At    time.Time `json:"at,omitzero"`
	Steps []Step    `json:"steps,omitempty"`
	// Snapshot is true where this is the present state that a stream begins with, not a change.
	Snapshot bool `json:"snapshot,omitempty"`
}

// Output reports one output of a step.
type Output struct {
	Recording `json:"recording"`
	Pipeline  string `json:"pipeline"`
	Step      string `json:"step"`
	Attempt   int32  `json:"attempt"`
	// Name identifies the output within its step.
	Name      string `json:"name"`
	URL       string `json:"url,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	// SizeBytes is nil if the step did not report it.
	SizeBytes *int64 `json:"sizeBytes,omitempty"`
	// SHA256 is the digest of the output's bytes, in hexadecimal digits.
	SHA256 string `json:"sha256,omitempty"`
	// At is when the step ended.
	At time.Time `json:"at,omitzero"`
}
