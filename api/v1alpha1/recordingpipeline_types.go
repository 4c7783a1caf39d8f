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
	// TriggerStopped runs the pipeline for recordings that ended with recording-stopped.
	TriggerStopped PipelineTrigger = "Stopped"
	// TriggerFailed runs the pipeline for recordings that the provider could not make.
	TriggerFailed PipelineTrigger = "Failed"
)

// PipelineStep is one Job to run for a recording.
//
// +kubebuilder:validation:XValidation:rule="!has(self.needs) || !(self.name in self.needs)",message="a step cannot need itself",fieldPath=".needs"
// +kubebuilder:validation:XValidation:rule="!has(self.maxConcurrent) || !has(self.queueName)",message="maxConcurrent and queueName are mutually exclusive",fieldPath=".queueName"
// +kubebuilder:validation:XValidation:rule="!has(self.retries) || !has(self.template.spec) || !has(self.template.spec.backoffLimit)",message="retries and template.spec.backoffLimit are mutually exclusive",fieldPath=".retries"
// +kubebuilder:validation:XValidation:rule="!has(self.backoff) || !has(self.template.spec) || !has(self.template.spec.backoffLimit)",message="backoff and template.spec.backoffLimit are mutually exclusive",fieldPath=".backoff"
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || !has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds)",message="timeout and template.spec.activeDeadlineSeconds are mutually exclusive",fieldPath=".timeout"
// +kubebuilder:validation:XValidation:rule="!has(self.template.spec) || !has(self.template.spec.manualSelector) || !self.template.spec.manualSelector",message="template.spec.manualSelector is not supported: the Job controller must select the Pods",fieldPath=".template.spec.manualSelector"
// +kubebuilder:validation:XValidation:rule="!has(self.template.spec) || !has(self.template.spec.suspend) || !self.template.spec.suspend",message="template.spec.suspend is not supported: the Job would never start; use spec.suspend of the recording, or queueName",fieldPath=".template.spec.suspend"
// +kubebuilder:validation:XValidation:rule="!has(self.template.spec) || (has(self.template.spec.completionMode) && self.template.spec.completionMode == 'Indexed' ? !has(self.template.spec.completions) || self.template.spec.completions <= 64 : (!has(self.template.spec.completions) || self.template.spec.completions <= 1) && (!has(self.template.spec.parallelism) || self.template.spec.parallelism <= 1))",message="several Pods need completionMode Indexed and at most 64 completions: otherwise their outputs cannot be collected",fieldPath=".template.spec.completions"
type PipelineStep struct {
	// name identifies the step within its pipeline. It is a DNS label of at most 40 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`

	// template is the Job to run, as in a CronJob's jobTemplate (see kubectl explain cronjob.spec.jobTemplate). Every container gets
	// the recording as environment variables: RECORDING_NAME, RECORDING_NAMESPACE, RECORDING_MEETING_ID, RECORDING_SESSION_ID,
	// RECORDING_SEGMENT, RECORDING_STATE, RECORDING_FILE_PATH and RECORDING_FILE_URL, and RECORDING_ENCRYPTION_KEY_URL and
	// RECORDING_ENCRYPTION_METADATA_URL if the file is encrypted. A variable that the template sets itself takes
	// precedence. A container reports outputs in its termination message, as JSON: {"outputs": [{"name", "url", "mediaType",
	// "sizeBytes", "sha256", "values"}]}. Unless the template says otherwise, Pods are never restarted in place, mount no service
	// account token, and are retried up to 3 times. The exit codes 64 to 78 of sysexits are not retried, except 69 (unavailable),
	// 74 (I/O error) and 75 (temporary failure).
	// +required
	Template batchv1.JobTemplateSpec `json:"template,omitzero"`

	// needs are the names of the steps that must end before this step starts. If one of them fails, directly or indirectly, this step is
	// Skipped. If one of them is skipped by its own condition, this step still runs. The outputs of the needed steps are available to the
	// containers as environment variables, STEP_<NAME>_<OUTPUT>_URL, _MEDIA_TYPE, _SIZE_BYTES and _SHA256, and as one JSON file, whose path is
	// in STEP_OUTPUTS_FILE. Without needs the step starts at once.
	// +listType=set
	// +kubebuilder:validation:MaxItems=31
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=40
	// +optional
	Needs []string `json:"needs,omitempty"`

	// when is a condition in CEL over the recording and the outputs of needed steps, such as
	// outputs.probe.durationSeconds > 60.0. It is evaluated when all needed steps have ended. If it is false the step is Skipped; if
	// it cannot be evaluated the step is Failed and its message says why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	When string `json:"when,omitempty"`

	// maxConcurrent limits how many Jobs of this step may run at once in the namespace. It replaces maxConcurrent and queueName of the
	// pipeline for this step, which then does not count for the pipeline's limit. Mutually exclusive with queueName.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MaxConcurrent *int32 `json:"maxConcurrent,omitempty"`

	// queueName is the name of the Kueue LocalQueue for the Jobs of this step, for example one with GPUs. It replaces maxConcurrent
	// and queueName of the pipeline for this step. Mutually exclusive with maxConcurrent.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	QueueName string `json:"queueName,omitempty"`

	// retries is how often the step is retried after a failure that is not permanent. Exit codes 64 to 78 of sysexits are permanent,
	// except 69 (unavailable), 74 (I/O error) and 75 (temporary failure), unless the template has its own podFailurePolicy. It
	// becomes the Job's backoffLimit. Defaults to 3. Mutually exclusive with template.spec.backoffLimit.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	// +optional
	Retries *int32 `json:"retries,omitempty"`

	// backoff is the wait before the first retry, such as 30s, from 1s to 1h. It doubles for each further retry, up to
	// an hour. With backoff every retry is a separate Job and counts as an attempt. Without it the Job's own backoff applies: ten
	// seconds, doubled for each retry, up to ten minutes. Mutually exclusive with template.spec.backoffLimit.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="backoff must be between 1s and 1h"
	// +optional
	Backoff *metav1.Duration `json:"backoff,omitempty"`

	// timeout is how long the step's Job may take, including retries of its Pods, such as 30m, from 1s to 720h. A Job
	// that takes longer is ended and the step fails permanently. It becomes the Job's activeDeadlineSeconds. Mutually exclusive with
	// template.spec.activeDeadlineSeconds.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('720h')",message="timeout must be between 1s and 720h"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// PipelineRetention is how long recordings and Jobs are kept.
type PipelineRetention struct {
	// keepRecordings is how long a MeetingRecording is kept after its processing ended and its last event arrived, such as 720h, at least 24h.
	// The recordings of a session are deleted together, once that time has passed for each of them. If several pipelines ran for a recording,
	// the longest time applies. Defaults to forever: a recording for which a pipeline without keepRecordings ran is kept.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('24h') && duration(self) <= duration('876000h')",message="keepRecordings must be between 24h and 876000h"
	// +optional
	KeepRecordings *metav1.Duration `json:"keepRecordings,omitempty"`

	// keepJobs is how long a Job is kept after it ended, such as 1h, at most 8760h. Defaults to 1h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8760h')",message="keepJobs must be at most 8760h"
	// +optional
	KeepJobs *metav1.Duration `json:"keepJobs,omitempty"`
}

// RecordingPipelineSpec defines which steps to run for which recordings.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxConcurrent) || !has(self.queueName)",message="maxConcurrent and queueName are mutually exclusive",fieldPath=".queueName"
type RecordingPipelineSpec struct {
	// triggers are the ways in which a recording must end for the pipeline to run. Stopped: with recording-stopped. Failed: the provider could
	// not record. Defaults to [Stopped].
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:default={Stopped}
	// +optional
	Triggers []PipelineTrigger `json:"triggers,omitempty"`

	// selector selects recordings by their labels. The operator labels each recording with recording.meetingops.dev/meeting-id and
	// recording.meetingops.dev/session-id. Without a selector the pipeline selects every recording of the namespace.
	// +optional
	Selector *LabelSelector `json:"selector,omitempty"`

	// when is a condition in CEL over the recording, such as recording.segment == 1. It is evaluated when a selected recording ends. If it is
	// false the pipeline does not run; if it cannot be evaluated the steps are Failed and their messages say why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	When string `json:"when,omitempty"`

	// maxConcurrent limits how many Jobs of the pipeline may run at once in its namespace. Further steps are Queued and start in the
	// order in which their recordings ended. Defaults to no limit. Mutually exclusive with queueName.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MaxConcurrent *int32 `json:"maxConcurrent,omitempty"`

	// queueName is the name of the Kueue LocalQueue for the Jobs. The Jobs are created suspended, and their steps are Queued until
	// Kueue admits them. Mutually exclusive with maxConcurrent.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	QueueName string `json:"queueName,omitempty"`

	// retention is how long recordings and Jobs are kept. Without it recordings are kept, and Jobs for an hour after they ended.
	// +optional
	Retention *PipelineRetention `json:"retention,omitempty"`

	// steps are the Jobs to run. Each starts once the steps that it needs have succeeded, or were skipped by their own conditions.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="!self.exists(s, has(s.needs) && !s.needs.all(n, self.exists(o, o.name == n)))",message="needs can name only steps of the pipeline"
	// +kubebuilder:validation:XValidation:rule="!self.exists(s, has(s.needs) && self.exists(o, has(o.needs) && o.name != s.name && o.name in s.needs && s.name in o.needs))",message="two steps cannot need each other"
	// +required
	Steps []PipelineStep `json:"steps,omitempty"`
}

// RecordingPipelineStatus is the observed state of the pipeline.
type RecordingPipelineStatus struct {
	// observedGeneration is the generation of the spec that the controller last validated. It is -1 until then.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions report whether the pipeline can run, following kstatus. Ready: True when the spec is valid and the API server would
	// accept the Job of every step. Stalled: True when it is not valid; the message names each invalid field. Reconciling: True while
	// the pipeline could not be validated.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// RecordingPipeline defines which Jobs to run when a recording of its namespace ends. Every pipeline that matches runs. A change
// applies to recordings that end after it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rpipe,categories=recordings
// +kubebuilder:printcolumn:name="Triggers",type=string,JSONPath=".spec.triggers",description="How a recording must end for the pipeline to run."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description="Whether the pipeline can run."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type==\"Ready\")].reason",priority=1,description="Why the pipeline can run or not."
type RecordingPipeline struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's standard metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec defines which steps to run for which recordings.
	// +required
	Spec RecordingPipelineSpec `json:"spec,omitzero"`

	// status is the observed state of the pipeline. Only the operator writes it.
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
