// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationTraceparent is on MeetingRecordings: the recording's trace context, in the format of W3C's traceparent header. The sidecar sets
// it when it creates the object, if tracing is enabled. Only traces use it.
const AnnotationTraceparent = GroupName + "/traceparent"

// Labels that the operator sets. Ids that are not valid values are shortened, with a hash; the spec has the original.
const (
	// LabelRecording is on Jobs and their Pods: the name of the MeetingRecording that they work for.
	LabelRecording = GroupName + "/recording"
	// LabelMeetingID is on MeetingRecordings, Jobs and their Pods: the provider's id of the meeting.
	LabelMeetingID = GroupName + "/meeting-id"
	// LabelSessionID is on MeetingRecordings, Jobs and their Pods: the provider's id of the meeting's session.
	LabelSessionID = GroupName + "/session-id"
	// LabelPipeline is on Jobs and their Pods: the name of the RecordingPipeline that they run for.
	LabelPipeline = GroupName + "/pipeline"
	// LabelStep is on Jobs and their Pods: the name of the step within its pipeline.
	LabelStep = GroupName + "/step"
)

// Annotations that the operator sets.
const (
	// AnnotationOutputs is on the Pods of a step that needs other steps: their outputs, as JSON, for the file in STEP_OUTPUTS_FILE.
	AnnotationOutputs = GroupName + "/outputs"
)
