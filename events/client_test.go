// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/events"
)

// script answers one request after another; after the last it answers 404, which ends a room.
type script struct {
	answers  []func(http.ResponseWriter, *http.Request)
	requests []*http.Request
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := len(s.requests)
	s.requests = append(s.requests, r)
	if n < len(s.answers) {
		s.answers[n](w, r)
		return
	}
	http.Error(w, `{"error":"this server does not serve the namespace"}`, http.StatusNotFound)
}

func answer(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, code) }
}

func stream(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = fmt.Fprint(w, text)
	}
}

func change(id, name, status, more string) string {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return id + `event: recordingStateChanged` + "\n" + `data: {"recording":{"name":"` + name + `","namespace":"n"},"status":"` + status + `"` + more + "}\n\n"
}

const ready = "event: ready\ndata: {}\n\n"

// play runs a room against the script until that has ended, and returns what it was reported, and why attempts ended.
func play(t *testing.T, s *script, options ...events.Option) (told, retries []string, err error) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	options = append([]events.Option{
		events.WithBackoff(time.Nanosecond, time.Nanosecond),
		events.WithRetryHandler(func(err error, _ time.Duration) { retries = append(retries, err.Error()) }),
	}, options...)
	client, err := events.NewClient(server.URL+"/live/", options...)
	if err != nil {
		t.Fatal(err)
	}
	room := client.Room("n", "m").Session("s")
	room.On(events.RecordingStateChanged, func(status events.Status) { told = append(told, string(status)) })
	room.OnProcessingStateChanged(func(c events.ProcessingChange) { told = append(told, c.State) })
	room.OnReady(func() { told = append(told, "ready") })
	room.OnReset(func() { told = append(told, "reset") })
	err = room.Run(t.Context())
	return told, retries, err
}

func equal(t *testing.T, what string, expected, got []string) {
	t.Helper()
	if difference := cmp.Diff(expected, got); difference != "" {
		t.Errorf("%s: %s", what, difference)
	}
}

// A room goes on where it was, a heartbeat's id counts too, and a present state that is known is not reported again.
func TestRoomsResume(t *testing.T) {
	snapshot := `,"snapshot":true`
	s := &script{answers: []func(http.ResponseWriter, *http.Request){
		stream("retry: 1000\n\n" + change("", "r", "RECORDING_STARTED", snapshot) + "id: 7\n" + ready),
		stream(change("8", "r", "RECORDING_STOPPING", "") + "id: 9\n: heartbeat\n\n" + change("10", "r", "RECORDING_STOPPED", "")[:30]),
		answer(http.StatusServiceUnavailable, `{"error":"too many streams"}`),
		stream("event: reset\ndata: {}\n\n" + change("", "r", "RECORDING_STOPPING", snapshot) + change("", "r2", "RECORDING_STARTED", snapshot) +
			"event: processingStateChanged\ndata: {\"recording\":{\"name\":\"r\"},\"state\":\"Running\",\"snapshot\":true}\n\nid: 12\n" + ready),
		stream("event: tomorrow\ndata: x\n\n"),
	}}
	told, retries, err := play(t, s)
	var answered *events.StatusError
	if !errors.As(err, &answered) || answered.Code != http.StatusNotFound || answered.Message != "this server does not serve the namespace" {
		t.Errorf("it ended with %v", err)
	}
	equal(t, "told", []string{"RECORDING_STARTED", "ready", "RECORDING_STOPPING", "reset", "RECORDING_STARTED", "Running", "ready"}, told)
	equal(t, "retries", []string{
		"the server ended the stream", "the server ended the stream", "the events server answered 503: too many streams",
		"the server ended the stream", "the server ended the stream",
	}, retries)
	var ids []string
	for _, r := range s.requests {
		ids = append(ids, r.Header.Get("Last-Event-ID"))
	}
	equal(t, "Last-Event-ID", []string{"", "7", "9", "9", "12", "12"}, ids)
	if url := s.requests[0].URL.String(); url != "/live/events?meetingID=m&namespace=n&sessionID=s" {
		t.Errorf("asked for %s", url)
	}
}

// A token that is refused is asked for again, but not for ever.
func TestRefusedTokens(t *testing.T) {
	refuse := answer(http.StatusUnauthorized, `{"error":"it may have expired"}`)
	s := &script{answers: []func(http.ResponseWriter, *http.Request){refuse, stream(ready), refuse, refuse, refuse}}
	tokens := 0
	_, _, err := play(t, s, events.WithToken(func(context.Context) (string, error) { tokens++; return fmt.Sprint("t", tokens), nil }))
	var answered *events.StatusError
	if !errors.As(err, &answered) || answered.Code != http.StatusUnauthorized {
		t.Errorf("it ended with %v", err)
	}
	var sent []string
	for _, r := range s.requests {
		sent = append(sent, r.Header.Get("Authorization"))
	}
	equal(t, "tokens", []string{"Bearer t1", "Bearer t2", "Bearer t3", "Bearer t4", "Bearer t5"}, sent)
}

// Pauses grow until a connection has brought an event or a heartbeat: that it was accepted is not enough.
func TestPausesGrow(t *testing.T) {
	accepted, heartbeat := stream("retry: 1000\n\n"), stream("retry: 1000\n\nid: 7\n: heartbeat\n\n")
	s := &script{answers: []func(http.ResponseWriter, *http.Request){
		accepted, answer(http.StatusServiceUnavailable, "{}"), accepted, stream(ready), accepted, heartbeat, accepted,
	}}
	const first = time.Microsecond
	var pauses []time.Duration
	_, _, _ = play(t, s, events.WithBackoff(first, time.Second), events.WithRetryHandler(func(_ error, pause time.Duration) { pauses = append(pauses, pause) }))
	row := []int{1, 2, 3, 1, 2, 1, 2} // how many failures in a row each is
	if len(pauses) != len(row) {
		t.Fatalf("%d pauses: %v", len(pauses), pauses)
	}
	for i, pause := range pauses {
		if longest := first << (row[i] - 1); pause < longest/2 || pause > longest {
			t.Errorf("pause %d is %s, not that after %d failures in a row", i+1, pause, row[i])
		}
	}
}

// Who may not read is told so at once.
func TestForbidden(t *testing.T) {
	s := &script{answers: []func(http.ResponseWriter, *http.Request){answer(http.StatusForbidden, `{"error":"ask for a role"}`)}}
	_, retries, err := play(t, s)
	if err == nil || err.Error() != "the events server answered 403: ask for a role" || retries != nil {
		t.Errorf("it ended with %v, after %v", err, retries)
	}
}

// A response that is not a stream of events is an error.
func TestNotAStream(t *testing.T) {
	s := &script{answers: []func(http.ResponseWriter, *http.Request){
		func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") },
		stream("event: recordingStateChanged\ndata: {\n\n"),
	}}
	_, retries, _ := play(t, s)
	if len(retries) != 2 || !strings.Contains(retries[0], "check the server's address") || !strings.Contains(retries[1], "decode event recordingStateChanged") {
		t.Errorf("retries %q", retries)
	}
}

// A connection that is silent for too long is left.
func TestSilence(t *testing.T) {
	s := &script{answers: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
		stream(ready)(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}}}
	told, retries, _ := play(t, s, events.WithIdleTimeout(50*time.Millisecond))
	equal(t, "told", []string{"ready"}, told)
	equal(t, "retries", []string{"the server was silent for too long"}, retries)
}

func TestTokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	s := &script{answers: []func(http.ResponseWriter, *http.Request){stream(ready)}}
	written := false
	_, retries, _ := play(t, s, events.WithTokenFile(file), events.WithRetryHandler(func(err error, _ time.Duration) {
		if !written && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without the file: %v", err)
		}
		written = true
		if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
			t.Error(err)
		}
	}))
	if len(s.requests) != 2 || s.requests[0].Header.Get("Authorization") != "Bearer secret" || retries != nil {
		t.Errorf("%d requests", len(s.requests))
	}
}

func TestNewClient(t *testing.T) {
	for problem, test := range map[string]struct {
		address string
		option  events.Option
	}{
		"address must be":       {"recordings.example.com", events.WithIdleTimeout(1)},
		"no Timeout":            {"https://x", events.WithHTTPClient(&http.Client{Timeout: 1})},
		"must be more than 0, ": {"https://x", events.WithBackoff(0, 1)},
		"idle timeout must be":  {"https://x", events.WithIdleTimeout(0)},
	} {
		if _, err := events.NewClient(test.address, test.option); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v", problem, err)
		}
	}
}
