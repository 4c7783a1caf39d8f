// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// report counts and logs the answer.
func (h *Handler) report(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		a := next(ctx, x)
		x.source.count(x, a, h.Now().Sub(x.arrived))
		if x.namespace != "" && h.Secrets.HasRoutes() {
			h.Metrics.routed(x.namespace, a.outcome)
		}
		h.log(x, a)
		return a
	}
}

func (h *Handler) countWebhook(x *exchange, a *answer, took time.Duration) {
	h.Metrics.webhook(x.eventType, a.outcome, took)
}

// log logs an answer. What anybody can cause is not logged as an error; metrics
// count it.
func (h *Handler) log(x *exchange, a *answer) {
	log := h.Log.WithValues("source", x.source.name, "outcome", string(a.outcome), "status", a.status).WithValues(subject(x, a)...)
	if x.eventType != typeUnknown {
		log = log.WithValues("type", x.eventType)
	}
	var bug *recorder.PanicError
	switch {
	case errors.As(a.cause, &bug):
		log.Error(a.cause, "Request caused a panic", "stack", bug.Stack)
	case a.cause != nil && !a.quiet:
		log.Error(a.cause, "Event could not be recorded")
	case a.outcome == outcomeRecorded:
		log.Info("Event recorded in status")
	case a.outcome == outcomeSpooled:
		log.Info("Event spooled on disk")
	case a.status == http.StatusOK, a.quiet:
		log.V(1).Info("Request was answered")
	default:
		log.Info("Request was refused", "problem", a.problem)
	}
}

// subject returns what the log says a request is about: the recording's namespace
// and name, or if that is not known, the session; nothing if not even that is.
func subject(x *exchange, a *answer) []any {
	if namespace, name, ok := strings.Cut(a.recording, "/"); ok {
		return []any{"namespace", namespace, "name", name}
	}
	if x.session != nil {
		return x.session.LogValues()
	}
	if x.namespace != "" {
		return []any{"namespace", x.namespace}
	}
	return nil
}

// trace hands an answered webhook to the Tracer.
func (h *Handler) trace(x *exchange, a *answer) {
	if a.trace != nil {
		h.Tracer.Webhook(a.trace.Recording, a.trace.Event, tracing.Answer{Route: x.source.route, Status: a.status, At: h.Now()})
	}
}
