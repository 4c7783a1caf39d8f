// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver accepts the provider's webhooks over HTTP. A 2xx response means that the event is durable.
//
// The steps of a request are listed by the answer method of [Handler]: method and path, a bounded read of the raw body, its signature, its
// content, and then a [Recorder], such as package outbox, which makes it durable.
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
	// WebhookPath is the path of webhooks; with an endpoint token it is WebhookPath + "/" + token.
	WebhookPath = "/webhooks/videosdk"
	// ClientEventsPath is the path to which apps forward the SDKs' event recordingStateChanged, if there is a client token.
	ClientEventsPath = "/events/recordingStateChanged"
	// healthPath answers load balancers.
	healthPath = "/healthz"
)

// SignatureVerifier verifies a webhook's signature; see videosdk.Verifier, also for the errors.
type SignatureVerifier interface {
	Verify(ctx context.Context, body []byte, signature string) error
}

// Unverified accepts every webhook, signed or not. For testing only.
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
	// Routes map valid tokens to namespaces.
	Routes *routes.Table
	// TrustedProxies are the networks whose X-Forwarded-For is trusted.
	TrustedProxies []netip.Prefix
	// InFlight limits the requests that have arrived; Shares, if not nil, a namespace's requests, and ClientShares its clients' requests.
	InFlight             guard.InFlight
	Shares, ClientShares *guard.Shares
	// LongBodies, if not nil, limits the requests with a body of more than shortBodyBytes.
	LongBodies *guard.Shares
	// Rates limits webhooks and, separately, failed requests.
	Rates *guard.Rates
	// ClientRates limits the client events of each namespace.
	ClientRates *guard.Rates
	// Origins are the origins of web pages that may send client events.
	Origins  []string
	Recorder Recorder
	// Replays, if not nil, answers webhooks that are repeated too often.
	Replays *Replays
	// IgnoreIDs leaves the ids of recordings out of events.
	IgnoreIDs bool
	// Tracer, if not nil, traces webhooks whose recording has a trace. A traceparent of the request is ignored, because anyone could send one.
	Tracer  *tracing.Tracer
	Metrics *Metrics
	Log     logr.Logger
	// Timeout limits verifying and recording together.
	Timeout time.Duration
	Now     func() time.Time
}

// exchange is one request while it passes the steps.
type exchange struct {
	source
	w       http.ResponseWriter
	r       *http.Request
	arrived time.Time

	// namespace belongs to the valid token.
	namespace  string
	body       []byte
	isBodyRead bool
	leaveLong  func() // frees the slot of a long body
	// isVerified is set once the sender has proved to be the provider.
	isVerified bool
	// deliveries includes earlier identical webhooks that were answered from memory; 0 is once.
	deliveries int32
	// eventType is the metric's label.
	eventType string
	event     videosdk.Event
}

func (x *exchange) session() recorder.Session {
	return recorder.Session{Namespace: x.namespace, MeetingID: x.event.MeetingID, SessionID: x.event.SessionID}
}

// ServeHTTP implements http.Handler. Health checks have no limit.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard.ConnOf(r).SetBusy(true)
	x := &exchange{w: w, r: r, source: h.sourceOf(r.URL.Path), arrived: h.Now(), eventType: typeUnknown, leaveLong: func() {}}
	if r.URL.Path == healthPath {
		h.respond(x, health(r.Method))
		return
	}
	h.Metrics.inFlight.Inc()
	defer h.Metrics.inFlight.Dec()
	a := h.limitFailures(x, h.answer(x))
	h.report(x, a)
	h.respond(x, a)
	if a.trace != nil {
		h.Tracer.Webhook(a.trace.Recording, a.trace.Event, tracing.Answer{Route: x.route, Status: a.status, At: h.Now()})
	}
}

// answer runs the steps until one returns an answer. The answer to a panic reveals nothing about it.
func (h *Handler) answer(x *exchange) (a *answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = panicked(recorder.NewPanicError(cause))
		}
	}()
	if a := x.checkTarget(x); a != nil {
		return a
	}
	defer func() { x.leaveLong() }()
	if a := h.readBody(x); a != nil {
		return a
	}
	// The sender may hang up before the event is written. Write it anyway: the provider may never send it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), h.Timeout)
	defer cancel()
	leave := h.InFlight.Enter(ctx)
	if leave == nil {
		return h.overloaded(x)
	}
	defer leave()
	if a := x.verify(ctx, x); a != nil {
		return a
	}
	if a := h.limitRate(x); a != nil {
		return a
	}
	if a := h.parse(x); a != nil {
		return a
	}
	leaveShare := x.shares.Enter(x.namespace)
	if leaveShare == nil {
		return h.overloaded(x)
	}
	defer leaveShare()
	return h.recordOnce(ctx, x)
}

// client returns where the request comes from.
func (h *Handler) client(x *exchange) netip.Addr { return clientaddress.Of(x.r, h.TrustedProxies) }
