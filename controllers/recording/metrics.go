// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// The controller's metrics, besides controller-runtime's. The only objects named in labels are pipelines and steps with a limit, of which
// there are few.
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
		Help: "Times that a recording became Stalled, by reason.",
	}, []string{"reason"})

	queueWaiting = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "meetingrecording_queue_waiting_steps",
		Help: "Steps in the queue of each pipeline or step with maxConcurrent.",
	}, []string{"namespace", "pipeline"})

	queueTaken = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "meetingrecording_queue_active_jobs",
		Help: "Jobs of each pipeline or step with maxConcurrent that run or are about to be created.",
	}, []string{"namespace", "pipeline"})

	inFlight = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "meetingrecording_recordings_in_flight",
		Help: "Recordings in flight, by state of the recording and of its processing (none: not reconciled yet). Only the leader counts them.",
	}, []string{"state", "processing"})

	stalledNow = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "meetingrecording_recordings_in_flight_stalled",
		Help: "Recordings in flight that are Stalled, by reason. Only the leader counts them.",
	}, []string{"reason"})

	jobDelay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "meetingrecording_job_creation_delay_seconds",
		Help:    "Seconds from the event that ended a recording to the creation of a Job for it, including the time in a queue.",
		Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})
)

func init() {
	metrics.Registry.MustRegister(recordingsTotal, stepsTotal, stalledTotal, queueWaiting, queueTaken, inFlight, stalledNow, jobDelay)
	// An alert on an increase needs the series from the start.
	for _, state := range []v1alpha1.ProcessingState{v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed, v1alpha1.ProcessingSkipped} {
		recordingsTotal.WithLabelValues(stateLabel(state))
		stepsTotal.WithLabelValues(stateLabel(state))
	}
	for _, reason := range []string{
		v1alpha1.ReasonProcessingFailed, v1alpha1.ReasonTerminalEventMissing, v1alpha1.ReasonJobNameTaken, v1alpha1.ReasonJobRefused,
		v1alpha1.ReasonNoProgress, v1alpha1.ReasonTooManySteps,
	} {
		stalledTotal.WithLabelValues(reason)
		stalledNow.WithLabelValues(reason)
	}
}

func reportQueues(namespace string, lengths map[string]scheduling.Length) {
	for pipeline, length := range lengths {
		queueWaiting.WithLabelValues(namespace, pipeline).Set(float64(length.Waiting))
		queueTaken.WithLabelValues(namespace, pipeline).Set(float64(length.Taken))
	}
}

// countStored counts what a stored decision changed.
func countStored(before *v1alpha1.MeetingRecording, stored planning.Decision) {
	if to := stored.Processing.State; before.Status.Processing.State != to && to.IsFinal() {
		recordingsTotal.WithLabelValues(stateLabel(to)).Inc()
	}
	for i, step := range stored.Processing.Steps {
		if i < len(before.Status.Processing.Steps) {
			if was := before.Status.Processing.Steps[i]; was.State == step.State && was.JobName == step.JobName {
				continue
			}
		}
		if step.State.IsFinal() {
			stepsTotal.WithLabelValues(stateLabel(step.State)).Inc()
		}
	}
	if reason := planning.BecameStalled(before, stored); reason != "" {
		stalledTotal.WithLabelValues(reason).Inc()
	}
}

// countInFlight adds a recording to the gauges, or subtracts it. Only the leader's watch does so: the sum over replicas counts each once.
func countInFlight(object client.Object, by float64) {
	recording, ok := object.(*v1alpha1.MeetingRecording)
	if !ok {
		return
	}
	inFlight.WithLabelValues(stateLabel(recording.Status.Recording.State), stateLabel(recording.Status.Processing.State)).Add(by)
	if stalled := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == "True" {
		stalledNow.WithLabelValues(stalled.Reason).Add(by)
	}
}

// stateLabel is the metrics' label of a state; none for a recording that was not reconciled yet.
func stateLabel[T ~string](state T) string {
	if state == "" {
		return "none"
	}
	return strings.ToLower(string(state))
}
