// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// WebhookPath is where webhooks are received; with an endpoint token, at
// WebhookPath + "/" + token instead.
const WebhookPath = "/webhooks/videosdk"

// SignatureVerifier judges a webhook's signature; videosdk.Verifier is one, and
// says what its errors are.
type SignatureVerifier interface {
	Verify(ctx context.Context, body []byte, signature string) error
}

// Unverified accepts every signature, or none at all. It is for trying out.
type Unverified struct{}

// Verify returns nil.
func (Unverified) Verify(context.Context, []byte, string) error { return nil }

// Handler answers webhooks. All of its fields are required but Token, Rates and
// Tracer.
type Handler struct {
	Verifier SignatureVerifier
	// Token, if not nil, is the secret that the path must end in.
	Token *EndpointToken
	// Rates, if not nil, bounds how often requests are answered in earnest.
	Rates    *Rates
	Recorder Recorder
	// Tracer, if not nil, is told of webhooks whose recording has a trace. A
	// traceparent of the request counts for nothing: anybody could put his into it.
	Tracer  *tracing.Tracer
	Metrics *Metrics
	Log     logr.Logger
	// Timeout is how long verifying and recording may take together.
	Timeout time.Duration
	// Now tells when a webhook arrived.
	Now func() time.Time
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := h.Now()
	h.Metrics.inFlight.Inc()
	defer h.Metrics.inFlight.Dec()
	eventType, a := h.answerSafely(w, r, arrived)
	h.Metrics.webhook(eventType, a.outcome, h.Now().Sub(arrived))
	h.report(eventType, a)
	if err := a.write(w); err != nil {
		h.Log.V(1).Info("answer not sent", "error", err.Error())
	}
	if a.trace != nil {
		h.trace(a)
	}
}

// trace tells of a webhook that was answered.
func (h *Handler) trace(a *answer) {
	route := WebhookPath
	if h.Token != nil {
		route += "/{token}"
	}
	h.Tracer.Webhook(a.trace.recording, a.trace.event, tracing.Answer{Route: route, Status: a.status, At: h.Now()})
}

// answerSafely turns a panic into an answer that tells nothing of it.
func (h *Handler) answerSafely(w http.ResponseWriter, r *http.Request, arrived time.Time) (eventType string, a *answer) {
	defer func() {
		if cause := recover(); cause != nil {
			eventType, a = typeUnknown, broken(newPanicError(cause))
		}
	}()
	return h.answer(w, r, arrived)
}

func broken(cause *panicError) *answer {
	a := refused(http.StatusInternalServerError, outcomePanic, "internal error")
	a.cause = cause
	return a
}

// answer goes through the steps until one of them answers.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, arrived time.Time) (eventType string, a *answer) {
	if a := h.checkTarget(r); a != nil {
		return typeUnknown, h.Rates.refuse(r, a)
	}
	body, a := readBody(w, r)
	if a != nil {
		return typeUnknown, h.Rates.refuse(r, a)
	}
	// The sender may hang up before the event is written. It is written all the
	// same: the provider may never send it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.Timeout)
	defer cancel()
	if a := h.verify(ctx, body, r.Header.Get(videosdk.SignatureHeader)); a != nil {
		return typeUnknown, h.Rates.refuse(r, a)
	}
	connectionOf(r).prove()
	if a := h.Rates.admit(r); a != nil {
		return typeUnknown, a
	}
	event, err := videosdk.Parse(body)
	if err != nil {
		return typeUnknown, refused(http.StatusBadRequest, outcomeMalformed, err.Error())
	}
	if !event.Recognised() {
		return typeOther, ignored()
	}
	return string(event.Type), h.record(ctx, newEvent(event, arrived))
}

// checkTarget is nil for a POST to the webhooks' path.
func (h *Handler) checkTarget(r *http.Request) *answer {
	known := r.URL.Path == WebhookPath
	if h.Token != nil {
		known = h.Token.matches(r.URL.Path)
	}
	if !known {
		return refused(http.StatusNotFound, outcomeNotFound, "unknown path: check the webhook's URL")
	}
	if r.Method != http.MethodPost {
		a := refused(http.StatusMethodNotAllowed, outcomeMethodNotAllowed, "webhooks are sent by POST")
		a.allow = http.MethodPost
		return a
	}
	return nil
}

// readBody returns the raw bytes that the signature is over.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *answer) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, refused(http.StatusBadRequest, outcomeMalformed, "Content-Encoding must be identity: send the body as it was signed")
	}
	tooLarge := refused(http.StatusRequestEntityTooLarge, outcomeTooLarge, fmt.Sprintf("body is larger than %d bytes", maxBodyBytes))
	if r.ContentLength > maxBodyBytes {
		return nil, tooLarge
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead) // as much as reading it to its end wants
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge
	case err != nil:
		return nil, refused(http.StatusBadRequest, outcomeMalformed, "body did not arrive in full")
	}
	return body.Bytes(), nil
}

// verify is nil if the provider has signed the body.
func (h *Handler) verify(ctx context.Context, body []byte, signature string) *answer {
	err := h.Verifier.Verify(ctx, body, signature)
	if err == nil {
		return nil
	}
	for _, known := range []error{videosdk.ErrMissingSignature, videosdk.ErrMalformedSignature, videosdk.ErrBadSignature} {
		if errors.Is(err, known) {
			return refused(http.StatusUnauthorized, outcomeUnauthorized, known.Error())
		}
	}
	return unavailable(outcomeNoKey, "the signature cannot be verified at the moment: try again later", err)
}

// record makes the event durable.
func (h *Handler) record(ctx context.Context, ev Event) *answer {
	o, err := h.Recorder.Record(ctx, ev)
	rejection := rejectionOf(err)
	var bug *panicError
	switch {
	case err == nil:
		a := recorded(o)
		if o.Trace != nil {
			a.trace = &traced{}
			a.trace.recording, a.trace.event = o.tell(ev.Event)
		}
		return a
	case errors.As(err, &bug):
		return broken(bug)
	case rejection != nil && rejection.Field != "":
		a := refused(http.StatusBadRequest, outcomeRejected, rejection.Field+" is not accepted by this receiver")
		a.cause = rejection.Err
		return a
	case rejection != nil:
		return unavailable(outcomeRejected, "the event cannot be recorded at the moment: try again later", err)
	}
	return unavailable(outcomeUnavailable, "the event cannot be recorded at the moment: try again later", err)
}

// report logs an answer. What a stranger may cause is logged without an error's
// weight; it is the metrics that count it.
func (h *Handler) report(eventType string, a *answer) {
	log := h.Log.WithValues("type", eventType, "outcome", string(a.outcome), "status", a.status)
	switch {
	case a.outcome == outcomePanic:
		log.Error(a.cause, "webhook met a bug", "stack", stackOf(a.cause))
	case a.cause != nil:
		log.Error(a.cause, "webhook not recorded")
	case a.outcome == outcomeRecorded:
		log.Info("webhook recorded", "recording", a.recording)
	case a.outcome == outcomeSpooled:
		log.Info("webhook spooled")
	case a.status == http.StatusOK, a.quiet:
		log.V(1).Info("webhook answered", "recording", a.recording)
	default:
		log.Info("webhook refused", "problem", a.problem)
	}
}

func stackOf(err error) string {
	var bug *panicError
	if errors.As(err, &bug) {
		return bug.stack
	}
	return ""
}
