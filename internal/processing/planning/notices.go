// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Changes reports whether the decision must be stored, because it differs from the recording's status.
func (d Decision) Changes(recording *v1alpha1.MeetingRecording) bool {
	return !IsObserved(recording) || !equality.Semantic.DeepEqual(d.Processing, recording.Status.Processing) ||
		!equality.Semantic.DeepEqual(d.Conditions, recording.Status.Conditions)
}

// Begins reports whether the decision is the first that acts on how the recording ended.
func (d Decision) Begins(recording *v1alpha1.MeetingRecording) bool {
	return d.Processing.State != recording.Status.Processing.State && len(recording.Status.Processing.Steps) == 0
}

// NoticeKind is the kind of a Notice.
type NoticeKind int

// The kinds of notices.
const (
	// NoticeSucceeded: every step succeeded.
	NoticeSucceeded NoticeKind = iota
	// NoticeFailed: every step ended and one failed.
	NoticeFailed
	// NoticeStalled: manual intervention is needed, and processing has not ended.
	NoticeStalled
	// NoticeRerunRefused: a rerun was requested and does not start.
	NoticeRerunRefused
)

// Notice is something that users should learn, once.
type Notice struct {
	// Kind is the kind.
	Kind NoticeKind
	// Reason is that of the Ready condition.
	Reason string
	// Message is that of the Ready condition; why a rerun does not begin: NoticeRerunRefused.
	Message string
}

// Notices compares the recording as it was with the decision that was stored, and returns what users should learn. A recording that
// succeeds has one.
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
