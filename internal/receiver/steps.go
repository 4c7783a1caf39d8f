// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const (
	// maxBodyBytes is the longest body that is read. The provider's webhooks have under 1 KiB.
	maxBodyBytes = 64 << 10
	// shortBodyBytes is how much of a body is read without a slot of LongBodies, so that slow senders of long bodies do not block others.
	shortBodyBytes = 8 << 10
)

// readBody reads the raw, signed bytes.
func (h *Handler) readBody(x *exchange) *answer {
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return refused(http.StatusBadRequest, outcomeMalformed, "Content-Encoding must be identity: send the body as it was signed")
	}
	tooLarge := refused(http.StatusRequestEntityTooLarge, outcomeTooLarge, fmt.Sprintf("body is larger than %d bytes", maxBodyBytes))
	if x.r.ContentLength > maxBodyBytes {
		return tooLarge
	}
	conn := guard.ConnOf(x.r)
	conn.SetBusy(false)
	defer conn.SetBusy(true)
	from := http.MaxBytesReader(x.w, x.r.Body, maxBodyBytes)
	var body bytes.Buffer
	_, err := body.ReadFrom(io.LimitReader(from, shortBodyBytes))
	if err == nil && body.Len() == shortBodyBytes {
		leave := h.LongBodies.Enter("")
		if leave == nil {
			return h.overloaded(x)
		}
		x.leaveLong = leave
		_, err = body.ReadFrom(from)
	}
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return tooLarge
	case err != nil:
		return refused(http.StatusBadRequest, outcomeMalformed, "body did not arrive in full")
	}
	x.body, x.isBodyRead = body.Bytes(), true
	return nil
}

// overloaded refuses a request because no slot is free.
func (h *Handler) overloaded(x *exchange) *answer {
	h.Metrics.overload.Do(func() {
		h.Log.Info("Refusing requests over --max-in-flight", "source", x.name, "namespace", x.namespace,
			"hint", "check whether the API server is slow; raise the limit only together with the memory limit")
	})
	a := unavailable(outcomeOverloaded, "too many "+x.things+" at once: try again later", nil)
	a.isQuiet = true
	return a
}

// limitFailures answers all failed requests over the limit with one constant text.
func (h *Handler) limitFailures(x *exchange, a *answer) *answer {
	if x.isVerified || a.status < 400 || a.status >= 500 || a.status == http.StatusTooManyRequests {
		return a
	}
	wait := h.Rates.Fail(h.client(x))
	if wait == 0 {
		return a
	}
	h.Metrics.failures.Do(func() {
		h.Log.Info("Not logging every refused request", "hint", "see meetingrecording_webhooks_total", "problem", a.problem)
	})
	return failuresLimited(wait)
}

// limitRate refuses requests over the rate limit.
func (h *Handler) limitRate(x *exchange) *answer {
	wait := x.rates.Admit(h.client(x), x.namespace)
	if wait == 0 {
		return nil
	}
	h.Metrics.rateLimited.Do(func() {
		h.Log.Info("Refusing requests over the rate", "source", x.name, "namespace", x.namespace, "hint", x.rateHint)
	})
	a := refused(http.StatusTooManyRequests, outcomeRateLimited, "too many "+x.things+": try again later")
	a.wait, a.isQuiet = wait, x.isClient
	return a
}

// parse reads the event from the body.
func (h *Handler) parse(x *exchange) (a *answer) {
	var err error
	if x.event, err = x.read(x.body); err != nil {
		return refused(http.StatusBadRequest, outcomeMalformed, err.Error())
	}
	if !x.event.Recognised() {
		x.eventType = typeOther
		return recorded(recorder.Outcome{Result: lifecycle.Ignored})
	}
	if h.IgnoreIDs {
		x.event.ID = ""
	}
	x.eventType = string(x.event.Type)
	return nil
}

// record makes the event durable. It is the last step.
func (h *Handler) record(ctx context.Context, x *exchange) *answer {
	o, err := h.Recorder.Record(ctx, newEvent(x))
	rejection := recorder.RejectionOf(err)
	var bug *recorder.PanicError
	switch {
	case err == nil:
		return recorded(o)
	case errors.As(err, &bug):
		return panicked(bug)
	case rejection != nil && rejection.Field != "":
		field := rejection.Field
		if x.isClient {
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

// eventTypes maps the provider's names to ours.
var eventTypes = map[videosdk.EventType]v1alpha1.EventType{
	videosdk.RecordingStarting: v1alpha1.EventStarting,
	videosdk.RecordingStarted:  v1alpha1.EventStarted,
	videosdk.RecordingStopping: v1alpha1.EventStopping,
	videosdk.RecordingStopped:  v1alpha1.EventStopped,
	videosdk.RecordingFailed:   v1alpha1.EventFailed,
	videosdk.SessionEnded:      lifecycle.SessionEnded,
}

// newEvent returns the delivery of a recognised event.
func newEvent(x *exchange) recorder.Event {
	from := x.event
	ev := recorder.Event{
		Session: x.session(),
		Event: lifecycle.Event{
			Type: eventTypes[from.Type], Source: v1alpha1.EventSourceWebhook, ID: from.ID,
			FilePath: from.FilePath, FileURL: from.FileURL, ReceivedAt: x.arrived, Deliveries: x.deliveries,
		},
	}
	if from.Encryption.Encrypted {
		ev.Encryption = &v1alpha1.FileEncryption{KeyURL: from.Encryption.KeyURL, MetadataURL: from.Encryption.MetadataURL}
	}
	if x.isClient {
		ev.Source, ev.Type = v1alpha1.EventSourceClient, lifecycle.ClientType(ev.Type)
	}
	return ev
}

// report counts and logs the answer. Failures that anyone can cause are counted, but not logged as errors.
func (h *Handler) report(x *exchange, a *answer) {
	if x.isClient {
		h.Metrics.clients.WithLabelValues(string(a.outcome)).Inc()
	} else {
		h.Metrics.webhook(x.eventType, a.outcome, h.Now().Sub(x.arrived))
	}
	if x.namespace != "" && h.Routes.HasRoutes() {
		h.Metrics.routes.WithLabelValues(x.namespace, string(a.outcome)).Inc()
	}
	log := h.Log.WithValues("source", x.name, "outcome", string(a.outcome), "status", a.status).WithValues(subject(x, a)...)
	if x.eventType != typeUnknown {
		log = log.WithValues("type", x.eventType)
	}
	var bug *recorder.PanicError
	switch {
	case errors.As(a.cause, &bug):
		log.Error(a.cause, "Request caused a panic", "stack", bug.Stack)
	case a.cause != nil && !a.isQuiet:
		log.Error(a.cause, "Event could not be recorded")
	case a.outcome == outcomeRecorded:
		log.Info("Event recorded in status")
	case a.outcome == outcomeSpooled && !a.isQuiet:
		log.Info("Event spooled on disk")
	case a.status == http.StatusOK, a.isQuiet:
		log.V(1).Info("Request was answered")
	default:
		log.Info("Request was refused", "problem", a.problem)
	}
}

// subject returns a request's keys and values for the log: the recording's namespace and name, else the session, else nothing.
func subject(x *exchange, a *answer) []any {
	if namespace, name, ok := strings.Cut(a.recording, "/"); ok {
		return []any{"namespace", namespace, "name", name}
	}
	if x.event.MeetingID != "" {
		return x.session().LogValues()
	}
	if x.namespace != "" {
		return []any{"namespace", x.namespace}
	}
	return nil
}

// unreadPatience is how long a refused sender may continue to send its body. Until then the connection stays open, so that it gets the
// answer.
const unreadPatience = time.Second

// respond sends the answer at once. If the body has not arrived in full, it closes the connection soon after that.
func (h *Handler) respond(x *exchange, a *answer) {
	closeIt := guard.ConnOf(x.r).Answered()
	if !x.isBodyRead && x.r.ContentLength != 0 {
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
