// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_cloudevents_total",
		Help: "Attempts to deliver an event to the sink, by outcome: delivered, unreachable (no answer), failed (retried soon), rejected (retried hourly); and dropped, events given up after rejections.",
	}, []string{"outcome"})

	eventDelay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "meetingrecording_cloudevents_delay_seconds",
		Help:    "Seconds from a change of a recording until its event was delivered.",
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 3600, 86400},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	})

	sinkFailingSince = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_sink_failing_since_timestamp_seconds",
		Help: "Since when the sink accepts no events, in seconds since 1970; 0 while it accepts them, or there is none.",
	})

	eventsPending = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "meetingrecording_cloudevents_pending_recordings",
		Help: "Recordings with events that are not delivered, or whose delivery is not stored yet.",
	})
)

func init() {
	metrics.Registry.MustRegister(eventsTotal, eventDelay, sinkFailingSince, eventsPending)
	// An alert on an increase needs the series from the start.
	for _, outcome := range []string{"delivered", "unreachable", "failed", "rejected", "dropped"} {
		eventsTotal.WithLabelValues(outcome)
	}
}
