// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// retryAfter is how long a sender should wait after a 503.
const retryAfter = 5 * time.Second

// answer is the response to a request, and what is logged of it.
type answer struct {
	status  int
	outcome outcome
	// result and recording are the body of a success.
	result, recording string
	// problem is the body of a failure, for the sender to read.
	problem string
	// health is the body of the health check.
	health string
	// allow and challenge are the headers Allow and WWW-Authenticate.
	allow, challenge string
	// wait, if not 0, is the header Retry-After.
	wait time.Duration
	// quiet is set for answers that would fill the log.
	quiet bool
	// cause is logged, but not sent; it may be nil.
	cause error
	// trace is for the Tracer; nil if there is nothing to trace.
	trace *recorder.Trace
}

func recorded(o recorder.Outcome) *answer {
	if o.Result == outbox.Spooled {
		return &answer{status: http.StatusAccepted, outcome: outcomeSpooled, result: string(o.Result)}
	}
	if o.Result == lifecycle.Ignored {
		return ignored()
	}
	kind := outcomeRecorded
	if o.Result == lifecycle.Duplicate {
		kind = outcomeDuplicate
	}
	return &answer{status: http.StatusOK, outcome: kind, result: string(o.Result), recording: o.Recording}
}

func ignored() *answer {
	return &answer{status: http.StatusOK, outcome: outcomeIgnored, result: "ignored"}
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

// failuresLimited has one text for all, so that it reveals nothing about what was
// wrong.
func failuresLimited(wait time.Duration) *answer {
	a := refused(http.StatusTooManyRequests, outcomeFailuresLimited, "too many requests that are refused: try again later")
	a.wait, a.quiet = wait, true
	return a
}

func unavailable(o outcome, problem string, cause error) *answer {
	return &answer{status: http.StatusServiceUnavailable, outcome: o, problem: problem, wait: retryAfter, cause: cause}
}

func panicked(cause *recorder.PanicError) *answer {
	a := refused(http.StatusInternalServerError, outcomePanic, "internal error")
	a.cause = cause
	return a
}

// body is the answer's JSON.
type body struct {
	Result    string `json:"result,omitempty"`
	Recording string `json:"recording,omitempty"`
	Status    string `json:"status,omitempty"`
	Error     string `json:"error,omitempty"`
}

func (a *answer) write(w http.ResponseWriter) error {
	header := w.Header()
	if a.status == http.StatusNoContent {
		// What a browser needs to know before it lets a page send an event.
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(a.status)
		return nil
	}
	content, err := json.Marshal(body{a.result, a.recording, a.health, a.problem})
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	header.Set("X-Content-Type-Options", "nosniff")
	for name, value := range map[string]string{"Allow": a.allow, "WWW-Authenticate": a.challenge} {
		if value != "" {
			header.Set(name, value)
		}
	}
	if a.wait > 0 {
		header.Set("Retry-After", strconv.Itoa(int((a.wait+time.Second-1)/time.Second)))
	}
	w.WriteHeader(a.status)
	_, err = w.Write(content)
	return err
}
