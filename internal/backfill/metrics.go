// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is what rounds count.
type Metrics struct {
	rounds      *prometheus.CounterVec
	recordings  *prometheus.CounterVec
	webhooks    *prometheus.CounterVec
	requests    *prometheus.CounterVec
	lastSuccess prometheus.Gauge
	duration    prometheus.Gauge
	waiting     prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "meetingrecording_backfill_" + name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "meetingrecording_backfill_" + name, Help: help})
	}
	m := &Metrics{
		rounds:      counter("rounds_total", "Rounds of backfill, by result: succeeded or failed.", "result"),
		recordings:  counter("recordings_total", "Recordings that the provider listed, by outcome; recorded: no webhook had delivered the file.", "outcome"),
		webhooks:    counter("provider_webhooks_total", "Webhooks that the provider says it sent, by result: succeeded or failed.", "result"),
		requests:    counter("provider_requests_total", "Requests to the provider's REST API, by HTTP status; none without a response.", "status"),
		lastSuccess: gauge("last_success_timestamp_seconds", "Start of the last complete round, in seconds since 1970."),
		duration:    gauge("round_duration_seconds", "Duration of the last round in seconds."),
		waiting:     gauge("waiting_recordings", "Recordings of the last round that are within the grace period."),
	}
	registry.MustRegister(m.rounds, m.recordings, m.webhooks, m.requests, m.lastSuccess, m.duration, m.waiting)
	for _, outcome := range Outcomes() {
		m.recordings.WithLabelValues(string(outcome))
	}
	for _, result := range []string{"succeeded", "failed"} {
		m.rounds.WithLabelValues(result)
		m.webhooks.WithLabelValues(result)
	}
	return m
}

// Request counts a request to the provider.
func (m *Metrics) Request(status int) {
	text := strconv.Itoa(status)
	if status == 0 {
		text = "none"
	}
	m.requests.WithLabelValues(text).Inc()
}

func (m *Metrics) observe(s Summary, err error, began time.Time) {
	if err != nil {
		m.rounds.WithLabelValues("failed").Inc()
	} else {
		m.rounds.WithLabelValues("succeeded").Inc()
		m.lastSuccess.Set(float64(began.Unix()))
	}
	for outcome, n := range s.Found {
		m.recordings.WithLabelValues(string(outcome)).Add(float64(n))
	}
	m.webhooks.WithLabelValues("succeeded").Add(float64(s.Webhooks.succeeded))
	m.webhooks.WithLabelValues("failed").Add(float64(s.Webhooks.failed))
	m.duration.Set(s.Took.Seconds())
	m.waiting.Set(float64(s.Found[Waiting]))
}
