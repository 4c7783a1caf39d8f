// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver takes the provider's webhooks over HTTP. A response of 2xx means that the event is durable.
//
// The steps of a request are listed by the answer method of [Handler]: method and path, a bounded read of the raw body, its signature,
// its content, and then a [Recorder], which makes it durable; package outbox has one.
package receiver

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/clientaddress"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const (
	// WebhookPath is where webhooks are received; with an endpoint token, at WebhookPath + "/" + token instead.
	WebhookPath = "/webhooks/videosdk"
	// ClientEventsPath is where apps forward the event recordingStateChanged of the provider's SDKs, if there is a client token.
	ClientEventsPath = "/events/recordingStateChanged"
	// healthPath answers load balancers.
	healthPath = "/healthz"
)

// SignatureVerifier verifies a webhook's signature; videosdk.Verifier is one, and documents the errors.
type SignatureVerifier interface {
	Verify(ctx context.Context, body []byte, signature string) error
}

// Unverified accepts every signature, or none at all. For testing only.
type Unverified struct{}

// Verify returns nil.
func (Unverified) Verify(context.Context, []byte, string) error { return nil }

// Recorder makes events durable, see outbox.Outbox.Record. It may be called concurrently.
type Recorder interface {
	Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error)
}

// Handler answers webhooks and client events. Both go through the same steps.
type Handler struct {
	Verifier SignatureVerifier
	// Routes say which tokens are valid, and where recordings are.
	Routes *routes.Table
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Shares, if not nil, bounds what a namespace has in flight, and ClientShares what its clients have.
	Shares, ClientShares *guard.Shares
	// Rates, if not nil, bounds webhooks and, apart from them, failed requests.
	Rates *guard.Rates
	// ClientRates, if not nil, bounds the client events of each namespace.
	ClientRates *guard.Rates
	// Origins are those of web pages that may send client events.
	Origins  []string
	Recorder Recorder
	// Replays, if not nil, answers webhooks that are repeated too often.
	Replays *Replays
	// IgnoreIDs leaves the ids of recordings out of events.
	IgnoreIDs bool
	// Tracer, if not nil, gets the webhooks whose recording has a trace. A traceparent of the request is ignored, because anybody could
	// send one.
	Tracer  *tracing.Tracer
	Metrics *Metrics
	Log     logr.Logger
	// Timeout is how long verifying and recording may take together.
	Timeout time.Duration
	// Now is the clock.
	Now func() time.Time
}

// exchange is one request on its way through the steps.
type exchange struct {
	source
	w       http.ResponseWriter
	r       *http.Request
	arrived time.Time
	address netip.Addr // see Handler.client

	// namespace is where a valid token leads.
	namespace  string
	body       []byte
	isBodyRead bool
	// isVerified is set once the sender has proved to be the provider.
	isVerified bool
	// eventType is the metric's label.
	eventType string
	event     videosdk.Event
	session   *recorder.Session // nil until it is known
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Metrics.inFlight.Inc()
	defer h.Metrics.inFlight.Dec()
	x := &exchange{w: w, r: r, source: h.sourceOf(r.URL.Path), arrived: h.Now(), eventType: typeUnknown}
	a := h.limitFailures(x, h.answer(x))
	h.report(x, a)
	h.respond(x, a)
	if a.trace != nil {
		h.Tracer.Webhook(a.trace.Recording, a.trace.Event, tracing.Answer{Route: x.route, Status: a.status, At: h.Now()})
	}
}

// answer takes a request through the steps, up to the one that has its answer. A panic has one that reveals nothing about it.
func (h *Handler) answer(x *exchange) (a *answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = panicked(recorder.NewPanicError(cause))
		}
	}()
	if a := x.checkTarget(x); a != nil {
		return a
	}
	if a := x.readBody(); a != nil {
		return a
	}
	// The sender may hang up before the event is written. It is written all the same: the provider may never send it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), h.Timeout)
	defer cancel()
	if a := x.verify(ctx, x); a != nil {
		return a
	}
	if a := h.limitRate(x); a != nil {
		return a
	}
	if a := h.parse(x); a != nil {
		return a
	}
	leave := x.shares.Enter(x.namespace)
	if leave == nil {
		return overloaded(x.things)
	}
	defer leave()
	return h.recordOnce(ctx, x)
}

// Limited returns the handler of the webhooks' port: this one with a limit on requests in flight, of 0 for none, and the health check,
// which has no limit.
func (h *Handler) Limited(maxInFlight int) http.Handler {
	inFlight := guard.NewInFlight(maxInFlight, h, http.HandlerFunc(h.refuseOverload))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != healthPath {
			inFlight.ServeHTTP(w, r)
			return
		}
		a := &answer{status: http.StatusOK, health: "ok"}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			a = methodNotAllowed("the health check is asked by GET or HEAD", "GET, HEAD")
		}
		h.respond(&exchange{w: w, r: r}, a)
	})
}

// refuseOverload answers a request for which there is no slot. Its body is not read.
func (h *Handler) refuseOverload(w http.ResponseWriter, r *http.Request) {
	h.Metrics.overload.Do(func() {
		h.Log.Info("Refusing requests over --max-in-flight", "hint", "check whether the API server is slow; raise the limit only together with the memory limit")
	})
	a := overloaded("webhooks")
	h.Metrics.webhook(typeUnknown, a.outcome, 0)
	h.respond(&exchange{w: w, r: r}, a)
}

// client returns where the request comes from.
func (h *Handler) client(x *exchange) netip.Addr {
	if !x.address.IsValid() {
		x.address = clientaddress.Of(x.r, h.TrustedProxies)
	}
	return x.address
}
