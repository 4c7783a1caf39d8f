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
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// answer is what a request is answered.
type answer struct {
	status  int
	outcome outcome
	// namespace is what the request was for; empty where that is not known.
	namespace string
	// result and recording are the body of a success.
	result, recording string
	// problem is the body of a failure, for the sender to read.
	problem string
	// allow is the Allow header, retry whether there is a Retry-After.
	allow string
	retry bool
	// challenge is the WWW-Authenticate header.
	challenge string
	// wait, if not 0, is what Retry-After says, instead of retryAfterSeconds.
	wait time.Duration
	// quiet is of answers that could fill the log.
	quiet bool
	// cause is what the log gets to know beside the problem; it may be nil.
	cause error
	// about is the session that the webhook is of; nil where that is not known.
	about *recorder.Session
	// trace is what to tell of an event that was written; nil where nothing.
	trace *traced
}

// traced is an event of a recording that has a trace.
type traced struct {
	recording tracing.Recording
	event     tracing.Event
}

func recorded(o recorder.Outcome) *answer {
	if o.Result == outbox.Spooled {
		return &answer{status: http.StatusAccepted, outcome: outcomeSpooled, result: string(o.Result)}
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

func unavailable(o outcome, problem string, cause error) *answer {
	return &answer{status: http.StatusServiceUnavailable, outcome: o, problem: problem, retry: true, cause: cause}
}

// retryAfter is in whole seconds, as the header wants it.
func (a *answer) retryAfter() int {
	if a.wait == 0 {
		return retryAfterSeconds
	}
	return int((a.wait + time.Second - 1) / time.Second)
}

// body returns the answer's JSON.
func (a *answer) body() []byte {
	var body any = struct {
		Error string `json:"error"`
	}{a.problem}
	if a.result != "" {
		body = struct {
			Result    string `json:"result"`
			Recording string `json:"recording,omitempty"`
		}{a.result, a.recording}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		// Structs of strings always encode.
		panic(err)
	}
	return encoded
}

func (a *answer) write(w http.ResponseWriter) error {
	if a.status == http.StatusNoContent {
		a.permit(w.Header())
		w.WriteHeader(a.status)
		return nil
	}
	body := a.body()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.challenge != "" {
		header.Set("WWW-Authenticate", a.challenge)
	}
	if a.retry {
		header.Set("Retry-After", strconv.Itoa(a.retryAfter()))
	}
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	return err
}

// permit is what a browser wants to know before it lets a page send an event.
func (*answer) permit(header http.Header) {
	header.Set("Access-Control-Allow-Methods", http.MethodPost)
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	header.Set("Access-Control-Max-Age", "600")
}
