// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// The metrics of delivery and retention.
var (
	deletedTotal = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "meetingrecording_recordings_deleted_total",
		Help: "MeetingRecordings that were deleted because their time was over.",
	})

	eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_cloudevents_total",
		Help: "Attempts to deliver an event to the sink, by outcome: delivered, unavailable (the sink takes none), refused (it does not take this one); and dropped, events given up after refusals.",
	}, []string{"outcome"})

	eventDelay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "meetingrecording_cloudevents_delay_seconds",
		Help:    "Seconds from what happened to a recording until the sink had the event of it.",
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 3600, 86400},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})

	sinkFailingSince = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_sink_failing_since_timestamp_seconds",
		Help: "When the sink began to take no events, in seconds since 1970; 0 while it takes them, or there is none.",
	})

	eventsPending = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_pending_recordings",
		Help: "Recordings that have been processed, and of which the sink may not know all.",
	})
)

func init() {
	metrics.Registry.MustRegister(deletedTotal, eventsTotal, eventDelay, sinkFailingSince, eventsPending)
	for _, outcome := range []string{"delivered", "unavailable", "refused", "dropped"} {
		eventsTotal.WithLabelValues(outcome)
	}
}
