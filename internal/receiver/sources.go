// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// source is what differs between webhooks and client events.
type source struct {
	name, route string
	// checkTarget checks path, method and token. It returns nil to go on.
	checkTarget func(*exchange) *answer
	// verify checks the body's signature, where it has one. It returns nil to go on.
	verify func(context.Context, *exchange) *answer
	parse  func(body []byte) (videosdk.Event, error)
	event  func(*exchange) recorder.Event
	// field names a field of the body as its sender knows it.
	field  func(string) string
	rates  func() *guard.Rates
	shares func() *guard.Shares
	count  func(*exchange, *answer, time.Duration)

	tooMany, tooManyAtOnce, rateHint string
	// quiet is set if anybody who can reach the port can exceed the rate.
	quiet bool
}

// sourceOf returns the source whose requests come at a path.
func (h *Handler) sourceOf(path string) *source {
	switch {
	case path == ClientEventsPath && h.Secrets.TakesClients():
		return h.clients
	case path == WebhookPath, strings.HasPrefix(path, WebhookPath+"/"):
		return h.webhooks
	}
	return h.none
}

func (h *Handler) unknownSource() *source {
	return &source{
		name: "unknown", count: h.countWebhook,
		checkTarget: func(*exchange) *answer { return notFound() },
	}
}

func (h *Handler) webhookSource() *source {
	route := WebhookPath
	if h.Secrets.NeedsToken() {
		route += "/{token}"
	}
	return &source{
		name: "webhook", route: route, checkTarget: h.checkWebhookTarget, verify: h.verifyWebhook,
		parse: videosdk.Parse, event: newEvent, count: h.countWebhook,
		field:   func(name string) string { return name },
		rates:   func() *guard.Rates { return h.Rates },
		shares:  func() *guard.Shares { return h.Shares },
		tooMany: "too many webhooks: try again later", tooManyAtOnce: "too many webhooks at once: try again later",
		rateHint: "raise --rate-limit, --rate-limit-per-namespace or --rate-limit-per-client; behind an Ingress set --trusted-proxy",
	}
}

// checkWebhookTarget checks the path and the method. While the sender's failed
// requests are over the limit it does not tell whether the token is valid: then
// only a signed body gets an answer that depends on it.
func (h *Handler) checkWebhookTarget(x *exchange) *answer {
	x.namespace = h.Secrets.webhook(x.r.URL.Path)
	switch {
	case x.namespace == "" && !h.failing(x):
		return notFound()
	case x.r.Method != http.MethodPost:
		return methodNotAllowed("webhooks are sent by POST", http.MethodPost)
	}
	return nil
}

// failing reports whether the sender's failed requests are over the limit.
func (h *Handler) failing(x *exchange) bool { return h.Rates.Failing(h.client(x)) > 0 }

func (h *Handler) verifyWebhook(ctx context.Context, x *exchange) *answer {
	err := h.Verifier.Verify(ctx, x.body, x.r.Header.Get(videosdk.SignatureHeader))
	if err == nil {
		if x.namespace == "" {
			return notFound()
		}
		x.verified = true
		guard.ConnOf(x.r).Genuine()
		return nil
	}
	for _, known := range []error{videosdk.ErrMissingSignature, videosdk.ErrMalformedSignature, videosdk.ErrBadSignature} {
		if errors.Is(err, known) {
			return refused(http.StatusUnauthorized, outcomeUnauthorized, known.Error())
		}
	}
	a := unavailable(outcomeNoKey, "the signature cannot be verified at the moment: try again later", err)
	a.quiet = true // anybody can cause it
	if errors.Is(err, videosdk.ErrRefreshLimited) {
		a.outcome = outcomeUnchecked
		return a
	}
	h.Metrics.noKey.Do(func() { h.Log.Error(err, "Cannot verify signatures") })
	return a
}

func (h *Handler) clientSource() *source {
	return &source{
		name: "client", route: ClientEventsPath, checkTarget: h.checkClientTarget,
		verify: func(context.Context, *exchange) *answer { return nil }, // the token is all there is
		parse:  videosdk.ParseClientEvent,
		event: func(x *exchange) recorder.Event {
			ev := newEvent(x)
			ev.Source, ev.Type = v1alpha1.EventSourceClient, lifecycle.ClientType(ev.Type)
			return ev
		},
		count:   func(_ *exchange, a *answer, _ time.Duration) { h.Metrics.clientEvent(a.outcome) },
		field:   func(name string) string { return strings.TrimPrefix(name, "data.") },
		rates:   func() *guard.Rates { return h.ClientRates },
		shares:  func() *guard.Shares { return h.ClientShares },
		tooMany: "too many events: try again later", tooManyAtOnce: "too many events at once: try again later",
		rateHint: "raise --client-rate-limit", quiet: true,
	}
}

// checkClientTarget checks the method and the token. While the sender's failed
// requests are over the limit it does not look at the token.
func (h *Handler) checkClientTarget(x *exchange) *answer {
	h.allowOrigin(x)
	switch {
	case h.isPreflight(x.r):
		return &answer{status: http.StatusNoContent, outcome: outcomePreflight, quiet: true}
	case x.r.Method != http.MethodPost:
		return methodNotAllowed("events are sent by POST", http.MethodPost)
	}
	if wait := h.Rates.Failing(h.client(x)); wait > 0 {
		return failuresLimited(wait)
	}
	scheme, token, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		x.namespace = h.Secrets.client(strings.TrimSpace(token))
	}
	if x.namespace == "" {
		a := refused(http.StatusUnauthorized, outcomeUnauthorized, "the token is missing or wrong: send Authorization: Bearer TOKEN")
		a.challenge = "Bearer"
		return a
	}
	return nil
}

// allowOrigin lets web pages of the known origins read the answer.
func (h *Handler) allowOrigin(x *exchange) {
	if len(h.Origins) == 0 {
		return
	}
	header := x.w.Header()
	header.Add("Vary", "Origin")
	if origin := x.r.Header.Get("Origin"); slices.Contains(h.Origins, origin) {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

// isPreflight reports whether a browser asks whether a page of a known origin may
// send an event.
func (h *Handler) isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" &&
		slices.Contains(h.Origins, r.Header.Get("Origin"))
}
