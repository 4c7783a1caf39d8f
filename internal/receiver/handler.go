// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/clientaddress"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const (
	// WebhookPath is where webhooks are received; with an endpoint token, at
	// WebhookPath + "/" + token instead.
	WebhookPath = "/webhooks/videosdk"
	// ClientEventsPath is where apps forward the event recordingStateChanged of
	// the provider's SDKs, if there is a client token.
	ClientEventsPath = "/events/recordingStateChanged"
	// healthPath answers load balancers.
	healthPath = "/healthz"
)

// SignatureVerifier verifies a webhook's signature; videosdk.Verifier is one, and
// documents the errors.
type SignatureVerifier interface {
	Verify(ctx context.Context, body []byte, signature string) error
}

// Unverified accepts every signature, or none at all. For testing only.
type Unverified struct{}

// Verify returns nil.
func (Unverified) Verify(context.Context, []byte, string) error { return nil }

// Handler answers webhooks and client events. Both go through the same steps,
// which chain lists.
type Handler struct {
	Verifier SignatureVerifier
	// Secrets say which tokens are valid, and where recordings are.
	Secrets *Secrets
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Shares, if not nil, bounds what a namespace has in flight, and ClientShares
	// what its clients have.
	Shares, ClientShares *guard.Shares
	// Rates, if not nil, bounds webhooks and, apart from them, failed requests.
	Rates *guard.Rates
	// ClientRates, if not nil, bounds the client events of each namespace.
	ClientRates *guard.Rates
	// Origins are those of web pages that may send client events.
	Origins  []string
	Recorder Recorder
	// IgnoreIDs leaves the ids of recordings out of events.
	IgnoreIDs bool
	// Tracer, if not nil, gets the webhooks whose recording has a trace. A
	// traceparent of the request is ignored, because anybody could send one.
	Tracer  *tracing.Tracer
	Metrics *Metrics
	Log     logr.Logger
	// Timeout is how long verifying and recording may take together.
	Timeout time.Duration
	// Now is the clock.
	Now func() time.Time

	once                    sync.Once
	webhooks, clients, none *source
	chain                   handle
}

// exchange is one request on its way through the steps.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	source  *source
	arrived time.Time
	address netip.Addr // see Handler.client

	// namespace is where a valid token leads.
	namespace string
	body      []byte
	bodyRead  bool
	// verified is set once the sender has proved to be the provider.
	verified bool
	// eventType is the metric's label.
	eventType string
	event     videosdk.Event
	session   *recorder.Session // nil until it is known
}

// handle answers a request, and step does one thing before or after others.
type (
	handle func(context.Context, *exchange) *answer
	step   func(next handle) handle
)

func (h *Handler) build() {
	h.webhooks, h.clients, h.none = h.webhookSource(), h.clientSource(), h.unknownSource()
	h.chain = h.record
	for _, next := range slices.Backward([]step{
		h.report, h.recoverPanic, h.limitFailures, h.checkTarget, h.readBody, h.verify, h.limitRate, h.parse, h.limitNamespace,
	}) {
		h.chain = next(h.chain)
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.build)
	h.Metrics.inFlight.Inc()
	defer h.Metrics.inFlight.Dec()
	x := &exchange{w: w, r: r, source: h.sourceOf(r.URL.Path), arrived: h.Now(), eventType: typeUnknown}
	a := h.chain(r.Context(), x)
	h.respond(x, a)
	h.trace(x, a)
}

// Limited returns the handler of the webhooks' port: this one with a limit on
// requests in flight, of 0 for none, and the health check, which has no limit.
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
	a := unavailable(outcomeOverloaded, "too many webhooks at once: try again later", nil)
	h.Metrics.webhook(typeUnknown, a.outcome, 0)
	h.respond(&exchange{w: w, r: r}, a)
}

// respond sends the answer. It is sent at once, also if the body has not arrived:
// then the connection is closed behind it, and soon.
func (h *Handler) respond(x *exchange, a *answer) {
	closeIt := guard.ConnOf(x.r).Answered()
	if !x.bodyRead && x.r.ContentLength != 0 {
		closeIt = true
		// Without a connection below there is nothing to wait for.
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(unreadPatience))
	}
	if closeIt {
		x.w.Header().Set("Connection", "close")
	}
	if err := a.write(x.w); err != nil {
		h.Log.V(1).Info("Response not sent", "error", err.Error())
	}
}

// client returns where the request comes from.
func (h *Handler) client(x *exchange) netip.Addr {
	if !x.address.IsValid() {
		x.address = clientaddress.Of(x.r, h.TrustedProxies)
	}
	return x.address
}
