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

	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

const (
	// maxBodyBytes is the longest body that is read. The provider's webhooks
	// have under 1 KiB.
	maxBodyBytes = 64 << 10
	// unreadPatience is how long a sender that was refused may go on sending its
	// body. Until then the connection stays open, so that it gets the answer.
	unreadPatience = time.Second
)

// recoverPanic turns a panic into an answer that reveals nothing about it.
func (h *Handler) recoverPanic(next handle) handle {
	return func(ctx context.Context, x *exchange) (a *answer) {
		defer func() {
			if cause := recover(); cause != nil {
				a = panicked(recorder.NewPanicError(cause))
			}
		}()
		return next(ctx, x)
	}
}

// limitFailures answers failed requests over the limit with one constant text,
// whatever is wrong with them.
func (h *Handler) limitFailures(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		a := next(ctx, x)
		if x.verified || a.status < 400 || a.status >= 500 || a.status == http.StatusTooManyRequests {
			return a
		}
		if wait := h.Rates.Fail(h.client(x)); wait > 0 {
			h.Metrics.failures.Do(func() {
				h.Log.Info("Not logging every refused request", "hint", "see meetingrecording_webhooks_total", "problem", a.problem)
			})
			return failuresLimited(wait)
		}
		return a
	}
}

// checkTarget checks path, method and token.
func (h *Handler) checkTarget(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		if a := x.source.checkTarget(x); a != nil {
			return a
		}
		return next(ctx, x)
	}
}

// readBody reads the raw bytes that the signature is over.
func (h *Handler) readBody(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
			return refused(http.StatusBadRequest, outcomeMalformed, "Content-Encoding must be identity: send the body as it was signed")
		}
		tooLarge := refused(http.StatusRequestEntityTooLarge, outcomeTooLarge, fmt.Sprintf("body is larger than %d bytes", maxBodyBytes))
		if x.r.ContentLength > maxBodyBytes {
			return tooLarge
		}
		var body bytes.Buffer
		if x.r.ContentLength > 0 {
			body.Grow(int(x.r.ContentLength) + bytes.MinRead) // what reading to the end needs
		}
		_, err := body.ReadFrom(http.MaxBytesReader(x.w, x.r.Body, maxBodyBytes))
		var limit *http.MaxBytesError
		switch {
		case errors.As(err, &limit):
			return tooLarge
		case err != nil:
			return refused(http.StatusBadRequest, outcomeMalformed, "body did not arrive in full")
		}
		guard.ConnOf(x.r).BodyRead()
		x.body, x.bodyRead = body.Bytes(), true
		// The sender may hang up before the event is written. It is written all
		// the same: the provider may never send it again.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Timeout)
		defer cancel()
		return next(ctx, x)
	}
}

// verify checks that the sender is the provider.
func (h *Handler) verify(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		if a := x.source.verify(ctx, x); a != nil {
			return a
		}
		return next(ctx, x)
	}
}

// limitRate refuses what is over the rate.
func (h *Handler) limitRate(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		wait := x.source.rates().Admit(h.client(x), x.namespace)
		if wait == 0 {
			return next(ctx, x)
		}
		h.Metrics.rateLimited.Do(func() {
			h.Log.Info("Refusing requests over the rate", "source", x.source.name, "namespace", x.namespace, "hint", x.source.rateHint)
		})
		a := refused(http.StatusTooManyRequests, outcomeRateLimited, x.source.tooMany)
		a.wait, a.quiet = wait, x.source.quiet
		return a
	}
}

// parse reads the event from the body.
func (h *Handler) parse(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		var err error
		if x.event, err = x.source.parse(x.body); err != nil {
			return refused(http.StatusBadRequest, outcomeMalformed, err.Error())
		}
		if !x.event.Recognised() {
			x.eventType = typeOther
			return ignored()
		}
		if h.IgnoreIDs {
			x.event.ID = ""
		}
		x.eventType = string(x.event.Type)
		return next(ctx, x)
	}
}

// limitNamespace keeps one namespace from taking all slots.
func (h *Handler) limitNamespace(next handle) handle {
	return func(ctx context.Context, x *exchange) *answer {
		shares := x.source.shares()
		if !shares.Enter(x.namespace) {
			a := unavailable(outcomeOverloaded, x.source.tooManyAtOnce, nil)
			a.quiet = true
			return a
		}
		defer shares.Leave(x.namespace)
		return next(ctx, x)
	}
}

// record makes the event durable. It is the last step.
func (h *Handler) record(ctx context.Context, x *exchange) *answer {
	ev := x.source.event(x)
	x.session = &ev.Session
	o, err := h.Recorder.Record(ctx, ev)
	rejection := recorder.RejectionOf(err)
	var bug *recorder.PanicError
	switch {
	case err == nil:
		a := recorded(o)
		a.trace = o.Trace
		return a
	case errors.As(err, &bug):
		return panicked(bug)
	case rejection != nil && rejection.Field != "":
		a := refused(http.StatusBadRequest, outcomeRejected, x.source.field(rejection.Field)+" is not accepted by this receiver")
		a.cause = rejection.Err
		return a
	case rejection != nil:
		return unavailable(outcomeRejected, "the event cannot be recorded at the moment: try again later", err)
	}
	return unavailable(outcomeUnavailable, "the event cannot be recorded at the moment: try again later", err)
}
