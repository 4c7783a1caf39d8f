// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// retryAfter is how long a sender should wait after a 503.
const retryAfter = 5 * time.Second

// answer is the response to a request, and what is logged of it.
type answer struct {
	status  int
	outcome outcome
	// result and recording are the body of a success, problem that of a failure, for the sender to read, and health that of the health
	// check.
	result, recording, problem, health string
	// allow and challenge are the headers Allow and WWW-Authenticate; wait, if not 0, is Retry-After.
	allow, challenge string
	wait             time.Duration
	// isQuiet is set for answers that would fill the log.
	isQuiet bool
	// cause is logged, but not sent; it may be nil.
	cause error
	// trace is for the Tracer; nil if there is nothing to trace.
	trace *recorder.Trace
}

// recorded is the answer to an event that is durable, or not about recordings. Results are outcomes.
func recorded(o recorder.Outcome) *answer {
	a := &answer{status: http.StatusOK, outcome: outcome(o.Result), result: string(o.Result), recording: o.Recording, trace: o.Trace}
	if o.Result == outbox.Spooled {
		a.status = http.StatusAccepted
	}
	return a
}

func refused(status int, o outcome, problem string) *answer {
	return &answer{status: status, outcome: o, problem: problem}
}

func notFound() *answer {
	return refused(http.StatusNotFound, outcomeNotFound, "unknown path: check the webhook's URL")
}

func methodNotAllowed(problem, allow string) *answer {
	a := refused(http.StatusMethodNotAllowed, outcomeMethodNotAllowed, problem)
	a.allow = allow
	return a
}

// failuresLimited has one text for all, so that it reveals nothing about what was wrong.
func failuresLimited(wait time.Duration) *answer {
	a := refused(http.StatusTooManyRequests, outcomeFailuresLimited, "too many requests that are refused: try again later")
	a.wait, a.isQuiet = wait, true
	return a
}

func unavailable(o outcome, problem string, cause error) *answer {
	return &answer{status: http.StatusServiceUnavailable, outcome: o, problem: problem, wait: retryAfter, cause: cause}
}

func overloaded(things string) *answer {
	a := unavailable(outcomeOverloaded, "too many "+things+" at once: try again later", nil)
	a.isQuiet = true
	return a
}

func panicked(cause *recorder.PanicError) *answer {
	return &answer{status: http.StatusInternalServerError, outcome: outcomePanic, problem: "internal error", cause: cause}
}

// write sends the answer, a JSON object but for that to a preflight.
func (a *answer) write(w http.ResponseWriter) error {
	header := w.Header()
	if a.outcome == outcomePreflight {
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(a.status)
		return nil
	}
	content, err := json.Marshal(struct {
		Result    string `json:"result,omitempty"`
		Recording string `json:"recording,omitempty"`
		Status    string `json:"status,omitempty"`
		Error     string `json:"error,omitempty"`
	}{a.result, a.recording, a.health, a.problem})
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	header.Set("X-Content-Type-Options", "nosniff")
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.challenge != "" {
		header.Set("WWW-Authenticate", a.challenge)
	}
	if a.wait > 0 {
		header.Set("Retry-After", strconv.Itoa(int((a.wait+time.Second-1)/time.Second)))
	}
	w.WriteHeader(a.status)
	_, err = w.Write(content)
	return err
}
