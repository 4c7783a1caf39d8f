// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Metrics are what the recorder counts.
type Metrics struct {
	api *prometheus.CounterVec
}

// NewMetrics registers the recorder's metrics. It panics if they already are.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		api: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_api_requests_total",
			Help: "Requests to the API server, by verb (get, list, create, patch) and outcome (ok, not_found, conflict, forbidden, throttled, timeout, error).",
		}, []string{"verb", "outcome"}),
	}
	registry.MustRegister(m.api)
	for _, verb := range []string{"get", "create", "patch"} {
		for _, result := range []string{"ok", "conflict", "forbidden", "throttled", "timeout", "error"} {
			m.api.WithLabelValues(verb, result)
		}
	}
	return m
}

func (m *Metrics) apiRequest(verb string, err error) {
	m.api.WithLabelValues(verb, apiOutcome(err)).Inc()
}

func apiOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case apierrors.IsNotFound(err) && !isUnexpected(err):
		return "not_found"
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsInvalid(err):
		return "conflict"
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "forbidden"
	case apierrors.IsTooManyRequests(err):
		return "throttled"
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsTimeout(err):
		return "timeout"
	}
	return "error"
}
