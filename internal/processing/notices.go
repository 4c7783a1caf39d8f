// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Changes says whether the decision is to be stored: whether it says anything that the recording's status does not.
func (d Decision) Changes(recording *v1alpha1.MeetingRecording) bool {
	return !equality.Semantic.DeepEqual(d.Processing, recording.Status.Processing) ||
		!equality.Semantic.DeepEqual(d.Conditions, recording.Status.Conditions)
}

// Begins says whether the decision is the first that acts on how the recording ended, so that it counts only if the recording
// has not changed in the meantime.
func (d Decision) Begins(recording *v1alpha1.MeetingRecording) bool {
	return d.Processing.State != recording.Status.Processing.State && len(recording.Status.Processing.Steps) == 0
}

// NoticeKind is what a person hears of.
type NoticeKind int

// The kinds of notices.
const (
	// NoticeStarted: the first Jobs were created.
	NoticeStarted NoticeKind = iota
	// NoticeSucceeded: every step succeeded.
	NoticeSucceeded
	// NoticeFailed: every step ended and one failed.
	NoticeFailed
	// NoticeStalled: a person is needed, and processing has not ended.
	NoticeStalled
	// NoticeRerunRefused: a rerun was asked for and does not begin.
	NoticeRerunRefused
)

// Notice is something that a person should hear of, once.
type Notice struct {
	// Kind says what of.
	Kind NoticeKind
	// Reason is that of the Ready condition.
	Reason string
	// Message is that of the Ready condition; why a rerun does not begin: NoticeRerunRefused.
	Message string
}

// Notices compares the recording as it was with the decision that was stored, and returns what is new to a person: in the
// ordinary case, that processing started, and how it ended.
func Notices(before *v1alpha1.MeetingRecording, stored Decision) []Notice {
	ready := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return nil
	}
	var notices []Notice
	add := func(kind NoticeKind) {
		notices = append(notices, Notice{Kind: kind, Reason: ready.Reason, Message: ready.Message})
	}
	from, to := before.Status.Processing.State, stored.Processing.State
	if from != to {
		switch to {
		case v1alpha1.ProcessingRunning:
			if IsFinal(from) || !slices.ContainsFunc(before.Status.Processing.Steps, hasStarted) {
				add(NoticeStarted)
			}
		case v1alpha1.ProcessingSucceeded:
			add(NoticeSucceeded)
		case v1alpha1.ProcessingFailed:
			add(NoticeFailed)
		}
	}
	if stored.RerunRefused != "" {
		notices = append(notices, Notice{Kind: NoticeRerunRefused, Reason: ready.Reason, Message: stored.RerunRefused})
	}
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionStalled)
	is := meta.FindStatusCondition(stored.Conditions, v1alpha1.ConditionStalled)
	if is != nil && !IsFinal(to) && (was == nil || was.Reason != is.Reason) {
		add(NoticeStalled)
	}
	return notices
}

func hasStarted(step v1alpha1.StepStatus) bool { return step.StartTime != nil }
