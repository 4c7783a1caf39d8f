// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MeetingRecordingSpec identifies the recording and has the settings that users may change.
//
// +kubebuilder:validation:XValidation:rule="self.meetingID == oldSelf.meetingID",message="meetingID is immutable",fieldPath=".meetingID"
// +kubebuilder:validation:XValidation:rule="self.sessionID == oldSelf.sessionID",message="sessionID is immutable",fieldPath=".sessionID"
// +kubebuilder:validation:XValidation:rule="self.segment == oldSelf.segment",message="segment is immutable",fieldPath=".segment"
type MeetingRecordingSpec struct {
	// meetingID is the provider's id of the meeting (VideoSDK: meetingId), unchanged. It is often of the form xxxx-xxxx-xxxx, but a
	// room may have a custom id. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	MeetingID string `json:"meetingID,omitempty"`

	// sessionID is the provider's id of one session of the meeting (VideoSDK: sessionId), unchanged. It is often 24 hexadecimal
	// digits. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	SessionID string `json:"sessionID,omitempty"`

	// segment is the number of the recording within its session, starting at 1. A session may start and stop recording many times;
	// each time is one MeetingRecording. Immutable. Defaults to 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999
	// +kubebuilder:default=1
	// +optional
	Segment int32 `json:"segment,omitempty"`

	// suspend stops post-processing: while it is true, no Job is created for the recording. If the recording has ended and has no
	// Job yet, its processing state is Suspended. Jobs that exist already continue. Events are recorded as usual. It may change at
	// any time, and has no effect once processing has ended. Defaults to false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// hold keeps the recording: while it is true, retention does not delete it and an admission policy rejects its deletion.
	// Defaults to false.
	// +optional
	Hold bool `json:"hold,omitempty"`

	// rerun requests post-processing again. The rerun starts once processing has ended. Earlier results are kept in
	// status.processing.history. A rerun that is requested before processing starts for the first time has no additional effect.
	// It may be removed once status.processing.observedRerunToken equals its token.
	// +optional
	Rerun *Rerun `json:"rerun,omitempty"`
}

// Rerun requests post-processing again.
//
// +kubebuilder:validation:XValidation:rule="self.token != oldSelf.token || (has(self.steps) ? has(oldSelf.steps) && self.steps == oldSelf.steps : !has(oldSelf.steps))",message="steps can change only together with token, because a new token requests a rerun",fieldPath=".steps"
type Rerun struct {
	// token identifies the rerun. It is any text, such as a date or a reason. A new token requests a new rerun.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Token string `json:"token,omitempty"`

	// steps are the steps to run again, together with all steps that need them, directly or indirectly. If it is empty, all steps
	// of all pipelines that match now run again.
	// +listType=map
	// +listMapKey=pipeline
	// +listMapKey=step
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Steps []StepReference `json:"steps,omitempty"`
}

// StepReference identifies one step of one pipeline.
type StepReference struct {
	// pipeline is the name of the RecordingPipeline.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline,omitempty"`

	// step is the name of the step within the pipeline.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Step string `json:"step,omitempty"`
}

// MeetingRecordingStatus is the observed state of the recording. Each part has one writer.
type MeetingRecordingStatus struct {
	// observedGeneration is the generation of the spec that the controller last acted on. It is -1 until the controller has acted
	// on the object, so that kstatus reports the object as in progress from the beginning.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// recording is what the provider reported about the recording. Only the sidecar and backfill write it.
	// +kubebuilder:default={}
	// +optional
	Recording RecordingStatus `json:"recording,omitzero"`

	// processing is the state of post-processing. Only the recording controller writes it.
	// +kubebuilder:default={}
	// +optional
	Processing ProcessingStatus `json:"processing,omitzero"`

	// delivery is what was delivered to the sink of CloudEvents, if the manager has one. Only the delivery controller writes it.
	// +kubebuilder:default={}
	// +optional
	Delivery DeliveryStatus `json:"delivery,omitzero"`

	// conditions summarize the recording, following kstatus. Only the recording controller writes them. Ready: True when nothing is
	// left to do, because the recording was processed or there was nothing to process. Reconciling: True while work is under way;
	// absent otherwise. Stalled: True when the recording needs manual intervention, because processing failed permanently, an
	// expected event did not arrive, or a step makes no progress; absent otherwise.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MeetingRecording is one recording of a meeting, that is, one recorded file: what the provider reported about it, and the state of
// its post-processing. The webhook sidecar creates it. The RecordingPipelines of its namespace define what to do with the file.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=mrec,categories=recordings
// +kubebuilder:printcolumn:name="Meeting",type=string,JSONPath=".spec.meetingID",description="The provider's id of the meeting."
// +kubebuilder:printcolumn:name="Session",type=string,JSONPath=".spec.sessionID",priority=1,description="The provider's id of the session."
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=".status.recording.state",description="The state of the provider's recording."
// +kubebuilder:printcolumn:name="Processing",type=string,JSONPath=".status.processing.state",description="The state of post-processing."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description="Whether nothing is left to do for the recording."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="File",type=string,JSONPath=".status.recording.file.path",priority=1,description="The file's path at the provider."
// +kubebuilder:printcolumn:name="Encryption",type=string,JSONPath=".status.recording.file.encryption.keyURL",priority=1,description="Where the key of an encrypted file is."
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].reason",priority=1,description="Why the recording is ready or not."
// +kubebuilder:selectablefield:JSONPath=".spec.meetingID"
// +kubebuilder:selectablefield:JSONPath=".spec.sessionID"
// +kubebuilder:selectablefield:JSONPath=".status.recording.state"
// +kubebuilder:selectablefield:JSONPath=".spec.rerun.token"
// +kubebuilder:selectablefield:JSONPath=".status.processing.state"
// +kubebuilder:selectablefield:JSONPath=".status.delivery.state"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.rerun) || has(self.spec.rerun) || has(oldSelf.status.processing.observedRerunToken) && oldSelf.status.processing.observedRerunToken == oldSelf.spec.rerun.token",message="rerun can be removed only once status.processing.observedRerunToken equals its token",fieldPath=".spec.rerun"
type MeetingRecording struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's standard metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec identifies the recording and has the settings that users may change.
	// +required
	Spec MeetingRecordingSpec `json:"spec,omitzero"`

	// status is the observed state of the recording. Only the operator writes it.
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
