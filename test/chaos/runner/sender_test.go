// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestProvider: the product verifies what the stand-in signs, by the key's file and by its URL, also after a rotation.
func TestProvider(t *testing.T) {
	p := harness.NewProvider()
	server := httptest.NewServer(p)
	defer server.Close()
	for range 2 {
		keys, err := videosdk.ParsePublicKeys(harness.PublicPEM(p.Key()))
		if err != nil {
			t.Fatal(err)
		}
		address, err := videosdk.NewURLKeys(server.URL, videosdk.URLKeysOptions{})
		if err != nil {
			t.Fatal(err)
		}
		body := harness.Webhook{Type: plan.Stopped, MeetingID: "m", SessionID: "s", FilePath: "/f.mp4"}.Body()
		for name, source := range map[string]videosdk.KeySource{"file": videosdk.StaticKeys(keys), "URL": address} {
			if err := videosdk.NewVerifier(source).Verify(t.Context(), body, p.Sign(body)); err != nil {
				t.Errorf("by the key's %s: %v", name, err)
			}
		}
		if event, err := videosdk.Parse(body); err != nil || event.FilePath != "/f.mp4" || event.MeetingID != "m" || event.SessionID != "s" {
			t.Errorf("the webhook is %+v, %v", event, err)
		}
		p.Rotate()
	}
}

// TestSender remembers what was acknowledged, and what it cannot be sure of.
func TestSender(t *testing.T) {
	var stopping atomic.Int32
	sidecar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch text := string(body); {
		case strings.Contains(text, plan.Unrelated):
			_, _ = io.WriteString(w, `{"result":"ignored"}`)
		case strings.Contains(text, plan.Starting):
			_, _ = io.WriteString(w, `{"result":"recorded"}`)
		case strings.Contains(text, plan.Started):
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":"later"}`)
		case strings.Contains(text, plan.Stopping) && stopping.Add(1) == 1:
			panic(http.ErrAbortHandler)
		case strings.Contains(text, plan.Failed):
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"result":"spooled"}`)
		}
	}))
	defer sidecar.Close()
	s := newSender(harness.NewProvider(), []plan.Session{{MeetingID: "m", SessionID: "s", Recordings: make([]plan.Recording, 1)}}, sidecar.Listener.Addr().String())
	s.pause = time.Millisecond
	s.send(t.Context(), []plan.Delivery{
		{Type: plan.Unrelated}, {Type: plan.Starting}, {Type: plan.Started}, {Type: plan.Stopping, Retries: true},
		{Type: plan.Failed}, {Type: plan.Stopped, FilePath: "/f.mp4"},
	}, 1)

	type fate struct{ Acknowledged, Spooled, Unsure bool }
	got := map[string]fate{}
	for _, event := range s.events {
		got[string(event.Type)+event.FilePath] = fate{event.Acknowledged, event.Spooled, event.Unsure}
		if event.From.IsZero() || event.To.Before(event.From) || event.Acknowledged != !event.AcknowledgedAt.IsZero() {
			t.Errorf("times of %+v", event)
		}
	}
	want := map[string]fate{
		"Starting": {Acknowledged: true}, "Started": {}, "Stopping": {Acknowledged: true, Spooled: true, Unsure: true},
		"Failed": {Unsure: true}, "Stopped/f.mp4": {Acknowledged: true, Spooled: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantAnswers := map[string]int{"200 ignored": 1, "200 recorded": 1, "503 Service Unavailable": 1, noAnswer: 2, "202 spooled": 2}
	if diff := cmp.Diff(wantAnswers, s.answers); diff != "" || s.attempts != 7 || s.ignored != 1 {
		t.Errorf("%d attempts, %d ignored, answers (-want +got):\n%s", s.attempts, s.ignored, diff)
	}
	if diff := cmp.Diff(map[audit.Session]int{{MeetingID: "m", SessionID: "s"}: 1}, s.recordings()); diff != "" {
		t.Errorf("recordings (-want +got):\n%s", diff)
	}
}
