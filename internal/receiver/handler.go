// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
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

// Handler answers webhooks. All of its fields are required but Token, Routes,
// Clients, Shares, Rates and Tracer.
type Handler struct {
	Verifier SignatureVerifier
	// Namespace is where recordings are, unless there are Routes.
	Namespace string
	// Token, if not nil, is the secret that the path must end in.
	Token *TokenFile
	// Routes, if not nil, have the secrets that the path must end in, and say
	// where recordings are. Token and Namespace then count for nothing.
	Routes *Routes
	// Clients, if not nil, has apps send what their SDK tells them.
	Clients *Clients
	// Shares, if not nil, bounds what a namespace has in flight.
	Shares *Shares
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
	h.Metrics.inFlight.Inc()
	defer h.Metrics.inFlight.Dec()
	if r.URL.Path == ClientEventsPath && h.takesClients() {
		h.serveClient(w, r)
		return
	}
	arrived := h.Now()
	eventType, a := h.answerSafely(w, r, arrived)
	h.Metrics.webhook(eventType, a.outcome, h.Now().Sub(arrived))
	if h.Routes != nil && a.namespace != "" {
		h.Metrics.routed(a.namespace, a.outcome)
	}
	webhookWording.report(h.Log.WithValues("type", eventType), a)
	if connectionOf(r).spare() {
		w.Header().Set("Connection", "close")
	}
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
	if h.Token != nil || h.Routes != nil {
		route += "/{token}"
	}
	h.traceOn(route, a)
}

func (h *Handler) traceOn(route string, a *answer) {
	h.Tracer.Webhook(a.trace.recording, a.trace.event, tracing.Answer{Route: route, Status: a.status, At: h.Now()})
}

// answerSafely turns a panic into an answer that tells nothing of it.
func (h *Handler) answerSafely(w http.ResponseWriter, r *http.Request, arrived time.Time) (eventType string, a *answer) {
	defer func() {
		if cause := recover(); cause != nil {
			eventType, a = typeUnknown, broken(recorder.NewPanicError(cause))
		}
	}()
	return h.answer(w, r, arrived)
}

func broken(cause *recorder.PanicError) *answer {
	a := refused(http.StatusInternalServerError, outcomePanic, "internal error")
	a.cause = cause
	return a
}

// answer finds out which namespace a request is for, and answers it.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, arrived time.Time) (eventType string, a *answer) {
	namespace, a := h.checkTarget(r)
	if a != nil {
		return typeUnknown, h.Rates.refuse(r, a)
	}
	if !h.Shares.enter(namespace) {
		a := unavailable(outcomeOverloaded, "too many webhooks at once: try again later", nil)
		a.namespace, a.quiet = namespace, true
		return typeUnknown, a
	}
	defer h.Shares.leave(namespace)
	eventType, a = h.receive(w, r, namespace, arrived)
	a.namespace = namespace
	return eventType, a
}

// receive goes through the steps until one of them answers.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, namespace string, arrived time.Time) (eventType string, a *answer) {
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
	if a := h.Rates.admit(r, namespace); a != nil {
		return typeUnknown, a
	}
	event, err := videosdk.Parse(body)
	if err != nil {
		return typeUnknown, refused(http.StatusBadRequest, outcomeMalformed, err.Error())
	}
	if !event.Type.IsRecording() {
		return typeOther, ignored()
	}
	ev := newEvent(namespace, event, arrived)
	a = h.record(ctx, ev)
	a.about = &ev.Session
	return string(event.Type), a
}

// checkTarget returns the namespace of a POST to the webhooks' path.
func (h *Handler) checkTarget(r *http.Request) (namespace string, a *answer) {
	namespace, known := h.target(r.URL.Path)
	if !known {
		return "", refused(http.StatusNotFound, outcomeNotFound, "unknown path: check the webhook's URL")
	}
	if r.Method != http.MethodPost {
		a := refused(http.StatusMethodNotAllowed, outcomeMethodNotAllowed, "webhooks are sent by POST")
		a.allow = http.MethodPost
		return "", a
	}
	return namespace, nil
}

func (h *Handler) target(path string) (namespace string, known bool) {
	switch {
	case h.Routes != nil:
		token, below := strings.CutPrefix(path, WebhookPath+"/")
		namespace = h.Routes.webhook(token)
		return namespace, below && namespace != ""
	case h.Token != nil:
		return h.Namespace, h.Token.matches(path)
	}
	return h.Namespace, path == WebhookPath
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
	if errors.Is(err, videosdk.ErrRefreshLimited) {
		a := unavailable(outcomeUnchecked, "the signature cannot be verified at the moment: try again later", nil)
		a.quiet = true
		return a
	}
	a := unavailable(outcomeNoKey, "the signature cannot be verified at the moment: try again later", err)
	a.quiet = true
	h.Metrics.noKeyLog.Do(func() { h.Log.Error(err, "Cannot verify signatures") })
	return a
}

// record makes the event durable.
func (h *Handler) record(ctx context.Context, ev recorder.Event) *answer {
	o, err := h.Recorder.Record(ctx, ev)
	rejection := recorder.RejectionOf(err)
	var bug *recorder.PanicError
	switch {
	case err == nil:
		a := recorded(o)
		if o.Trace != nil {
			a.trace = &traced{}
			a.trace.recording, a.trace.event = o.Spans(ev.Event)
		}
		return a
	case errors.As(err, &bug):
		return broken(bug)
	case rejection != nil && rejection.Field != "":
		field := rejection.Field
		if ev.Source == v1alpha1.EventSourceClient {
			field = strings.TrimPrefix(field, "data.")
		}
		a := refused(http.StatusBadRequest, outcomeRejected, field+" is not accepted by this receiver")
		a.cause = rejection.Err
		return a
	case rejection != nil:
		return unavailable(outcomeRejected, "the event cannot be recorded at the moment: try again later", err)
	}
	return unavailable(outcomeUnavailable, "the event cannot be recorded at the moment: try again later", err)
}

// wording are the messages about one kind of request.
type wording struct{ recorded, spooled, answered, refused, failed, bug string }

var (
	webhookWording = wording{
		"webhook recorded", "webhook spooled", "webhook answered", "webhook refused", "webhook not recorded", "webhook met a bug",
	}
	clientWording = wording{
		"client event recorded", "client event spooled", "client event answered", "client event refused", "client event not recorded", "client event met a bug",
	}
)

// report logs an answer. What a stranger may cause is logged without an error's
// weight; it is the metrics that count it.
func (words wording) report(log logr.Logger, a *answer) {
	log = log.WithValues("outcome", string(a.outcome), "status", a.status).WithValues(a.subject()...)
	switch {
	case a.outcome == outcomePanic:
		log.Error(a.cause, words.bug, "stack", stackOf(a.cause))
	case a.cause != nil && !a.quiet:
		log.Error(a.cause, words.failed)
	case a.outcome == outcomeRecorded:
		log.Info(words.recorded)
	case a.outcome == outcomeSpooled:
		log.Info(words.spooled)
	case a.status == http.StatusOK, a.quiet:
		log.V(1).Info(words.answered)
	default:
		log.Info(words.refused, "problem", a.problem)
	}
}

func stackOf(err error) string {
	var bug *recorder.PanicError
	if errors.As(err, &bug) {
		return bug.Stack
	}
	return ""
}
