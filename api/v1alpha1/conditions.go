// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Types of conditions, by the conventions of kstatus (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
// Names and meanings never change within a version of the API.
const (
	// ConditionReady is True when nothing is left to do for the object, and False, with a reason, until then.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the controller works towards Ready; it is absent otherwise.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when the object needs manual intervention; it is absent otherwise.
	ConditionStalled = "Stalled"
)

// Reasons of a MeetingRecording's conditions.
const (
	// ReasonProcessed (Ready=True): every step of every matching pipeline succeeded.
	ReasonProcessed = "Processed"
	// ReasonNothingToProcess (Ready=True): no pipeline matched when the recording ended.
	ReasonNothingToProcess = "NothingToProcess"
	// ReasonProcessing (Ready=False, Reconciling=True): Jobs are running.
	ReasonProcessing = "Processing"
	// ReasonSuspended (Ready=False): the recording has ended and spec.suspend prevents its Jobs.
	ReasonSuspended = "Suspended"
	// ReasonQueued (Ready=False, Reconciling=True): steps wait in a queue, and none is running.
	ReasonQueued = "Queued"
	// ReasonProcessingFailed (Ready=False, Stalled=True): every step has ended and at least one failed permanently.
	ReasonProcessingFailed = "ProcessingFailed"
	// ReasonTerminalEventMissing (Ready=False, Stalled=True): neither recording-stopped nor recording-failed arrived in time.
	ReasonTerminalEventMissing = "TerminalEventMissing"
	// ReasonJobNameTaken (Ready=False, Stalled=True): another Job has the name of the step's Job. The controller continues by
	// itself once that Job is deleted.
	ReasonJobNameTaken = "JobNameTaken"
	// ReasonJobRefused (Ready=False, Reconciling=True): the API server rejected a Job, for example because of a quota. The
	// controller retries. After --stall-after it still retries, but Stalled=True replaces Reconciling=True. If the API server never
	// answers, only Stalled=True is set.
	ReasonJobRefused = "JobRefused"
	// ReasonNoProgress (Ready=False, Stalled=True): a Job has made no progress for --stall-after, for example because an image
	// cannot be pulled. The controller continues by itself once the Job makes progress.
	ReasonNoProgress = "NoProgress"
	// ReasonTooManySteps (Ready=False, Stalled=True): the pipelines that match have more steps together than a recording can
	// hold.
	ReasonTooManySteps = "TooManySteps"
)

// Reasons of a RecordingPipeline's conditions.
const (
	// ReasonAccepted (Ready=True): the pipeline can run, and the API server would accept the Jobs of every step.
	ReasonAccepted = "Accepted"
	// ReasonInvalidTemplate (Ready=False, Stalled=True): the API server would reject the Job of a step; the message names
	// the field.
	ReasonInvalidTemplate = "InvalidTemplate"
	// ReasonInvalidSpec (Ready=False, Stalled=True): needs, a condition or the selector are invalid; the message names each invalid field,
	// including those of templates.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonCheckRefused (Ready=False, Reconciling=True): the Job templates could not be validated, for example because a policy
	// rejected the dry run. The controller retries.
	ReasonCheckRefused = "CheckRefused"
)
