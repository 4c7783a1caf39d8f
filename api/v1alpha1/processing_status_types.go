// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
