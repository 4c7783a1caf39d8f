// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RecordingState is the state of the provider's recording.
//
// +kubebuilder:validation:Enum=Starting;Started;Stopping;Stopped;Failed
type RecordingState string

// The states of a recording. Stopped and Failed are terminal, with one exception: a Failed recording whose file arrives later
// becomes Stopped.
const (
	// RecordingStarting means the provider is about to record (recording-starting).
	RecordingStarting RecordingState = "Starting"
	// RecordingStarted means the provider is recording (recording-started).
	RecordingStarted RecordingState = "Started"
	// RecordingStopping means the provider is finishing the file (recording-stopping).
	RecordingStopping RecordingState = "Stopping"
	// RecordingStopped means the recording has ended (recording-stopped).
	RecordingStopped RecordingState = "Stopped"
	// RecordingFailed means the provider could not record (recording-failed).
	RecordingFailed RecordingState = "Failed"
)

// EventType is the type of an event. It has the name of the state that the event reports.
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

// EventSource is where an event came from.
//
// +kubebuilder:validation:Enum=Webhook;Client;Backfill
type EventSource string

// The sources of events.
const (
	// EventSourceWebhook is a signed webhook of the provider.
	EventSourceWebhook EventSource = "Webhook"
	// EventSourceClient is an app that forwarded a client event (recordingStateChanged). It never starts processing.
	EventSourceClient EventSource = "Client"
	// EventSourceBackfill is the provider's REST API, because no webhook was delivered.
	EventSourceBackfill EventSource = "Backfill"
)

// RecordingEvent is one type of event that arrived for the recording.
type RecordingEvent struct {
	// type is the type of the event: Starting, Started, Stopping, Stopped or Failed, for the provider's webhooks
	// recording-starting, recording-started, recording-stopping, recording-stopped and recording-failed. A client's
	// RECORDING_STOPPED is Stopping, because only the provider ends a recording.
	// +required
	Type EventType `json:"type"`

	// source is where the event came from. Webhook: a signed webhook of the provider. Client: an app that forwarded a client event; the first
	// webhook of the same type replaces it. Backfill: the provider's REST API, because no webhook was delivered.
	// +required
	Source EventSource `json:"source"`

	// receiveTime is when the event first arrived, by the receiver's clock, because webhooks carry no time. For source Backfill it
	// is the provider's own time of the event.
	// +required
	ReceiveTime metav1.MicroTime `json:"receiveTime"`

	// deliveries is how often the event arrived, including the first time. The provider may send an event twice. Of a client's
	// events only the first counts.
	// +kubebuilder:validation:Minimum=1
	// +required
	Deliveries int32 `json:"deliveries"`

	// lastReceiveTime is when the event last arrived. It equals receiveTime if the event arrived once.
	// +required
	LastReceiveTime metav1.MicroTime `json:"lastReceiveTime"`

	// id is the id that the event carried (VideoSDK: id), if any.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	ID string `json:"id,omitempty"`
}

// FileEncryption is where to find what is needed to decrypt a file.
type FileEncryption struct {
	// keyURL is the address of the wrapped data key (VideoSDK: encryption.keyUrl).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	KeyURL string `json:"keyURL,omitempty"`

	// metadataURL is the address of the encryption's metadata (VideoSDK: encryption.metaUrl).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	MetadataURL string `json:"metadataURL,omitempty"`
}

// RecordingFile is where the provider keeps the recorded file.
type RecordingFile struct {
	// path is the file's path at the provider (VideoSDK: filePath). Every file is on exactly one MeetingRecording.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +required
	Path string `json:"path,omitempty"`

	// url is the address to fetch the file from (VideoSDK: fileUrl). Absent if the provider sent none.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	URL string `json:"url,omitempty"`

	// encryption is set if the provider encrypted the file.
	// +optional
	Encryption *FileEncryption `json:"encryption,omitempty"`
}

// RecordingStatus is what the provider, or a client, reported about the recording.
type RecordingStatus struct {
	// state is the state of the provider's recording. Starting: the provider is about to record. Started: it is recording.
	// Stopping: it is finishing the file. Stopped: the recording has ended. Failed: the provider could not record. It is the
	// furthest state that an event reported, in any order of arrival; a file takes precedence over a failure. Clients
	// can report Starting, Started and Stopping only. Absent until the first event.
	// +optional
	State RecordingState `json:"state,omitempty"`

	// providerID is the provider's id of the recording (VideoSDK: id), if an event carried one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	ProviderID string `json:"providerID,omitempty"`

	// file is the recorded file. It is set once the recording is Stopped, if the provider named a file.
	// +optional
	File *RecordingFile `json:"file,omitempty"`

	// superseded is true once a later recording of the session began and this one has no file. It then gets a file only from an event
	// with an id that it received before. Defaults to false.
	// +optional
	Superseded bool `json:"superseded,omitempty"`

	// startTime is when recording-started arrived, or recording-starting if that is the only one of the two.
	// +optional
	StartTime *metav1.MicroTime `json:"startTime,omitempty"`

	// endTime is when the event arrived that ended the recording: recording-stopped, or else recording-failed.
	// +optional
	EndTime *metav1.MicroTime `json:"endTime,omitempty"`

	// sessionEndTime is when session-ended arrived for the recording's session. A recording without recording-stopped or
	// recording-failed becomes Stalled sooner after it.
	// +optional
	SessionEndTime *metav1.MicroTime `json:"sessionEndTime,omitempty"`

	// events lists the events that arrived, one entry per type, in the order in which the types first arrived.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:default={}
	// +optional
	Events []RecordingEvent `json:"events"`
}
