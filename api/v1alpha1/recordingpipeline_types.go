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
//
// +kubebuilder:validation:XValidation:rule="!has(self.needs) || !(self.name in self.needs)",message="a step cannot need itself",fieldPath=".needs"
// +kubebuilder:validation:XValidation:rule="!has(self.retries) || !has(self.template.spec) || !has(self.template.spec.backoffLimit)",message="cannot be set beside template.spec.backoffLimit",fieldPath=".retries"
// +kubebuilder:validation:XValidation:rule="!has(self.backoff) || !has(self.template.spec) || !has(self.template.spec.backoffLimit)",message="cannot be set beside template.spec.backoffLimit",fieldPath=".backoff"
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || !has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds)",message="cannot be set beside template.spec.activeDeadlineSeconds",fieldPath=".timeout"
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
	// "mediaType", "sizeBytes", "sha256", "values"}]}. Where the template is silent, the
	// Pods restart Never, the Job is deleted an hour after it ended, its Pods
	// are tried again up to 3 times, and the exit codes 64 to 78 of sysexits are
	// not retried, except 69 (unavailable), 74 (I/O error) and 75 (try again).
	// +required
	Template batchv1.JobTemplateSpec `json:"template"`

	// needs names the steps of the pipeline that must have succeeded before this
	// one starts. A step that needs a failed one, directly or through others, is
	// Skipped. A step that its own condition skipped does not hold back those
	// that need it. What the needed steps made reaches the containers as
	// environment variables, STEP_<NAME>_<OUTPUT>_URL, _MEDIA_TYPE, _SIZE_BYTES
	// and _SHA256, and as one JSON file, whose path is in STEP_OUTPUTS_FILE.
	// Without needs the step starts at once.
	// +listType=set
	// +kubebuilder:validation:MaxItems=31
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=40
	// +optional
	Needs []string `json:"needs,omitempty"`

	// when is a condition in CEL over the recording and what earlier steps made,
	// such as outputs.probe.durationSeconds > 60.0. It is evaluated when all
	// that the step needs has ended; where it is false the step is Skipped, where
	// it cannot be evaluated the step is Failed and its message says why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	When string `json:"when,omitempty"`

	// retries is how often the step is tried again after a failure that is not
	// permanent, 3 where it is absent. Exit codes 64 to 78 of sysexits are
	// permanent, except 69 (unavailable), 74 (I/O error) and 75 (try again). It
	// becomes the Job's backoffLimit, and neither it nor backoff can be set
	// beside one.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	// +optional
	Retries *int32 `json:"retries,omitempty"`

	// backoff is how long to wait before the first retry, such as 30s; each
	// further wait is twice as long, up to an hour. Every retry is then a Job of
	// its own and counts as an attempt. Without it the Job's own back-off counts,
	// of ten seconds, doubled each time, up to ten minutes.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="backoff must be between 1s and 1h"
	// +optional
	Backoff *metav1.Duration `json:"backoff,omitempty"`

	// timeout is how long the step's Job may take, its Pods' retries included,
	// such as 30m. A Job that takes longer is ended and the step has failed for
	// good. It becomes the Job's activeDeadlineSeconds, and cannot be set beside
	// one.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('720h')",message="timeout must be between 1s and 720h"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// PipelineRetention says how long what the pipeline worked for is kept.
type PipelineRetention struct {
	// keepRecordings is how long a MeetingRecording is kept after its processing
	// ended and its last event came, such as 720h; at least 24h. The recordings
	// of a session are deleted together, when that is so for each of them; where
	// several pipelines ran for one, the longest counts, and one that says
	// nothing keeps it. Without it recordings are kept.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('24h') && duration(self) <= duration('876000h')",message="keepRecordings must be between 24h and 876000h"
	// +optional
	KeepRecordings *metav1.Duration `json:"keepRecordings,omitempty"`

	// keepJobs is how long a Job is kept after it ended, 1h where it is absent.
	// It becomes the ttlSecondsAfterFinished of every Job whose template has none.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8760h')",message="keepJobs must be at most 8760h"
	// +optional
	KeepJobs *metav1.Duration `json:"keepJobs,omitempty"`
}

// RecordingPipelineSpec says for which recordings to run which steps.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxConcurrent) || !has(self.queueName)",message="set maxConcurrent or queueName, not both: with queueName it is Kueue that limits",fieldPath=".queueName"
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

	// when is a condition in CEL over the recording, such as
	// recording.segment == 1, beside the selector. It is evaluated when the
	// recording ends: where it is false, the pipeline does not run for it; where
	// it cannot be evaluated, the steps are Failed and their messages say why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	When string `json:"when,omitempty"`

	// maxConcurrent is how many Jobs of the pipeline may be at work at once in its
	// namespace. Steps beyond it are Queued, first come, first served. Without
	// it there is no limit.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MaxConcurrent *int32 `json:"maxConcurrent,omitempty"`

	// queueName hands the Jobs to Kueue instead: it is the name of a LocalQueue of
	// the namespace. The Jobs are created suspended, and are Queued until Kueue
	// admits them. It cannot be set beside maxConcurrent.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	QueueName string `json:"queueName,omitempty"`

	// retention says how long what the pipeline worked for is kept. Without it
	// recordings are kept, and Jobs for an hour after they ended.
	// +optional
	Retention *PipelineRetention `json:"retention,omitempty"`

	// steps are the Jobs to run, each as soon as what it needs has succeeded.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="!self.exists(s, has(s.needs) && !s.needs.all(n, self.exists(o, o.name == n)))",message="needs can name only steps of the pipeline",messageExpression="'steps[' + '0 1 2 3 4 5 6 7 8 9 10111213141516171819202122232425262728293031'.substring(2 * self.map(s, has(s.needs) && !s.needs.all(n, self.exists(o, o.name == n))).indexOf(true), 2 * self.map(s, has(s.needs) && !s.needs.all(n, self.exists(o, o.name == n))).indexOf(true) + 2).trim() + '].needs names a step that the pipeline does not have'"
	// +kubebuilder:validation:XValidation:rule="!self.exists(s, has(s.needs) && self.exists(o, has(o.needs) && o.name != s.name && o.name in s.needs && s.name in o.needs))",message="two steps cannot need each other",messageExpression="'steps[' + '0 1 2 3 4 5 6 7 8 9 10111213141516171819202122232425262728293031'.substring(2 * self.map(s, has(s.needs) && self.exists(o, has(o.needs) && o.name != s.name && o.name in s.needs && s.name in o.needs)).indexOf(true), 2 * self.map(s, has(s.needs) && self.exists(o, has(o.needs) && o.name != s.name && o.name in s.needs && s.name in o.needs)).indexOf(true) + 2).trim() + '].needs names a step that needs this one'"
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

	// conditions say whether the pipeline can run. Ready: True when what its
	// steps need and its conditions make sense, and the API server would accept
	// the Job of every step. Stalled: True when not, and the message names every
	// field to mend. Reconciling: True while that could not be found out.
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
