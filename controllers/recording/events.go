// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// kubernetesEvent is an Event as kubectl describe shows it.
type kubernetesEvent struct {
	kind   string
	reason string
	action string
	note   string
}

// eventFor returns the Kubernetes Event for a notice. Notes are cut to the 1024 bytes that the API server takes.
func eventFor(notice planning.Notice) kubernetesEvent {
	switch notice.Kind {
	case planning.NoticeSucceeded:
		return processingSucceeded(notice.Message)
	case planning.NoticeFailed:
		return processingFailed(notice.Message)
	case planning.NoticeRerunRefused:
		return rerunRefused(notice.Message)
	}
	return stalled(notice.Reason, notice.Message)
}

func processingSucceeded(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeNormal, "ProcessingSucceeded", "Process", conditions.Cut(message)}
}

func processingFailed(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, "ProcessingFailed", "Process", conditions.Cut(message)}
}

func rerunRefused(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, "RerunRefused", "Process", conditions.Cut(message)}
}

// stalled has the reason of the condition, such as TerminalEventMissing.
func stalled(reason, message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, reason, "Process", conditions.Cut(message)}
}
