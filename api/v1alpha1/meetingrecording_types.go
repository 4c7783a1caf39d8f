// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MeetingRecordingSpec says which recording the object stands for, and what
// the user wants of it.
//
// +kubebuilder:validation:XValidation:rule="self.meetingID == oldSelf.meetingID",message="meetingID is immutable: it says which recording this is",fieldPath=".meetingID"
// +kubebuilder:validation:XValidation:rule="self.sessionID == oldSelf.sessionID",message="sessionID is immutable: it says which recording this is",fieldPath=".sessionID"
// +kubebuilder:validation:XValidation:rule="self.segment == oldSelf.segment",message="segment is immutable: it says which recording this is",fieldPath=".segment"
type MeetingRecordingSpec struct {
	// meetingID is the provider's id of the meeting (VideoSDK: meetingId, often
	// of the form xxxx-xxxx-xxxx; a room may have a custom one). It is kept as
	// the provider wrote it, in at most 512 characters, and is immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	MeetingID string `json:"meetingID"`

	// sessionID is the provider's id of one session of the meeting (VideoSDK:
	// sessionId, often 24 hexadecimal digits). It is kept as the provider wrote
	// it, in at most 512 characters, and is immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	SessionID string `json:"sessionID"`

	// segment counts the recordings of a session, from 1: a session may start
	// and stop recording many times, and each time is one MeetingRecording. It
	// is immutable.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999
	// +kubebuilder:default=1
	// +optional
	Segment int32 `json:"segment,omitempty"`

	// suspend holds post-processing: while it is true no Job is created for the
	// recording, whose processing state is Suspended once the recording has
	// ended. Set it to false to release. Jobs that already exist go on. Events
	// of the recording are written all the same. It cannot change once
	// processing has ended.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

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
// +kubebuilder:validation:Enum=Webhook
type EventSource string

// The sources of events.
const (
	// EventSourceWebhook is a signed webhook of the provider.
	EventSourceWebhook EventSource = "Webhook"
)

// RecordingEvent is one type of event that arrived for the recording, with
// how often it did.
type RecordingEvent struct {
	// type is the kind of event: Starting, Started, Stopping, Stopped or Failed,
	// for the provider's webhooks recording-starting, recording-started,
	// recording-stopping, recording-stopped and recording-failed. A recording
	// has at most one entry of each type.
	// +required
	Type EventType `json:"type"`

	// source is the way by which the event first came. Webhook: a signed webhook
	// of the provider.
	// +required
	Source EventSource `json:"source"`

	// receivedAt is when the event first arrived, by the receiver's clock: the
	// provider sends no time.
	// +required
	ReceivedAt metav1.MicroTime `json:"receivedAt"`

	// deliveries is how often the event arrived, the first time included. The
	// provider may send an event twice.
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

// RecordingStatus is what the provider told of the recording. Only the
// webhook sidecar writes it.
type RecordingStatus struct {
	// state tells how far the provider's recording is. Starting: the provider is
	// about to record. Started: it records. Stopping: it is finishing the file.
	// Stopped: the recording ended and its file can be had. Failed: the provider
	// could not record. It is the furthest state that an event told of, in
	// whatever order events arrived; a file wins over a failure. It is missing
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

// ProcessingState tells how far post-processing of the recording is.
//
// +kubebuilder:validation:Enum=Waiting;Queued;Running;Succeeded;Failed;Skipped;Suspended
type ProcessingState string

// The states of processing. Succeeded, Failed and Skipped are final.
const (
	// ProcessingWaiting means that the recording has not ended.
	ProcessingWaiting ProcessingState = "Waiting"
	// ProcessingQueued means that the recording ended and its Jobs wait for
	// their turn.
	ProcessingQueued ProcessingState = "Queued"
	// ProcessingRunning means that Jobs are at work.
	ProcessingRunning ProcessingState = "Running"
	// ProcessingSucceeded means that every step succeeded.
	ProcessingSucceeded ProcessingState = "Succeeded"
	// ProcessingFailed means that every step ended and one failed for good.
	ProcessingFailed ProcessingState = "Failed"
	// ProcessingSkipped means that no pipeline matched when the recording ended.
	ProcessingSkipped ProcessingState = "Skipped"
	// ProcessingSuspended means that the recording ended and spec.suspend holds
	// its Jobs.
	ProcessingSuspended ProcessingState = "Suspended"
)

// StepState tells how far one step is.
//
// +kubebuilder:validation:Enum=Pending;Running;Succeeded;Failed
type StepState string

// The states of a step. Succeeded and Failed are final: a step whose outcome
// is recorded never runs again.
const (
	// StepPending means that the step has no Job yet; its message says why.
	StepPending StepState = "Pending"
	// StepRunning means that the step's Job exists and has not ended.
	StepRunning StepState = "Running"
	// StepSucceeded means that the step's Job succeeded.
	StepSucceeded StepState = "Succeeded"
	// StepFailed means that the step's Job failed, was deleted, or was refused
	// for good.
	StepFailed StepState = "Failed"
)

// StepOutput is one thing that a step made, as its container told by its
// termination message.
type StepOutput struct {
	// name tells the outputs of a step apart, such as archive or poster.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name"`

	// url is where the output is.
	// +kubebuilder:validation:MaxLength=2048
	// +required
	URL string `json:"url"`

	// mediaType is the output's media type, such as video/mp4.
	// +kubebuilder:validation:MaxLength=127
	// +optional
	MediaType string `json:"mediaType,omitempty"`

	// sizeBytes is the output's size in bytes.
	// +kubebuilder:validation:Minimum=0
	// +optional
	SizeBytes *int64 `json:"sizeBytes,omitempty"`

	// sha256 is the SHA-256 digest of the output's bytes, as 64 lower-case
	// hexadecimal digits.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +optional
	SHA256 string `json:"sha256,omitempty"`
}

// StepStatus is one step of one pipeline, and what became of it.
type StepStatus struct {
	// pipeline is the name of the RecordingPipeline that asked for the step.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline"`

	// name is the step's name within its pipeline.
	// +kubebuilder:validation:MaxLength=40
	// +required
	Name string `json:"name"`

	// jobName is the name of the Job that runs the step, in the recording's
	// namespace. The Job may be gone: what it made stays here.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	JobName string `json:"jobName,omitempty"`

	// attempt counts the Jobs of the step, from 1. Retries of the Job's own Pods
	// do not count.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`

	// state tells how far the step is. Pending: it has no Job yet, and message
	// says why. Running: its Job has not ended. Succeeded: its Job succeeded.
	// Failed: its Job failed, was deleted before it ended, or was refused for
	// good, and message says why. A step that is Succeeded or Failed never runs
	// again.
	// +required
	State StepState `json:"state"`

	// startedAt is when the step's Job was created.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// endedAt is when the step ended.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// message says what a person should know: why the step waits, or why it
	// failed.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// outputs lists what the step made.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Outputs []StepOutput `json:"outputs,omitempty"`
}

// ProcessingStatus is what became of the recording. Only the controller
// writes it.
type ProcessingStatus struct {
	// state tells how far post-processing is. Waiting: the recording has not
	// ended. Queued: it has, and its Jobs wait for their turn. Running: Jobs are
	// at work. Succeeded: every step succeeded. Failed: every step ended and one
	// failed. Skipped: no pipeline matched when the recording ended. Suspended:
	// spec.suspend holds its Jobs. Succeeded, Failed and Skipped are final.
	// +kubebuilder:default=Waiting
	// +optional
	State ProcessingState `json:"state,omitempty"`

	// steps lists every step of every pipeline that matched when the recording
	// ended.
	// +listType=map
	// +listMapKey=pipeline
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Steps []StepStatus `json:"steps,omitempty"`
}

// MeetingRecordingStatus is what is known of the recording. Each part has
// one writer, and none is written by users.
type MeetingRecordingStatus struct {
	// observedGeneration is the generation of the spec that the controller last
	// acted on; -1 until it first did, so that the object counts as being in
	// progress from its first moment on.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// recording is what the provider told of the recording. Only the webhook
	// sidecar writes it.
	// +kubebuilder:default={}
	// +optional
	Recording RecordingStatus `json:"recording,omitzero"`

	// processing is what became of the recording. Only the controller writes it.
	// +kubebuilder:default={}
	// +optional
	Processing ProcessingStatus `json:"processing,omitzero"`

	// conditions sum the recording up, by the conventions of kstatus, for
	// people, kubectl wait, Argo CD and Flux. Only the controller writes them,
	// when work begins and when it ends. Ready: True when nothing is left to do,
	// because the recording was processed or there was nothing to process.
	// Reconciling: True while Jobs are at work. Stalled: True when a person is
	// needed, because processing failed for good or an event that should have
	// come did not.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MeetingRecording is one recording of a meeting, that is one recorded file:
// what the provider told of it, and what became of it. The webhook sidecar
// creates one when it hears of a new recording; RecordingPipelines of its
// namespace say what to do with the file.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=mrec,categories=recordings
// +kubebuilder:printcolumn:name="Meeting",type=string,JSONPath=".spec.meetingID",description="The provider's id of the meeting."
// +kubebuilder:printcolumn:name="Session",type=string,JSONPath=".spec.sessionID",priority=1,description="The provider's id of the session."
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=".status.recording.state",description="How far the provider's recording is."
// +kubebuilder:printcolumn:name="Processing",type=string,JSONPath=".status.processing.state",description="How far post-processing is."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="File",type=string,JSONPath=".status.recording.file.path",priority=1,description="The file's path at the provider."
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].reason",priority=1,description="Why the recording is ready or not."
// +kubebuilder:selectablefield:JSONPath=".spec.meetingID"
// +kubebuilder:selectablefield:JSONPath=".spec.sessionID"
// +kubebuilder:selectablefield:JSONPath=".status.recording.state"
// +kubebuilder:selectablefield:JSONPath=".status.processing.state"
// +kubebuilder:validation:XValidation:rule="!(oldSelf.status.processing.state in ['Succeeded', 'Failed', 'Skipped']) || oldSelf.spec.?suspend.orValue(false) == self.spec.?suspend.orValue(false)",message="processing has ended: suspend can no longer change",fieldPath=".spec.suspend"
type MeetingRecording struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's standard metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says which recording this is, and what the user wants of it.
	// +required
	Spec MeetingRecordingSpec `json:"spec"`

	// status is what is known of the recording. It is written by the operator
	// only.
	// +kubebuilder:default={}
	// +optional
	Status MeetingRecordingStatus `json:"status,omitzero"`
}

// MeetingRecordingList is a list of MeetingRecordings.
//
// +kubebuilder:object:root=true
type MeetingRecordingList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the list's standard metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the recordings.
	Items []MeetingRecording `json:"items"`
}
