// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// ClientEventsPath is where apps forward the event recordingStateChanged of the
// provider's SDKs, if a Handler takes it.
const ClientEventsPath = "/events/recordingStateChanged"

// Clients is what a Handler needs to take clients' events. With Routes their
// secrets count instead of Token.
type Clients struct {
	// Token is what clients must send as "Authorization: Bearer TOKEN".
	Token *TokenFile
	// Shares, if not nil, bounds what clients of a namespace have in flight.
	Shares *Shares
	// Rate bounds the events a second of each namespace, in bursts of twice as
	// many; 0 is no limit.
	Rate float64
	// Origins are those of web pages that may send events; none by default.
	Origins []string

	mu    sync.Mutex
	rates map[string]*rate.Limiter
}

// takesClients tells whether there is a secret by which clients may send events.
func (h *Handler) takesClients() bool {
	return h.Clients != nil && (h.Clients.Token != nil || (h.Routes != nil && h.Routes.TakeClients()))
}

// serveClient is ServeHTTP for clients' events. They are counted apart.
func (h *Handler) serveClient(w http.ResponseWriter, r *http.Request) {
	arrived := h.Now()
	h.Clients.allowOrigin(w, r)
	a := h.answerClientSafely(w, r, arrived)
	h.Metrics.clientEvent(a.outcome)
	if h.Routes != nil && a.namespace != "" {
		h.Metrics.routed(a.namespace, a.outcome)
	}
	clientWording.report(h.Log, a)
	if err := a.write(w); err != nil {
		h.Log.V(1).Info("answer not sent", "error", err.Error())
	}
	if a.trace != nil {
		h.traceOn(ClientEventsPath, a)
	}
}

func (h *Handler) answerClientSafely(w http.ResponseWriter, r *http.Request, arrived time.Time) (a *answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = broken(recorder.NewPanicError(cause))
		}
	}()
	return h.answerClient(w, r, arrived)
}

// answerClient finds out which namespace an event is for, and answers it.
func (h *Handler) answerClient(w http.ResponseWriter, r *http.Request, arrived time.Time) *answer {
	if a := h.Clients.preflight(r); a != nil {
		return a
	}
	if r.Method != http.MethodPost {
		a := refused(http.StatusMethodNotAllowed, outcomeMethodNotAllowed, "events are sent by POST")
		a.allow = http.MethodPost
		return h.Rates.refuse(r, a)
	}
	namespace, known := h.clientNamespace(r)
	if !known {
		a := refused(http.StatusUnauthorized, outcomeUnauthorized, "the token is missing or wrong: send Authorization: Bearer TOKEN")
		a.challenge = "Bearer"
		return h.Rates.refuse(r, a)
	}
	a := h.receiveClient(w, r, namespace, arrived)
	a.namespace = namespace
	return a
}

// receiveClient goes through the steps until one of them answers.
func (h *Handler) receiveClient(w http.ResponseWriter, r *http.Request, namespace string, arrived time.Time) *answer {
	if a := h.Clients.admit(namespace, arrived); a != nil {
		return a
	}
	if !h.Clients.Shares.enter(namespace) {
		a := unavailable(outcomeOverloaded, "too many events at once: try again later", nil)
		a.quiet = true
		return a
	}
	defer h.Clients.Shares.leave(namespace)
	body, a := readBody(w, r)
	if a != nil {
		return h.Rates.refuse(r, a)
	}
	event, err := videosdk.ParseClientEvent(body)
	if err != nil {
		return h.Rates.refuse(r, refused(http.StatusBadRequest, outcomeMalformed, err.Error()))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.Timeout)
	defer cancel()
	ev := newEvent(namespace, event, arrived)
	ev.Source, ev.Type = v1alpha1.EventSourceClient, lifecycle.ClientType(ev.Type)
	a = h.record(ctx, ev)
	a.about = &ev.Session
	return a
}

// clientNamespace returns the namespace that the token of a request leads to.
func (h *Handler) clientNamespace(r *http.Request) (namespace string, known bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	token = strings.TrimSpace(token)
	if h.Routes != nil {
		namespace = h.Routes.client(token)
		return namespace, namespace != ""
	}
	return h.Namespace, h.Clients.Token.is(token)
}

// admit is nil if the namespace's clients are within their rate.
func (c *Clients) admit(namespace string, now time.Time) *answer {
	c.mu.Lock()
	limiter := c.rates[namespace]
	if limiter == nil {
		if c.rates == nil || len(c.rates) >= maxRoutes {
			c.rates = map[string]*rate.Limiter{} // of routes that are gone
		}
		limiter = newLimiter(c.Rate)
		c.rates[namespace] = limiter
	}
	c.mu.Unlock()
	reserved := limiter.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	a := refused(http.StatusTooManyRequests, outcomeRateLimited, "too many events: try again later")
	a.retry, a.wait, a.quiet = true, wait, true
	return a
}

// allowOrigin lets web pages of the known origins read the answer.
func (c *Clients) allowOrigin(w http.ResponseWriter, r *http.Request) {
	if len(c.Origins) == 0 {
		return
	}
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); slices.Contains(c.Origins, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

// preflight answers a browser that asks whether a page may send; nil for
// everything else, and for pages of unknown origins.
func (c *Clients) preflight(r *http.Request) *answer {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" ||
		!slices.Contains(c.Origins, r.Header.Get("Origin")) {
		return nil
	}
	return &answer{status: http.StatusNoContent, outcome: outcomePreflight, quiet: true}
}
