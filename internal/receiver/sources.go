// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// source has the differences between webhooks and client events.
type source struct {
	name, route string
	isClient    bool
	// checkTarget checks path, method and token, and verify the body's signature. They return nil to go on.
	checkTarget func(*exchange) *answer
	verify      func(context.Context, *exchange) *answer
	read        func(body []byte) (videosdk.Event, error)
	rates       *guard.Rates
	shares      *guard.Shares
	// things is their name for senders, and rateHint the advice for operators against too many.
	things, rateHint string
}

// sourceOf returns the source of the requests at a path.
func (h *Handler) sourceOf(path string) source {
	switch {
	case path == ClientEventsPath && h.Routes.TakesClients():
		return source{
			name: "client", route: ClientEventsPath, isClient: true, checkTarget: h.checkClientTarget,
			verify: func(context.Context, *exchange) *answer { return nil }, // only the token authenticates
			read:   videosdk.ParseClientEvent, rates: h.ClientRates, shares: h.ClientShares,
			things: "events", rateHint: "raise --client-rate-limit",
		}
	case path == WebhookPath, strings.HasPrefix(path, WebhookPath+"/"):
		route := WebhookPath
		if h.Routes.NeedsToken() {
			route += "/{token}"
		}
		return source{
			name: "webhook", route: route, checkTarget: h.checkWebhookTarget, verify: h.verifyWebhook,
			read: videosdk.Parse, rates: h.Rates, shares: h.Shares,
			things: "webhooks", rateHint: "raise --rate-limit, --rate-limit-per-namespace or --rate-limit-per-client; behind an Ingress set --trusted-proxy",
		}
	}
	return source{name: "unknown", checkTarget: func(*exchange) *answer { return notFound() }}
}

// checkWebhookTarget checks the path and the method. While the sender's failed requests are over the limit, only the answer to a signed
// body depends on the token.
func (h *Handler) checkWebhookTarget(x *exchange) *answer {
	token, hasToken := strings.CutPrefix(x.r.URL.Path, WebhookPath+"/")
	if hasToken == h.Routes.NeedsToken() {
		x.namespace = h.Routes.Webhook(token)
	}
	switch {
	case x.namespace == "" && h.Rates.Failing(h.client(x)) == 0:
		return notFound()
	case x.r.Method != http.MethodPost:
		return methodNotAllowed("webhooks must be sent with POST", http.MethodPost)
	}
	return nil
}

func (h *Handler) verifyWebhook(ctx context.Context, x *exchange) *answer {
	err := h.Verifier.Verify(ctx, x.body, x.r.Header.Get(videosdk.SignatureHeader))
	if err == nil {
		if x.namespace == "" {
			return notFound()
		}
		x.isVerified = true
		guard.ConnOf(x.r).Genuine()
		return nil
	}
	for _, known := range []error{videosdk.ErrMissingSignature, videosdk.ErrMalformedSignature, videosdk.ErrBadSignature} {
		if errors.Is(err, known) {
			return refused(http.StatusUnauthorized, outcomeUnauthorized, known.Error())
		}
	}
	a := unavailable(outcomeNoKey, "the signature cannot be verified at the moment: try again later", err)
	a.isQuiet = true // anyone can cause it
	if errors.Is(err, videosdk.ErrRefreshLimited) {
		a.outcome = outcomeUnchecked
		return a
	}
	h.Metrics.noKey.Do(func() { h.Log.Error(err, "Cannot verify signatures") })
	return a
}

// checkClientTarget checks the method and the token. While the sender's failed requests are over the limit it does not check the token.
func (h *Handler) checkClientTarget(x *exchange) *answer {
	origin := x.r.Header.Get("Origin")
	isAllowed := slices.Contains(h.Origins, origin)
	if len(h.Origins) > 0 {
		x.w.Header().Add("Vary", "Origin")
	}
	if isAllowed { // its pages may read the answer
		x.w.Header().Set("Access-Control-Allow-Origin", origin)
		x.w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	switch {
	case isAllowed && x.r.Method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != "":
		return &answer{status: http.StatusNoContent, outcome: outcomePreflight, isQuiet: true}
	case x.r.Method != http.MethodPost:
		return methodNotAllowed("events must be sent with POST", http.MethodPost)
	}
	if wait := h.Rates.Failing(h.client(x)); wait > 0 {
		return failuresLimited(wait)
	}
	scheme, token, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		x.namespace = h.Routes.Client(strings.TrimSpace(token))
	}
	if x.namespace == "" {
		a := refused(http.StatusUnauthorized, outcomeUnauthorized, "the token is missing or wrong: send Authorization: Bearer TOKEN")
		a.challenge = "Bearer"
		return a
	}
	return nil
}
