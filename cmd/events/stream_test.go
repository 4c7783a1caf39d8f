// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
	"github.com/meetingops/meeting-recording-operator/internal/stream/server"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// lines reads a stream as curl -N shows it.
type lines struct {
	*bufio.Scanner
	t      *testing.T
	header http.Header
	leave  func() // has the client go
}

func newLines(t *testing.T, body io.Reader) lines {
	return lines{Scanner: bufio.NewScanner(body), t: t}
}

func stream(t *testing.T, url, path string, header map[string]string) lines {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("answered %s", response.Status)
	}
	read := newLines(t, response.Body)
	read.header, read.leave = response.Header, func() { _ = response.Body.Close() }
	return read
}

// until returns the lines up to the first that begins with the prefix and has the texts.
func (l lines) until(prefix string, texts ...string) []string {
	l.t.Helper()
	var all []string
	for l.Scan() {
		all = append(all, l.Text())
		lacks := func(text string) bool { return !strings.Contains(l.Text(), text) }
		if strings.HasPrefix(l.Text(), prefix) && !slices.ContainsFunc(texts, lacks) {
			return all
		}
	}
	l.t.Fatalf("no line begins with %s and has %q: %q, %v", prefix, texts, all, l.Err())
	return nil
}

// What curl -N shows: the present state, the four statuses in order, processing and what it made; ids to resume from, heartbeats that
// move them on, and at the end when to come again.
func TestAStream(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	p := start(t, "--heartbeat", "1s")
	write := &writer{namespace: namespace, expected: map[string][]string{}}
	if err := write.recording(t.Context(), "before", false); err != nil {
		t.Fatal(err)
	}
	path := "/events?meetingID=abcd-efgh-ijkl&namespace=" + namespace
	read := stream(t, p.url, path, bearer(token))
	if media := read.header.Get("Content-Type"); media != "text/event-stream" {
		t.Errorf("media type %s", media)
	}
	read.until("event: ready")
	if err := write.recording(t.Context(), "one", false); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, line := range read.until(`data: {"recording":{"name":"one","namespace":"`+namespace+`","uid":"`, `","meetingID":"abcd-efgh-ijkl","sessionID":"one","segment":1},"state":"Succeeded"`) {
		if name, is := strings.CutPrefix(line, "event: "); is {
			names = append(names, name)
		}
	}
	if difference := cmp.Diff([]string{
		"recordingStateChanged", "recordingStateChanged", "recordingStateChanged", "recordingStateChanged", "processingStateChanged",
		"outputReady", "processingStateChanged",
	}, names); difference != "" {
		t.Error(difference)
	}
	heartbeat := read.until(": heartbeat")
	if id := heartbeat[len(heartbeat)-2]; !strings.HasPrefix(id, "id: ") {
		t.Errorf("a heartbeat without id: %q", heartbeat)
	}
	_ = stream(t, p.url, path, map[string]string{"Authorization": "Bearer " + token, "Last-Event-ID": "rubbish"})
	if code := p.Stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	read.until("retry: ")
}

// An id that means nothing has the stream begin again, and say so.
func TestResetIsTold(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	p := start(t)
	for _, id := range []string{"rubbish", "7,8", "99999999999"} {
		read := stream(t, p.url, "/events?namespace="+namespace, map[string]string{"Authorization": "Bearer " + token, "Last-Event-ID": id})
		read.until("event: reset")
		read.until("event: ready")
	}
}

func TestLimitsOfStreams(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	others := api.MustToken(t, "default", "events", events.TokenAudience)
	p := start(t, "--max-streams", "2", "--max-streams-per-user", "1")
	path := "/events?namespace=" + namespace
	first := stream(t, p.url, path, bearer(token))
	if response, body := (call{"GET", path, "", bearer(token)}).do(t, p.url); response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Errorf("the user's second: %d %s", response.StatusCode, body)
	}
	_ = stream(t, p.url, path, bearer(others))
	if response, body := (call{"GET", path, "", bearer(token)}).do(t, p.url); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d %s", response.StatusCode, body)
	}
	first.leave()
	harness.Eventually(t, "the place is free again", func(context.Context) error {
		if response, _ := (call{"HEAD", path, "", bearer(token)}).do(t, p.url); response.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", response.Status)
		}
		return nil
	})
}

// laterClock is a clock that a test sets.
type laterClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *laterClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *laterClock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A stream ends when the right to it is taken away.
func TestRightsThatAreTakenAway(t *testing.T) {
	namespace := api.Namespace(t)
	token, bound := reader(t, namespace)
	clock := &laterClock{now: time.Now()}
	reviewer, err := access.NewReviewer(api.Config, access.Options{Audiences: []string{events.TokenAudience}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	f := feed.New(follow.Source{Client: api.Client, Namespace: namespace}, time.Now, logr.Discard(), nil)
	go func() { _ = f.Run(t.Context()) }()
	live := server.New(server.Options{
		Feeds: []*feed.Feed{f}, Recordings: api.Client, Reviewer: reviewer, Page: http.NotFoundHandler(),
		Heartbeat: time.Minute, Recheck: 20 * time.Millisecond, MaxStreams: 10, MaxStreamsPerUser: 10, Log: logr.Discard(),
	})
	harness.Eventually(t, "the feed is ready", func(context.Context) error {
		return live.Ready()
	})
	web := httptest.NewServer(live.Handler())
	t.Cleanup(web.Close)
	path := "/events?namespace=" + namespace
	read := stream(t, web.URL, path, bearer(token))
	read.until("event: ready")
	if err := api.Client.Delete(t.Context(), bound); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for read.Scan() {
			continue
		}
	}()
	harness.Eventually(t, "the stream ends", func(context.Context) error {
		clock.step(time.Minute) // what was asked before is forgotten
		select {
		case <-ended:
			return nil
		default:
			return fmt.Errorf("it goes on")
		}
	})
	if response, body := (call{"GET", path, "", bearer(token)}).do(t, web.URL); response.StatusCode != http.StatusForbidden {
		t.Errorf("then: %d %s", response.StatusCode, body)
	}
}
