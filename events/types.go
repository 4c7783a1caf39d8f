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
	// NameReady follows the current state at the beginning of a stream; its data is {}.
	NameReady = "ready"
	// NameReset says that events since Last-Event-ID may be missing, because they are older than the API server's history. The current
	// state follows. Its data is {"reason": "..."}.
	NameReset = "reset"
)

// Status is the state of a recording, spelled as in the provider's SDKs.
type Status string

// The statuses. The first four are also in the provider's client event recordingStateChanged. A status never goes back, but a failed
// recording becomes stopped if its file arrives later.
const (
	RecordingStarting Status = "RECORDING_STARTING"
	RecordingStarted  Status = "RECORDING_STARTED"
	RecordingStopping Status = "RECORDING_STOPPING"
	RecordingStopped  Status = "RECORDING_STOPPED"
	// RecordingFailed is the webhook recording-failed. The provider's client event has no such status.
	RecordingFailed Status = "RECORDING_FAILED"
)

// Recording identifies the recording of an event, also in CloudEvents and notifications.
type Recording struct {
	// Name, Namespace and UID identify the MeetingRecording. A notification has no UID.
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid,omitempty"`
	// MeetingID and SessionID are the provider's ids, unchanged.
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

// RecordingChange reports a recording's new state.
type RecordingChange struct {
	Recording `json:"recording"`
	Status    Status `json:"status"`
	// At is when the operator received the event from the provider.
	At time.Time `json:"at,omitzero"`
	// Source is where the event came from, such as Webhook.
	Source string `json:"source,omitempty"`
	// File is set with RecordingStopped, if the provider named a file.
	File *File `json:"file,omitempty"`
	// Snapshot is true for the current state at the beginning of a stream, which is not a change.
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

// ProcessingChange reports the new state of post-processing.
type ProcessingChange struct {
	Recording `json:"recording"`
	// State is Queued, Running, Succeeded, Failed, Skipped or Suspended. Waiting is not reported.
	State string `json:"state"`
	// At is when the state last changed.
	At    time.Time `json:"at,omitzero"`
	Steps []Step    `json:"steps,omitempty"`
	// Snapshot is true for the current state at the beginning of a stream, which is not a change.
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
