// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// sidecar answers in turns what it is told, and keeps what it was sent.
type sidecar struct {
	mu       sync.Mutex
	codes    []int
	webhooks map[string]int
	t        *testing.T
}

func (s *sidecar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhooks[string(body)]++
	code := s.codes[0]
	if len(s.codes) > 1 {
		s.codes = s.codes[1:]
	}
	if r.Header.Get(videosdk.SignatureHeader) == "" {
		s.t.Error("a webhook is not signed")
	}
	w.WriteHeader(code)
}

func start(t *testing.T, codes ...int) (*sidecar, *Load, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{codes: codes, webhooks: map[string]int{}, t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	l, err := New(script.Script{Tag: "00000001", Recordings: 5, Senders: 2, Events: script.Lifecycle}, server.URL, key)
	if err != nil {
		t.Fatal(err)
	}
	return s, l, key
}

// TestPlay: each webhook is sent until it is taken.
func TestPlay(t *testing.T) {
	s, l, _ := start(t, 200, 503, 202, 429, 200)
	played, err := l.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int]int{200: 19, 202: 1, 429: 1, 503: 1}, played.Answers); diff != "" {
		t.Errorf("answers (-want +got)\n%s", diff)
	}
	if len(s.webhooks) != 20 || len(played.Samples) != 20 {
		t.Errorf("%d different webhooks and %d samples, want 20: %v", len(s.webhooks), len(played.Samples), maps.Keys(s.webhooks))
	}
}

func TestPlayTellsOfRefusals(t *testing.T) {
	_, l, key := start(t, 401)
	if _, err := l.Play(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v", err)
	}
	if err := l.Warm(t.Context(), key); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v", err)
	}
}

func TestWarm(t *testing.T) {
	s, l, key := start(t, 200)
	if err := l.Warm(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if len(s.webhooks) != 1 {
		t.Errorf("%v", s.webhooks)
	}
}

func TestNewChecksTheScript(t *testing.T) {
	if _, err := New(script.Script{}, "", nil); err == nil {
		t.Error("an empty script is no error")
	}
}
