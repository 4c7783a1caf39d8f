// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what feeds do. A nil one counts nothing.
type Metrics struct {
	begun   *prometheus.CounterVec
	watches prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		begun: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_events_begun_total",
			Help: "Streams that began, by what they began with: the present state (snapshot), what was kept in memory (memory), what the " +
				"API server kept (history), or the present state because neither had it (reset, counted beside snapshot).",
		}, []string{"from"}),
		watches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_events_watches_ended_total",
			Help: "Watches of the API server that ended and were begun again.",
		}),
	}
	for _, from := range []string{"snapshot", "memory", "history", "reset"} {
		m.begun.WithLabelValues(from)
	}
	registry.MustRegister(m.begun, m.watches)
	return m
}

func (m *Metrics) resumed(from string) {
	if m != nil {
		m.begun.WithLabelValues(from).Inc()
	}
}

func (m *Metrics) watchEnded() {
	if m != nil {
		m.watches.Inc()
	}
}
