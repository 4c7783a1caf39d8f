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
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.rerun) || has(self.rerun)",message="rerun cannot be removed: what it asked for was done, and a new token is what starts another",fieldPath=".rerun"
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
	// ended. Set it to false to release. Jobs that already exist go on, and so
	// does the state Running, also of a rerun; Ready's reason is then Suspended.
	// Events of the recording are written all the same. It cannot change once
	// processing has ended, except together with rerun.token.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// rerun asks for post-processing again, once what is under way has ended.
	// What was made before stays in status.processing.history. A token that is
	// there before processing first begins asks for nothing more.
	// +optional
	Rerun *Rerun `json:"rerun,omitempty"`
}

// Rerun asks for post-processing again.
//
// +kubebuilder:validation:XValidation:rule="self.token != oldSelf.token || (has(self.steps) ? has(oldSelf.steps) && self.steps == oldSelf.steps : !has(oldSelf.steps))",message="steps can change only together with token: a new token is what starts a rerun",fieldPath=".steps"
type Rerun struct {
	// token is any text; a new one starts a new attempt, such as the date or the
	// reason.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Token string `json:"token"`

	// steps names the steps to run again, as pipeline/step; those that need them,
	// directly or through others, run again too. Without it all steps of the
	// pipelines that match now do.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=294
	// +kubebuilder:validation:items:Pattern=`^[-.a-z0-9]+/[-a-z0-9]+$`
	// +optional
	Steps []string `json:"steps,omitempty"`
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

	// delivery is what a sink of CloudEvents knows of the recording, where the
	// manager has one. The part of the manager that delivers writes it; others
	// only set its state to Pending.
	// +kubebuilder:default={}
	// +optional
	Delivery DeliveryStatus `json:"delivery,omitzero"`

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
// +kubebuilder:selectablefield:JSONPath=".spec.rerun.token"
// +kubebuilder:selectablefield:JSONPath=".status.processing.state"
// +kubebuilder:selectablefield:JSONPath=".status.delivery.state"
// +kubebuilder:validation:XValidation:rule="!(oldSelf.status.processing.state in ['Succeeded', 'Failed', 'Skipped']) || oldSelf.spec.?suspend.orValue(false) == self.spec.?suspend.orValue(false) || (has(self.spec.rerun) && (!has(oldSelf.spec.rerun) || self.spec.rerun.token != oldSelf.spec.rerun.token))",message="processing has ended: suspend can change only together with rerun.token",fieldPath=".spec.suspend"
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
