// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RecordingState tells how far the provider's recording is.
//
// +kubebuilder:validation:Enum=Starting;Started;Stopping;Stopped;Failed
type RecordingState string

// The states of a recording. Stopped and Failed are terminal, but for one
// way: a Failed recording whose file arrives after all becomes Stopped. A
// state never goes back.
const (
	// RecordingStarting means that the provider is about to record
	// (recording-starting).
	RecordingStarting RecordingState = "Starting"
	// RecordingStarted means that the provider records (recording-started).
	RecordingStarted RecordingState = "Started"
	// RecordingStopping means that the provider is finishing the file
	// (recording-stopping).
	RecordingStopping RecordingState = "Stopping"
	// RecordingStopped means that the recording ended and its file can be had
	// (recording-stopped).
	RecordingStopped RecordingState = "Stopped"
	// RecordingFailed means that the provider could not record
	// (recording-failed).
	RecordingFailed RecordingState = "Failed"
)

// EventType is the kind of an event of the provider, named for the state
// that it tells of.
//
// +kubebuilder:validation:Enum=Starting;Started;Stopping;Stopped;Failed
type EventType string

// The types of events.
const (
	// EventStarting is recording-starting.
	EventStarting EventType = "Starting"
	// EventStarted is recording-started.
	EventStarted EventType = "Started"
	// EventStopping is recording-stopping.
	EventStopping EventType = "Stopping"
	// EventStopped is recording-stopped.
	EventStopped EventType = "Stopped"
	// EventFailed is recording-failed.
	EventFailed EventType = "Failed"
)

// EventSource tells by which way an event came.
//
// +kubebuilder:validation:Enum=Webhook;Client
type EventSource string

// The sources of events.
const (
	// EventSourceWebhook is a signed webhook of the provider.
	EventSourceWebhook EventSource = "Webhook"
	// EventSourceClient is a client that the sidecar has given a token, which
	// forwards what its SDK told it (recordingStateChanged). It may be wrong:
	// nothing is processed because of it.
	EventSourceClient EventSource = "Client"
)

// RecordingEvent is one type of event that arrived for the recording, with
// how often it did.
type RecordingEvent struct {
	// type is the kind of event: Starting, Started, Stopping, Stopped or Failed,
	// for the provider's webhooks recording-starting, recording-started,
	// recording-stopping, recording-stopped and recording-failed. A client's
	// RECORDING_STOPPED is Stopping: only the provider ends a recording. A
	// recording has at most one entry of each type.
	// +required
	Type EventType `json:"type"`

	// source is the way by which the event came. Webhook: a signed webhook of the
	// provider. Client: an app told of it by a client event; the first webhook of
	// the type takes its place.
	// +required
	Source EventSource `json:"source"`

	// receivedAt is when the event first arrived, by the receiver's clock: the
	// provider sends no time.
	// +required
	ReceivedAt metav1.MicroTime `json:"receivedAt"`

	// deliveries is how often the event arrived, the first time included. The
	// provider may send an event twice. Clients' events are not counted beyond
	// the first.
	// +kubebuilder:validation:Minimum=1
	// +required
	Deliveries int32 `json:"deliveries"`

	// lastReceivedAt is when the event arrived for the last time; the same as
	// receivedAt where it came once.
	// +required
	LastReceivedAt metav1.MicroTime `json:"lastReceivedAt"`
}

// RecordingFile is where the provider keeps the recorded file.
type RecordingFile struct {
	// path is the file's path at the provider (VideoSDK: filePath). It
	// identifies the recording: every path is on exactly one MeetingRecording.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +required
	Path string `json:"path"`

	// url is the address from which the file can be fetched (VideoSDK: fileUrl).
	// It is missing where the provider gave none.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	URL string `json:"url,omitempty"`
}

// RecordingStatus is what the provider told of the recording, and clients
// before it. Only the webhook sidecar writes it.
type RecordingStatus struct {
	// state tells how far the provider's recording is. Starting: the provider is
	// about to record. Started: it records. Stopping: it is finishing the file.
	// Stopped: the recording ended and its file can be had. Failed: the provider
	// could not record. It is the furthest state that an event told of, in
	// whatever order events arrived; a file wins over a failure. Clients can tell
	// of Starting, Started and Stopping, never of Stopped or Failed. It is missing
	// until the first event.
	// +optional
	State RecordingState `json:"state,omitempty"`

	// file is the recorded file, once the recording is Stopped and the provider
	// named one.
	// +optional
	File *RecordingFile `json:"file,omitempty"`

	// settled is true on a failed recording that can no longer get a file,
	// because a file that came after it belongs to another recording of the
	// session.
	// +optional
	Settled bool `json:"settled,omitempty"`

	// startedAt is when recording-started arrived; when recording-starting did,
	// where only that is known.
	// +optional
	StartedAt *metav1.MicroTime `json:"startedAt,omitempty"`

	// endedAt is when the event arrived that ended the recording:
	// recording-stopped, or else recording-failed.
	// +optional
	EndedAt *metav1.MicroTime `json:"endedAt,omitempty"`

	// events lists what arrived, one entry for each type of event, in the order
	// in which the types first arrived.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:default={}
	// +optional
	Events []RecordingEvent `json:"events"`
}
