// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package eventsink

import (
	"fmt"
	"net/http"
	"time"
)

// Outcome is what became of an attempt.
type Outcome int

// The outcomes.
const (
	// Delivered: the sink has the event (2xx).
	Delivered Outcome = iota
	// Unavailable: the sink takes no events now, whichever it is: it cannot be reached, is overloaded or broken, wants other
	// credentials, or is not there.
	Unavailable
	// Refused: the sink takes events, but not this one.
	Refused
)

// Answer is what became of an attempt, and why.
type Answer struct {
	Outcome Outcome
	// RetryAfter is how long the sink asks to be left alone; 0 where it does not.
	RetryAfter time.Duration
	// Err says why it was not delivered, for people; nil where it was.
	Err error
}

// judge says what an answer means. Of the answers that would be the same for every event none is held against one.
func (s *Sink) judge(response *http.Response) Answer {
	answer := Answer{Outcome: Unavailable, RetryAfter: retryAfter(response.Header, s.options.Now())}
	hint := ""
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return Answer{Outcome: Delivered}
	case code >= 300 && code < 400:
		hint = ", and redirects are not followed: set --cloudevents-sink-url to where it leads"
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		hint = ": has it the key of --cloudevents-signing-key-file?"
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusMethodNotAllowed:
		hint = ": mend --cloudevents-sink-url"
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
	case code == http.StatusUnsupportedMediaType:
		answer.Outcome, hint = Refused, ": does it take --cloudevents-mode?"
	default:
		answer.Outcome = Refused
	}
	answer.Err = fmt.Errorf("the sink %s answered %d %s%s", s.host, response.StatusCode, http.StatusText(response.StatusCode), hint)
	return answer
}
