// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// The controllers' own metrics, beside those of controller-runtime. No label has the name of an object.
var (
	recordingsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_recordings_processed_total",
		Help: "Recordings whose processing has ended, by outcome: succeeded, failed or skipped.",
	}, []string{"outcome"})

	stepsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_steps_total",
		Help: "Steps that have ended, by outcome: succeeded, failed or skipped.",
	}, []string{"outcome"})

	stalledTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_recordings_stalled_total",
		Help: "Times that a recording came to need a person, by the reason of its Stalled condition.",
	}, []string{"reason"})

	jobDelay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "meetingrecording_job_creation_delay_seconds",
		Help:    "Seconds from the event that ended a recording to the creation of a Job for it.",
		Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200},
	})
)

func init() {
	metrics.Registry.MustRegister(recordingsTotal, stepsTotal, stalledTotal, jobDelay)
}

// countStored counts what a stored decision changed.
func countStored(before *v1alpha1.MeetingRecording, stored processing.Decision, notices []processing.Notice) {
	to := stored.Processing.State
	if before.Status.Processing.State != to && processing.IsFinal(to) {
		recordingsTotal.WithLabelValues(outcome(string(to))).Inc()
	}
	for i, step := range stored.Processing.Steps {
		if i < len(before.Status.Processing.Steps) {
			if was := before.Status.Processing.Steps[i]; was.State == step.State && was.JobName == step.JobName {
				continue
			}
		}
		switch step.State {
		case v1alpha1.StepSucceeded, v1alpha1.StepFailed, v1alpha1.StepSkipped:
			stepsTotal.WithLabelValues(outcome(string(step.State))).Inc()
		}
	}
	for _, notice := range notices {
		if notice.Kind == processing.NoticeStalled {
			stalledTotal.WithLabelValues(notice.Reason).Inc()
		}
	}
}

func outcome(state string) string { return strings.ToLower(state) }
