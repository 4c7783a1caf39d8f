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
			Help: "Streams that began, by what they began with: the current state (snapshot), cached events (memory), the " +
				"API server's history (history), or the current state because neither had it (reset, also counted as snapshot).",
		}, []string{"from"}),
		watches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_events_watches_ended_total",
			Help: "Watches of the API server that ended and were restarted.",
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
