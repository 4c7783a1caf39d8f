// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PipelineTrigger is the end of a recording for which a pipeline runs.
//
// +kubebuilder:validation:Enum=Stopped;Failed
type PipelineTrigger string

// The triggers of a pipeline.
const (
	// TriggerStopped runs the pipeline for recordings that ended with a file.
	TriggerStopped PipelineTrigger = "Stopped"
	// TriggerFailed runs the pipeline for recordings that the provider could not
	// make.
	TriggerFailed PipelineTrigger = "Failed"
)

// PipelineStep is one Job to run for a recording.
type PipelineStep struct {
	// name tells the steps of a pipeline apart. It is a DNS label of at most 40
	// characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name"`

	// template is the Job to run, as in a CronJob's jobTemplate (see kubectl
	// explain cronjob.spec.jobTemplate). Every container gets the recording as
	// environment variables: RECORDING_NAME, RECORDING_NAMESPACE,
	// RECORDING_MEETING_ID, RECORDING_SESSION_ID, RECORDING_SEGMENT,
	// RECORDING_STATE, RECORDING_FILE_PATH and RECORDING_FILE_URL; a variable
	// that the template sets itself stands. What a container made it tells by
	// its termination message, as JSON: {"outputs": [{"name", "url",
	// "mediaType", "sizeBytes", "sha256"}]}. Where the template is silent, the
	// Pods restart Never, the Job is deleted an hour after it ended, its Pods
	// are tried again up to 3 times, and the exit codes 64 to 78 of sysexits are
	// not retried, except 69 (unavailable), 74 (I/O error) and 75 (try again).
	// +required
	Template batchv1.JobTemplateSpec `json:"template"`
}

// RecordingPipelineSpec says for which recordings to run which steps.
type RecordingPipelineSpec struct {
	// on lists the ends of a recording for which the pipeline runs. Stopped: the
	// recording ended with a file. Failed: the provider could not record. Write
	// the name in quotes, "on": without them it is the boolean true to YAML.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:default={Stopped}
	// +optional
	On []PipelineTrigger `json:"on,omitempty"`

	// selector selects recordings by their labels. The operator labels each with
	// recording.meetingops.dev/meeting-id and
	// recording.meetingops.dev/session-id. Without a selector every recording of
	// the namespace is selected.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// steps are the Jobs to run, all at once.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +required
	Steps []PipelineStep `json:"steps"`
}

// RecordingPipelineStatus is what the controller found out about the
// pipeline.
type RecordingPipelineStatus struct {
	// observedGeneration is the generation of the spec that the controller last
	// checked; -1 until it first did.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say whether the pipeline can run. Ready: True when the API
	// server would accept the Job of every step. Stalled: True when it would
	// not, and the message names the field to mend. Reconciling: True while that
	// could not be found out.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// RecordingPipeline says which Jobs to run when a recording of its namespace
// ends. Every pipeline that matches runs. A change counts for recordings
// that end after it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rpipe,categories=recordings
// +kubebuilder:printcolumn:name="On",type=string,JSONPath=".spec.on",description="The ends of a recording for which the pipeline runs."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description="Whether the pipeline can run."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].reason",priority=1,description="Why the pipeline can run or not."
type RecordingPipeline struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's standard metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says for which recordings to run which steps.
	// +required
	Spec RecordingPipelineSpec `json:"spec"`

	// status is what the controller found out about the pipeline.
	// +kubebuilder:default={}
	// +optional
	Status RecordingPipelineStatus `json:"status,omitzero"`
}

// RecordingPipelineList is a list of RecordingPipelines.
//
// +kubebuilder:object:root=true
type RecordingPipelineList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the list's standard metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the pipelines.
	Items []RecordingPipeline `json:"items"`
}
