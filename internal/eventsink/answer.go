// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package eventsink

import (
	"fmt"
	"net/http"
	"time"
)

// Outcome is how an attempt to deliver an event ended.
type Outcome int

// The outcomes.
const (
	// Delivered means that the sink has the event (2xx).
	Delivered Outcome = iota
	// Unreachable means that the sink did not answer.
	Unreachable
	// Retryable means that the sink answered, and may accept the event later.
	Retryable
	// Permanent means that the sink rejects this event: sending it again is unlikely to help.
	Permanent
)

// String returns the outcome as in metrics.
func (o Outcome) String() string {
	return [...]string{Delivered: "delivered", Unreachable: "unreachable", Retryable: "failed", Permanent: "rejected"}[o]
}

// Answer is how an attempt ended, and why.
type Answer struct {
	Outcome Outcome
	// RetryAfter is how long the sink asks to wait; 0 if it does not.
	RetryAfter time.Duration
	// Err says why the event was not delivered; nil if it was.
	Err error
}

// classify returns what an HTTP response means for the event.
func (s *Sink) classify(response *http.Response) Answer {
	answer := Answer{Outcome: Retryable, RetryAfter: retryAfter(response.Header, s.options.Now())}
	hint := ""
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return Answer{Outcome: Delivered}
	case code >= 300 && code < 400:
		hint = ", and redirects are not followed: set --cloudevents-sink-url to the final URL"
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		hint = ": check that it has the key of --cloudevents-signing-key-file"
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusMethodNotAllowed:
		hint = ": check --cloudevents-sink-url"
	case code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
	case code == http.StatusUnsupportedMediaType:
		answer.Outcome, hint = Permanent, ": check that it accepts --cloudevents-mode"
	default:
		answer.Outcome = Permanent
	}
	answer.Err = fmt.Errorf("sink %s answered %d %s%s", s.host, response.StatusCode, http.StatusText(response.StatusCode), hint)
	return answer
}
