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
	// ReasonProcessing (Ready=False, Reconciling=True): Jobs are at work.
	ReasonProcessing = "Processing"
	// ReasonSuspended (Ready=False): the recording ended and spec.suspend holds its Jobs.
	ReasonSuspended = "Suspended"
	// ReasonQueued (Ready=False, Reconciling=True): steps wait in the queue, and none is at work.
	ReasonQueued = "Queued"
	// ReasonProcessingFailed (Ready=False, Stalled=True): every step ended and one failed permanently.
	ReasonProcessingFailed = "ProcessingFailed"
	// ReasonTerminalEventMissing (Ready=False, Stalled=True): neither recording-stopped nor recording-failed came in time.
	ReasonTerminalEventMissing = "TerminalEventMissing"
	// ReasonJobNameTaken (Ready=False, Stalled=True): a Job of the step's name exists and is not the recording's. The controller
	// goes on by itself once that Job is gone.
	ReasonJobNameTaken = "JobNameTaken"
	// ReasonJobRefused (Ready=False, Reconciling=True): the API server refused a Job, for example by a quota. The controller
	// tries again, and goes on trying when it has been refused for --stall-after, but Stalled=True then takes the place of
	// Reconciling.
	ReasonJobRefused = "JobRefused"
	// ReasonNoProgress (Ready=False, Stalled=True): the Pod of a Job does not start, for example because its image cannot
	// be pulled. The controller goes on by itself once it does.
	ReasonNoProgress = "NoProgress"
	// ReasonTooManySteps (Ready=False, Stalled=True): the pipelines that match have more steps together than a recording can
	// hold.
	ReasonTooManySteps = "TooManySteps"
)

// Reasons of a RecordingPipeline's conditions.
const (
	// ReasonAccepted (Ready=True): the pipeline can run, and the API server would accept the Jobs of every step.
	ReasonAccepted = "Accepted"
	// ReasonInvalidTemplate (Ready=False, Stalled=True): the API server would refuse the Job of a step; the message names the
	// field.
	ReasonInvalidTemplate = "InvalidTemplate"
	// ReasonInvalidSpec (Ready=False, Stalled=True): what the steps need, a condition or the selector makes no sense; the message
	// names each field, those of templates included.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonCheckRefused (Ready=False, Reconciling=True): the controller could not check whether the Jobs would be accepted, for example
	// because a policy refused the trial. The controller tries again.
	ReasonCheckRefused = "CheckRefused"
)
