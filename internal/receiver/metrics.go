// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// Types of events in metrics, beside the provider's five names.
const (
	// typeUnknown is of requests that were refused before their type was known.
	typeUnknown = "unknown"
	// typeOther is of signed webhooks that are not about recordings.
	typeOther = "other"
)

// outcome is a metric's label: what was answered and why.
type outcome string

const (
	outcomeRecorded         outcome = "recorded"
	outcomeDuplicate        outcome = "duplicate"
	outcomeSpooled          outcome = "spooled"
	outcomeIgnored          outcome = "ignored"
	outcomeMalformed        outcome = "malformed"
	outcomeUnauthorized     outcome = "unauthorized"
	outcomeNotFound         outcome = "not_found"
	outcomeMethodNotAllowed outcome = "method_not_allowed"
	outcomeTooLarge         outcome = "too_large"
	outcomeRejected         outcome = "rejected"
	outcomeUnavailable      outcome = "unavailable"
	outcomeNoKey            outcome = "no_key"
	outcomeUnchecked        outcome = "unchecked"
	outcomePanic            outcome = "panic"
	outcomeRateLimited      outcome = "rate_limited"
	outcomeFailuresLimited  outcome = "failures_limited"
	outcomeOverloaded       outcome = "overloaded"
	outcomePreflight        outcome = "preflight"
)

// summaryInterval is the least time between two log lines on requests that are
// not logged each.
const summaryInterval = 10 * time.Second

// Metrics are what the receiver counts. No label grows with what is sent: namespaces are those of routes.
type Metrics struct {
	webhooks *prometheus.CounterVec
	routes   *prometheus.CounterVec
	clients  *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	// Log lines that anybody can cause are written once in a while.
	overload, failures, rateLimited, noKey rate.Sometimes
}

// NewMetrics registers the receiver's metrics. It panics if they already are.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		overload: rate.Sometimes{Interval: summaryInterval}, failures: rate.Sometimes{Interval: summaryInterval},
		rateLimited: rate.Sometimes{Interval: summaryInterval}, noKey: rate.Sometimes{Interval: summaryInterval},
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_webhooks_total",
			Help: "Webhook requests, by type of event (unknown where it was refused before that was known, other where it is not about recordings) and by outcome.",
		}, []string{"type", "outcome"}),
		routes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_route_requests_total",
			Help: "Requests with the secret of a route of --routes-file, by its namespace and by outcome.",
		}, []string{"namespace", "outcome"}),
		clients: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_client_events_total",
			Help: "Requests with clients' events, by outcome.",
		}, []string{"outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "meetingrecording_webhook_duration_seconds",
			Help:    "Time from a webhook request's headers to its answer, by outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5, 5, 10},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
		}, []string{"outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meetingrecording_webhooks_in_flight",
			Help: "Webhook requests that are being answered.",
		}),
	}
	registry.MustRegister(m.webhooks, m.routes, m.clients, m.duration, m.inFlight)
	// The series that alerts are made of exist from the start.
	for _, eventType := range videosdk.RecordingEventTypes() {
		for _, o := range []outcome{outcomeRecorded, outcomeDuplicate, outcomeSpooled, outcomeUnavailable, outcomeRejected} {
			m.webhooks.WithLabelValues(string(eventType), string(o))
		}
	}
	for _, o := range []outcome{outcomeUnauthorized, outcomeNoKey, outcomeUnchecked, outcomePanic, outcomeRateLimited, outcomeFailuresLimited, outcomeOverloaded} {
		m.webhooks.WithLabelValues(typeUnknown, string(o))
	}
	return m
}

func (m *Metrics) webhook(eventType string, o outcome, took time.Duration) {
	m.webhooks.WithLabelValues(eventType, string(o)).Inc()
	m.duration.WithLabelValues(string(o)).Observe(took.Seconds())
}
