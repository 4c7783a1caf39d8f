// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ProcessingState is the state of post-processing.
//
// +kubebuilder:validation:Enum=Waiting;Queued;Running;Succeeded;Failed;Skipped;Suspended
type ProcessingState string

// The states of processing. Succeeded, Failed and Skipped are final, unless spec.rerun requests more.
const (
	// ProcessingWaiting means the recording has not ended.
	ProcessingWaiting ProcessingState = "Waiting"
	// ProcessingQueued means the recording has ended, its Jobs are queued, and none is running.
	ProcessingQueued ProcessingState = "Queued"
	// ProcessingRunning means Jobs are running.
	ProcessingRunning ProcessingState = "Running"
	// ProcessingSucceeded means every step succeeded, or was skipped by its own condition.
	ProcessingSucceeded ProcessingState = "Succeeded"
	// ProcessingFailed means every step has ended and at least one failed.
	ProcessingFailed ProcessingState = "Failed"
	// ProcessingSkipped means no pipeline matched when the recording ended.
	ProcessingSkipped ProcessingState = "Skipped"
	// ProcessingSuspended means the recording has ended and spec.suspend prevents its Jobs.
	ProcessingSuspended ProcessingState = "Suspended"
)

// StepState is the state of one step.
//
// +kubebuilder:validation:Enum=Pending;Queued;Running;Succeeded;Failed;Skipped
type StepState string

// The states of a step. Succeeded, Failed and Skipped are final: a step whose outcome is stored never runs again, unless
// spec.rerun requests it.
const (
	// StepPending means the step has no Job yet.
	StepPending StepState = "Pending"
	// StepQueued means the step waits in a queue.
	StepQueued StepState = "Queued"
	// StepRunning means the step's Job exists and has not ended.
	StepRunning StepState = "Running"
	// StepSucceeded means the step's Job succeeded.
	StepSucceeded StepState = "Succeeded"
	// StepFailed means the step's Job failed, was deleted before it ended, or was rejected permanently.
	StepFailed StepState = "Failed"
	// StepSkipped means the step's condition was false, or a step that it needs failed.
	StepSkipped StepState = "Skipped"
)

// StepReason is why a step is Skipped.
//
// +kubebuilder:validation:Enum=ConditionFalse;NeedFailed
type StepReason string

// The reasons of a step that is Skipped.
const (
	// StepConditionFalse means the step's own condition was false.
	StepConditionFalse StepReason = "ConditionFalse"
	// StepNeedFailed means a step that it needs failed, or was skipped for that reason.
	StepNeedFailed StepReason = "NeedFailed"
)

// StepOutput is one result of a step, as its container reported it in its termination message.
type StepOutput struct {
	// name identifies the output within its step, such as archive or poster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name"`

	// url is where the output is. Absent if the output consists of values only.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	URL string `json:"url,omitempty"`

	// mediaType is the output's media type, such as video/mp4, if the step reported it.
	// +kubebuilder:validation:MaxLength=127
	// +optional
	MediaType string `json:"mediaType,omitempty"`

	// sizeBytes is the output's size in bytes, if the step reported it.
	// +kubebuilder:validation:Minimum=0
	// +optional
	SizeBytes *int64 `json:"sizeBytes,omitempty"`

	// sha256 is the SHA-256 digest of the output, as 64 lower-case hexadecimal digits, if the step reported it.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +optional
	SHA256 string `json:"sha256,omitempty"`

	// values are named numbers, strings and booleans that the step reported, such as durationSeconds. Conditions of later steps can use
	// them.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Values *runtime.RawExtension `json:"values,omitempty"`
}

// StepAttempt is an earlier attempt at a step, and its outcome.
type StepAttempt struct {
	// pipeline is the name of the RecordingPipeline that contains the step.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline"`

	// step is the name of the step within its pipeline.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Step string `json:"step"`

	// attempt is the number of the attempt, starting at 1.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`

	// state is how the attempt ended: Succeeded, Failed or Skipped.
	// +required
	State StepState `json:"state"`

	// startTime is when the attempt's Job was created.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when the attempt ended.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// message says why the attempt failed or was skipped, or that its outputs were truncated. Absent otherwise.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// outputs lists the results of the attempt.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Outputs []StepOutput `json:"outputs,omitempty"`
}

// StepStatus is the state of one step of one pipeline.
type StepStatus struct {
	// pipeline is the name of the RecordingPipeline that contains the step.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline"`

	// step is the name of the step within its pipeline.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Step string `json:"step"`

	// jobName is the name of the Job that runs the step, in the recording's namespace. The Job is deleted some time after it has
	// ended; its results stay here.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	JobName string `json:"jobName,omitempty"`

	// attempt is the number of the attempt, starting at 1. Each attempt is a separate Job: a rerun starts another attempt, and so
	// does a retry of a step with a backoff. Earlier attempts are in the history.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`

	// retries is how often the step was retried since it was last requested, with more Pods of its Job or more Jobs. Pods count once
	// their Job has ended.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Retries int32 `json:"retries,omitempty"`

	// state is the state of the step. Pending: it has no Job yet; it waits for steps that it needs, or message says why. Queued: it
	// waits in a queue. Running: its Job exists and has not ended. Succeeded: its Job succeeded. Failed: its Job failed, was
	// deleted before it ended, or was rejected permanently; message says why. Skipped: its condition was false, or a step that it
	// needs failed. A step that is Succeeded, Failed or Skipped never runs again, unless spec.rerun requests it.
	// +required
	State StepState `json:"state"`

	// reason is why the step is Skipped; absent otherwise. ConditionFalse: its own condition was false; the steps that need it still run.
	// NeedFailed: a step that it needs, directly or indirectly, failed.
	// +optional
	Reason StepReason `json:"reason,omitempty"`

	// retryTime is when the step's next Job is due. Absent unless the step waits for its backoff.
	// +optional
	RetryTime *metav1.Time `json:"retryTime,omitempty"`

	// startTime is when the step's Job was created.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when the step ended.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// message says why the step waits, makes no progress, failed or was skipped, or that its outputs were truncated. Absent
	// otherwise.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// outputs lists the results of the step. Absent until the step has succeeded.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Outputs []StepOutput `json:"outputs,omitempty"`
}

// ProcessingStatus is the state of post-processing.
type ProcessingStatus struct {
	// state is the state of post-processing. Waiting: the recording has not ended. Queued: it has ended, its Jobs are queued and none
	// is running. Running: Jobs are running. Succeeded: every step succeeded, or was skipped by its own condition. Failed: every step
	// has ended and at least one failed. Skipped: no pipeline matched when the recording ended. Suspended: spec.suspend prevents its
	// Jobs. Succeeded, Failed and Skipped are final, unless spec.rerun requests more.
	// +kubebuilder:default=Waiting
	// +optional
	State ProcessingState `json:"state,omitempty"`

	// lastTransitionTime is when state last changed. Absent until the controller first sets state.
	// +optional
	LastTransitionTime *metav1.MicroTime `json:"lastTransitionTime,omitempty"`

	// steps lists every step of every pipeline that matched when the recording ended, or when all steps were last rerun. Absent
	// until the recording has ended.
	// +listType=map
	// +listMapKey=pipeline
	// +listMapKey=step
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Steps []StepStatus `json:"steps,omitempty"`

	// history lists earlier attempts at steps, oldest first. At most 64 are kept, fewer if the object becomes too large: the oldest are
	// dropped.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	History []StepAttempt `json:"history,omitempty"`

	// observedRerunToken is the spec.rerun.token that the controller last acted on.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ObservedRerunToken string `json:"observedRerunToken,omitempty"`
}
