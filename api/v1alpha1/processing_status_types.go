// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

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
// +kubebuilder:validation:Enum=Pending;Queued;Running;Succeeded;Failed;Skipped
type StepState string

// The states of a step. Succeeded, Failed and Skipped are final: a step whose
// outcome is recorded never runs again, unless spec.rerun asks for it.
const (
	// StepPending means that the step has no Job yet: it waits for the steps that
	// it needs, or its message says why.
	StepPending StepState = "Pending"
	// StepQueued means that the step waits for its turn.
	StepQueued StepState = "Queued"
	// StepRunning means that the step's Job exists and has not ended.
	StepRunning StepState = "Running"
	// StepSucceeded means that the step's Job succeeded.
	StepSucceeded StepState = "Succeeded"
	// StepFailed means that the step's Job failed, was deleted, or was refused
	// for good.
	StepFailed StepState = "Failed"
	// StepSkipped means that the step's condition was false, or that a step that
	// it needs failed; its message says which.
	StepSkipped StepState = "Skipped"
)

// StepReason says in one word why a step is Skipped.
//
// +kubebuilder:validation:Enum=ConditionFalse;NeedFailed
type StepReason string

// The reasons of a step that is Skipped.
const (
	// StepConditionFalse means that the step's own condition was false. The steps
	// that need it are not held back.
	StepConditionFalse StepReason = "ConditionFalse"
	// StepNeedFailed means that a step which it needs failed, or was skipped for
	// that reason.
	StepNeedFailed StepReason = "NeedFailed"
)

// StepOutput is one thing that a step made, as its container told by its
// termination message.
type StepOutput struct {
	// name tells the outputs of a step apart, such as archive or poster.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name"`

	// url is where the output is. It is absent where the output is its values
	// alone.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	URL string `json:"url,omitempty"`

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

	// values is what the step found out, by name: numbers, strings and booleans,
	// for the conditions of later steps and for people.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Values *runtime.RawExtension `json:"values,omitempty"`
}

// StepAttempt is an earlier attempt of a step, and what became of it.
type StepAttempt struct {
	// pipeline is the name of the RecordingPipeline that asked for the step.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline"`

	// name is the step's name within its pipeline.
	// +kubebuilder:validation:MaxLength=40
	// +required
	Name string `json:"name"`

	// attempt counts the Jobs of the step, from 1.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`

	// state is how the attempt ended: Succeeded, Failed or Skipped.
	// +required
	State StepState `json:"state"`

	// startedAt is when the attempt's Job was created.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// endedAt is when the attempt ended.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// message says why the attempt failed or was skipped.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// outputs lists what the attempt made.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Outputs []StepOutput `json:"outputs,omitempty"`
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

	// attempt counts the Jobs of the step, from 1: a rerun makes another, and so
	// does a retry of a step with a backoff. Earlier ones are in the history.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`

	// retries is how often the step was tried again since it was last asked for,
	// by Pods of its Job or by further Jobs. It is known when the step has ended.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Retries int32 `json:"retries,omitempty"`

	// state tells how far the step is. Pending: it has no Job yet; it waits for
	// steps that it needs, or message says why. Queued: it waits for its turn.
	// Running: its Job has not ended. Succeeded: its Job succeeded. Failed: its
	// Job failed, was deleted before it ended, or was refused for good, and
	// message says why. Skipped: its condition was false, or a step that it needs
	// failed. A step that is Succeeded, Failed or Skipped never runs again, unless
	// spec.rerun asks for it.
	// +required
	State StepState `json:"state"`

	// reason says why the step is Skipped. ConditionFalse: its own condition was
	// false; the steps that need it run all the same. NeedFailed: a step that it
	// needs, directly or through others, failed. It is absent otherwise.
	// +optional
	Reason StepReason `json:"reason,omitempty"`

	// retryAt is when the step's next Job is due, while it waits for its backoff.
	// +optional
	RetryAt *metav1.Time `json:"retryAt,omitempty"`

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
	// at work. Succeeded: every step succeeded or its condition skipped it.
	// Failed: every step ended and one failed. Skipped: no pipeline matched when
	// the recording ended. Suspended: spec.suspend holds its Jobs. Succeeded,
	// Failed and Skipped are final, unless spec.rerun asks for more.
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
	// history lists earlier attempts of the steps, oldest first. It is bounded:
	// the oldest are dropped, so that the status stays below 16 KiB.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	History []StepAttempt `json:"history,omitempty"`

	// rerunToken is the spec.rerun.token that was last acted on.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	RerunToken string `json:"rerunToken,omitempty"`

	// lastTransition is the sequence of the last transition that was written.
	// +kubebuilder:validation:Minimum=0
	// +optional
	LastTransition int64 `json:"lastTransition,omitempty"`

	// transitions lists what happened in processing and may not have been
	// delivered yet, where the manager has a sink of events, oldest first. It is
	// bounded: the oldest are dropped.
	// +listType=map
	// +listMapKey=sequence
	// +kubebuilder:validation:MaxItems=320
	// +optional
	Transitions []Transition `json:"transitions,omitempty"`
}
