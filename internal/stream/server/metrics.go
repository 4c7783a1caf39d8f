// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts streams and events. A nil one counts nothing.
type Metrics struct {
	open    prometheus.Gauge
	ended   *prometheus.CounterVec
	refusal prometheus.Counter
	events  *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meetingrecording_events_streams", Help: "Open streams.",
		}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_events_streams_ended_total",
			Help: "Streams that ended, by reason: the client disconnected, was too slow, lost its rights or could not be checked, the server shut down, or an error.",
		}, []string{"reason"}),
		refusal: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_events_streams_refused_total", Help: "Streams that were refused because too many were open.",
		}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_events_sent_total", Help: "Events written to streams, by name.",
		}, []string{"event"}),
	}
	for _, reason := range []string{endClient, endSlow, endRights, endUnchecked, endShutdown, endError} {
		m.ended.WithLabelValues(reason)
	}
	registry.MustRegister(m.open, m.ended, m.refusal, m.events)
	return m
}

func (m *Metrics) opened() {
	if m != nil {
		m.open.Inc()
	}
}

func (m *Metrics) closed(reason string) {
	if m != nil {
		m.open.Dec()
		m.ended.WithLabelValues(reason).Inc()
	}
}

func (m *Metrics) refused() {
	if m != nil {
		m.refusal.Inc()
	}
}

func (m *Metrics) sent(event string) {
	if m != nil {
		m.events.WithLabelValues(event).Inc()
	}
}
