// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diagnosis answers "why is this recording not done?" from the objects of a cluster. It is pure.
//
// The rules are ordered: the first that matches is the answer. A rule that needs the user comes before one that needs only
// time. Why a Job makes no progress is what the manager finds too (package outcomes). docs/how-to/troubleshoot.md has a row for
// each answer.
package diagnosis

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Input is what is known of a recording. What could not be read is nil, and named in Incomplete: no rule may take it for absent.
type Input struct {
	Recording *v1alpha1.MeetingRecording
	// Pipelines are all of the namespace.
	Pipelines []v1alpha1.RecordingPipeline
	// Jobs are those that the recording controls; Pods are theirs, by the Job's name.
	Jobs []batchv1.Job
	Pods map[string][]corev1.Pod
	// Events are the Kubernetes Events about the Jobs and Pods.
	Events []eventsv1.Event
	Quotas []corev1.ResourceQuota
	Now    time.Time
	// Incomplete says what could not be read.
	Incomplete []string
}

// Answer says why a recording is not done.
type Answer struct {
	// Reason is one word, for scripts.
	Reason string `json:"reason"`
	// Summary is one sentence.
	Summary string `json:"summary"`
	// Detail is what the cluster says, in its own words; it may be empty.
	Detail string `json:"detail,omitempty"`
	// NeedsAction reports whether it stays so until somebody acts.
	NeedsAction bool `json:"needsAction"`
	// Fix says what to do, and Commands are what to run for it.
	Fix      string   `json:"fix,omitempty"`
	Commands []string `json:"commands,omitempty"`
	// Incomplete says what could not be read; the answer may be another with it.
	Incomplete []string `json:"incomplete,omitempty"`
}

// rule returns an answer, or nil if it does not apply.
type rule func(Input) *Answer

// rules are all answers but the last, in order.
var rules = []rule{
	deleting, notObserved, notEnded, rerunRefused, suspended, noPipelineMatched, done,
	stalledByName, jobRefused, pipelineNotReady, jobStuck, stepFailed, queued, running,
}

// Explain returns the answer of the first rule that applies.
func Explain(in Input) Answer {
	for _, applies := range rules {
		if answer := applies(in); answer != nil {
			answer.Incomplete = in.Incomplete
			nameWaitingRerun(in, answer)
			return *answer
		}
	}
	return unknown(in)
}

// IsObserved reports whether the status accounts for the recording's spec. The manager writes nothing while a recording is under
// way, so until then there is nothing to observe.
func IsObserved(r *v1alpha1.MeetingRecording) bool {
	if !r.Status.Recording.State.IsFinal() && len(r.Status.Conditions) == 0 {
		return true
	}
	return r.Status.ObservedGeneration >= r.Generation
}
