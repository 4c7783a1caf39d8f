// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
)

// limited is a fixture with rates, and a clock that moves only when told to.
type limited struct {
	*fixture
	now time.Time
}

func newLimited(t *testing.T, limits guard.RateLimits) *limited {
	t.Helper()
	l := &limited{fixture: newFixture(t, recordedAlways), now: epoch}
	l.Rates = guard.NewRates(limits, func() time.Time { return l.now })
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
	l := newLimited(t, guard.RateLimits{Total: 3, PerClient: 2})
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
	l := newLimited(t, guard.RateLimits{Total: 100, PerClient: 100, Failures: 50, FailuresPerClient: 5})
	l.expect(t, 10, 401, "192.0.2.1", forged)
	l.expect(t, 1000, 429, "192.0.2.1", forged)
	l.expect(t, 200, 200, "192.0.2.1", genuine)
	l.expect(t, 1, 429, "192.0.2.1", genuine)
	if got := strings.Count(l.log.String(), "Request was refused"); got != 11 {
		t.Errorf("%d refusals are logged, want those that were not limited as failures", got)
	}
	if got := strings.Count(l.log.String(), "Not logging every refused request"); got != 1 {
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
			l := newLimited(t, guard.RateLimits{Failures: 1, FailuresPerClient: 100})
			first := l.send(t, "192.0.2.1", q)
			l.expect(t, 1, first.Code, "192.0.2.2", q)
			l.expect(t, 1, 429, "192.0.2.3", q)
			w := l.send(t, "192.0.2.3", q)
			if w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "too many refused requests") {
				t.Errorf("Retry-After %s, %s", w.Header().Get("Retry-After"), w.Body)
			}
			l.expect(t, 10, 200, "192.0.2.3", genuine)
		})
	}
}

// TestSignedButMalformed is the provider's own mistake, and no failure.
func TestSignedButMalformed(t *testing.T) {
	l := newLimited(t, guard.RateLimits{Failures: 1, FailuresPerClient: 1})
	l.expect(t, 10, 400, "192.0.2.1", request{body: "{"})
}

func TestRetryAfterIsWhenThereIsRoom(t *testing.T) {
	l := newLimited(t, guard.RateLimits{Total: 0.1})
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
	l := newLimited(t, guard.RateLimits{})
	l.expect(t, 1000, 401, "192.0.2.1", forged)
	l.expect(t, 1000, 200, "192.0.2.1", genuine)
}

// TestLimitDoesNotRevealTheToken: over the limit nobody learns whether a token is
// right, neither by the answer nor by what it depends on, unless the body is
// signed; and whose body is signed is served.
func TestLimitDoesNotRevealTheToken(t *testing.T) {
	l := newLimited(t, guard.RateLimits{Failures: 100, FailuresPerClient: 1})
	l.Routes = openSecrets(t, routes.Options{EndpointTokenFile: tokenFile(t, goodToken), ClientTokenFile: tokenFile(t, clientToken)})
	right, wrong := WebhookPath+"/"+goodToken, WebhookPath+"/"+goodToken+"x"
	unsigned := func(method, path string) request { return request{method: method, path: path, unsigned: true} }
	l.expect(t, 1, 404, "192.0.2.1", unsigned("POST", wrong))
	l.expect(t, 1, 401, "192.0.2.1", unsigned("POST", right))
	answers := map[string]bool{}
	for _, q := range []request{
		unsigned("POST", right), unsigned("POST", wrong), unsigned("GET", right), unsigned("GET", wrong), unsigned("POST", "/"),
		{path: right, unsigned: true, header: forged.header}, {path: wrong, unsigned: true, header: forged.header},
		{path: wrong}, // a captured webhook, sent to a guess
		{path: right, unsigned: true, header: http.Header{"Content-Encoding": {"gzip"}}}, {path: wrong, unsigned: true, header: http.Header{"Content-Encoding": {"gzip"}}},
		{path: ClientEventsPath, header: http.Header{"Authorization": {"Bearer " + clientToken}}}, {path: ClientEventsPath, header: http.Header{"Authorization": {"Bearer guess"}}},
	} {
		w := l.send(t, "192.0.2.1", q)
		answers[w.Header().Get("Retry-After")+" "+w.Body.String()] = true
		if w.Code != 429 {
			t.Errorf("%s %s: %d", q.method, q.path, w.Code)
		}
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	l.expect(t, 10, 200, "192.0.2.1", request{path: right})
	l.expect(t, 1, 401, "192.0.2.2", unsigned("POST", right)) // another address
}
