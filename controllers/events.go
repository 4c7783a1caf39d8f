// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// kubernetesEvent is what a person sees in kubectl describe.
type kubernetesEvent struct {
	kind   string
	reason string
	action string
	note   string
}

// eventFor returns the Kubernetes Event for a notice. Notes are cut to the 1024 bytes that the API server takes.
func eventFor(notice processing.Notice) kubernetesEvent {
	switch notice.Kind {
	case processing.NoticeStarted:
		return processingStarted()
	case processing.NoticeSucceeded:
		return processingSucceeded(notice.Message)
	case processing.NoticeFailed:
		return processingFailed(notice.Message)
	case processing.NoticeRerunRefused:
		return rerunRefused(notice.Message)
	}
	return stalled(notice.Reason, notice.Message)
}

func processingStarted() kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeNormal, "ProcessingStarted", "Process", "The recording has ended and its Jobs are at work."}
}

func processingSucceeded(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeNormal, "ProcessingSucceeded", "Process", processing.Cut(message)}
}

func processingFailed(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, "ProcessingFailed", "Process", processing.Cut(message)}
}

func rerunRefused(message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, "RerunRefused", "Process", processing.Cut(message)}
}

// stalled has the reason of the condition, such as TerminalEventMissing.
func stalled(reason, message string) kubernetesEvent {
	return kubernetesEvent{corev1.EventTypeWarning, reason, "Process", processing.Cut(message)}
}
