// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// limited is a fixture with rates, and a clock that moves only when told to.
type limited struct {
	*fixture
	now time.Time
}

func newLimited(t *testing.T, limits RateLimits) *limited {
	t.Helper()
	l := &limited{fixture: newFixture(t, recordedAlways), now: epoch}
	l.Rates = NewRates(limits, func() time.Time { return l.now }, l.Log)
	return l
}

// send sends a webhook from an address and returns the answer.
func (l *limited) send(t *testing.T, from string, q request) *httptest.ResponseRecorder {
	t.Helper()
	if q.body == "" {
		q.body = goodBody
	}
	r := q.build(t)
	r.RemoteAddr = from + ":1234"
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

// expect sends as many, and expects that each is answered so.
func (l *limited) expect(t *testing.T, count, status int, from string, q request) {
	t.Helper()
	for i := range count {
		if w := l.send(t, from, q); w.Code != status {
			t.Fatalf("request %d from %s: %d %s, want %d", i+1, from, w.Code, w.Body, status)
		}
	}
}

var (
	genuine = request{}
	forged  = request{unsigned: true, header: http.Header{"Videosdk-Signature": {"AAAA"}}}
)

func TestRatePerClientAndInAll(t *testing.T) {
	l := newLimited(t, RateLimits{Total: 3, PerClient: 2})
	l.expect(t, 4, 200, "192.0.2.1", genuine)
	l.expect(t, 1, 429, "192.0.2.1", genuine)
	l.expect(t, 2, 200, "192.0.2.2", genuine) // what was refused took nothing of the total
	l.expect(t, 1, 429, "192.0.2.2", genuine) // the total is used up, though not the client's own
	l.now = l.now.Add(500 * time.Millisecond)
	l.expect(t, 1, 200, "192.0.2.1", genuine)
	l.expect(t, 1, 429, "192.0.2.1", genuine)
}

// TestForgeriesTakeNothingFromWebhooks though all come from one address.
func TestForgeriesTakeNothingFromWebhooks(t *testing.T) {
	l := newLimited(t, RateLimits{Total: 100, PerClient: 100, Failures: 50, FailuresPerClient: 5})
	l.expect(t, 10, 401, "192.0.2.1", forged)
	l.expect(t, 1000, 429, "192.0.2.1", forged)
	l.expect(t, 200, 200, "192.0.2.1", genuine)
	l.expect(t, 1, 429, "192.0.2.1", genuine)
	if got := strings.Count(l.log.String(), "webhook refused"); got != 11 {
		t.Errorf("%d refusals are logged, want those that were not limited as failures", got)
	}
	if got := strings.Count(l.log.String(), "many requests are refused"); got != 1 {
		t.Errorf("%d lines sum the others up, want 1", got)
	}
}

// TestEveryStrangerIsAFailure, whatever is wrong with the request.
func TestEveryStrangerIsAFailure(t *testing.T) {
	for name, q := range map[string]request{
		"forged": forged, "unsigned": {unsigned: true}, "path": {path: "/"}, "method": {method: http.MethodPut},
		"too large": {body: strings.Repeat("x", maxBodyBytes+1)},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLimited(t, RateLimits{Failures: 1, FailuresPerClient: 100})
			first := l.send(t, "192.0.2.1", q)
			l.expect(t, 1, first.Code, "192.0.2.2", q)
			l.expect(t, 1, 429, "192.0.2.3", q)
			w := l.send(t, "192.0.2.3", q)
			if w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "too many requests that are refused") {
				t.Errorf("Retry-After %s, %s", w.Header().Get("Retry-After"), w.Body)
			}
			l.expect(t, 10, 200, "192.0.2.3", genuine)
		})
	}
}

// TestSignedButMalformed is the provider's own mistake, and no failure.
func TestSignedButMalformed(t *testing.T) {
	l := newLimited(t, RateLimits{Failures: 1, FailuresPerClient: 1})
	l.expect(t, 10, 400, "192.0.2.1", request{body: "{"})
}

func TestRetryAfterIsWhenThereIsRoom(t *testing.T) {
	l := newLimited(t, RateLimits{Total: 0.1})
	l.expect(t, 1, 200, "192.0.2.1", genuine)
	w := l.send(t, "192.0.2.1", genuine)
	if w.Code != 429 || w.Header().Get("Retry-After") != "10" {
		t.Fatalf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	l.now = l.now.Add(9 * time.Second)
	l.expect(t, 1, 429, "192.0.2.1", genuine)
	l.now = l.now.Add(time.Second)
	l.expect(t, 1, 200, "192.0.2.1", genuine)
}

func TestNoLimits(t *testing.T) {
	l := newLimited(t, RateLimits{})
	l.expect(t, 1000, 401, "192.0.2.1", forged)
	l.expect(t, 1000, 200, "192.0.2.1", genuine)
}

// TestClientsAreBounded: neither more addresses nor more time make the table grow.
func TestClientsAreBounded(t *testing.T) {
	now := epoch
	r := NewRates(RateLimits{Failures: 1, FailuresPerClient: 1}, func() time.Time { return now }, logr.Discard())
	seen := func(i int) {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], uint32(i))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.client(netip.AddrFrom4(address))
	}
	for i := range 3 * maxClients {
		seen(i)
		seen(0) // is seen all the time, and so never forgotten
	}
	if len(r.clients) != maxClients || r.recent.Len() != maxClients {
		t.Errorf("%d clients in the table, %d in the list, want %d", len(r.clients), r.recent.Len(), maxClients)
	}
	if _, known := r.clients[netip.AddrFrom4([4]byte{})]; !known {
		t.Error("the client that was seen last is forgotten")
	}
	now = now.Add(clientMemory)
	seen(3 * maxClients)
	if len(r.clients) != 1 {
		t.Errorf("%d clients a minute later, want 1", len(r.clients))
	}
}
