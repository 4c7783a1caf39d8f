// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// retryAfter is how long a sender should wait after a 503.
const retryAfter = 5 * time.Second

// answer is the response to a request, and what to log about it.
type answer struct {
	status  int
	outcome outcome
	// The body: result and recording of a success, problem of a failure, health of the health check.
	result, recording, problem, health string
	// allow and challenge are the headers Allow and WWW-Authenticate; wait, if not 0, is Retry-After.
	allow, challenge string
	wait             time.Duration
	// isQuiet is set for answers that would fill the log.
	isQuiet bool
	// cause is logged, but not sent; it may be nil.
	cause error
	// trace is for the Tracer; nil if there is nothing to trace.
	trace *recorder.Trace
}

// recorded is the answer to an event that is durable, or not about recordings. The result is the outcome.
func recorded(o recorder.Outcome) *answer {
	a := &answer{status: http.StatusOK, outcome: outcome(o.Result), result: string(o.Result), recording: o.Recording, trace: o.Trace}
	if o.Result == outbox.Spooled {
		a.status = http.StatusAccepted
	}
	return a
}

func refused(status int, o outcome, problem string) *answer {
	return &answer{status: status, outcome: o, problem: problem}
}

func notFound() *answer {
	return refused(http.StatusNotFound, outcomeNotFound, "unknown path: check the webhook's URL")
}

func methodNotAllowed(problem, allow string) *answer {
	a := refused(http.StatusMethodNotAllowed, outcomeMethodNotAllowed, problem)
	a.allow = allow
	return a
}

func health(method string) *answer {
	if method != http.MethodGet && method != http.MethodHead {
		return methodNotAllowed("the health check accepts GET and HEAD only", "GET, HEAD")
	}
	return &answer{status: http.StatusOK, health: "ok"}
}

// failuresLimited has one text for all, so that it does not reveal what was wrong.
func failuresLimited(wait time.Duration) *answer {
	a := refused(http.StatusTooManyRequests, outcomeFailuresLimited, "too many refused requests: try again later")
	a.wait, a.isQuiet = wait, true
	return a
}

func unavailable(o outcome, problem string, cause error) *answer {
	return &answer{status: http.StatusServiceUnavailable, outcome: o, problem: problem, wait: retryAfter, cause: cause}
}

func panicked(cause *recorder.PanicError) *answer {
	return &answer{status: http.StatusInternalServerError, outcome: outcomePanic, problem: "internal error", cause: cause}
}

// write sends the answer: a JSON object, except to a preflight.
func (a *answer) write(w http.ResponseWriter) error {
	header := w.Header()
	if a.outcome == outcomePreflight {
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(a.status)
		return nil
	}
	content, err := json.Marshal(struct {
		Result    string `json:"result,omitempty"`
		Recording string `json:"recording,omitempty"`
		Status    string `json:"status,omitempty"`
		Error     string `json:"error,omitempty"`
	}{a.result, a.recording, a.health, a.problem})
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	header.Set("X-Content-Type-Options", "nosniff")
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.challenge != "" {
		header.Set("WWW-Authenticate", a.challenge)
	}
	if a.wait > 0 {
		header.Set("Retry-After", strconv.Itoa(int((a.wait+time.Second-1)/time.Second)))
	}
	w.WriteHeader(a.status)
	_, err = w.Write(content)
	return err
}

// Types of events in metrics, besides the provider's five names.
const (
	// typeUnknown is for requests that were refused before they were parsed.
	typeUnknown = "unknown"
	// typeOther is for signed webhooks that are not about recordings.
	typeOther = "other"
)

// outcome is the value of a metric's label: the response and its reason.
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

// summaryInterval is the least time between two log lines about requests that are not logged one by one.
const summaryInterval = 10 * time.Second

// Metrics are the receiver's metrics. No label depends on what senders send: namespaces come from routes.
type Metrics struct {
	webhooks *prometheus.CounterVec
	routes   *prometheus.CounterVec
	clients  *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	// Log lines that anyone can cause are rate-limited.
	overload, failures, rateLimited, noKey rate.Sometimes
}

// NewMetrics registers the receiver's metrics. It panics if they already are.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		overload: rate.Sometimes{Interval: summaryInterval}, failures: rate.Sometimes{Interval: summaryInterval},
		rateLimited: rate.Sometimes{Interval: summaryInterval}, noKey: rate.Sometimes{Interval: summaryInterval},
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_webhooks_total",
			Help: "Webhook requests, by type of event (unknown if refused before parsing, other if not about recordings) and outcome.",
		}, []string{"type", "outcome"}),
		routes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_route_requests_total",
			Help: "Requests with the token of a route of --routes-file, by namespace and outcome.",
		}, []string{"namespace", "outcome"}),
		clients: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_client_events_total",
			Help: "Requests with client events, by outcome.",
		}, []string{"outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                        "meetingrecording_webhook_duration_seconds",
			Help:                        "Seconds from a webhook request's headers to the response, by outcome.",
			Buckets:                     []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5, 5, 10},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
		}, []string{"outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meetingrecording_webhooks_in_flight",
			Help: "Webhook requests in flight.",
		}),
	}
	registry.MustRegister(m.webhooks, m.routes, m.clients, m.duration, m.inFlight)
	// Alerts need their series from the start.
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
