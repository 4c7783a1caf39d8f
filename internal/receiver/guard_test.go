// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

func TestInFlightLimit(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 2, 0).start(t)
	held := g.occupy(t, h, 2)
	third := g.dial(t)
	third.send(head(t) + goodBody)
	if got := third.expect(503); got.retryAfter == "" || got.closes {
		t.Errorf("answered %+v", got)
	}
	waits := g.dial(t)
	waits.send(head(t) + goodBody)
	close(h.release)
	for _, w := range held {
		w.expect(200)
	}
	waits.expect(200) // there was room before its patience ended
}

// TestSlowBodiesDoNotKeepWebhooksOut: a request that is still arriving has no slot, and a long body only one among long ones.
func TestSlowBodiesDoNotKeepWebhooksOut(t *testing.T) {
	g := newGuarded(t, recordedAlways, 1, 0).start(t)
	long := strings.Replace(goodBody, "{", "{"+strings.Repeat(" ", shortBodyBytes), 1)
	longHead := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%s: %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
		WebhookPath, videosdk.SignatureHeader, sign(t, []byte(long)), len(long))
	slow := g.dial(t)
	slow.send(head(t) + goodBody[:1])
	slowLong := g.dial(t)
	slowLong.send(longHead + long[:shortBodyBytes])
	slowLong.expectContinue()
	for range 2 {
		w := g.dial(t)
		w.send(head(t) + goodBody)
		w.expect(200)
	}
	eventually(t, func() bool {
		w := g.dial(t)
		w.send(longHead + long)
		w.expectContinue()
		response, err := http.ReadResponse(w.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }() // the connection ends with the test
		return response.StatusCode == 503 && response.Header.Get("Retry-After") != "" && response.Close
	})
	slowLong.send(long[shortBodyBytes:])
	slowLong.expect(200)
	slowLong.send(longHead + long) // the slot is free again
	slowLong.expectContinue()
	slowLong.expect(200)
	slow.send(goodBody[1:])
	slow.expect(200)
}

// TestRefusalsAreSentAtOnce: who waits for "100 Continue", or has sent half a body,
// gets the refusal now, and then the connection ends: what follows on it must not
// be read as another request.
func TestRefusalsAreSentAtOnce(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 0).start(t)
	for name, tc := range map[string]struct {
		head, sent string
		status     int
	}{
		"unknown path, expecting":  {"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100", "", 404},
		"method, expecting":        {"PUT " + WebhookPath + " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100", "", 405},
		"too large, expecting":     {"POST " + WebhookPath + " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 65537", "", 413},
		"compressed, expecting":    {"POST " + WebhookPath + " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Encoding: gzip\r\nContent-Length: 100", "", 400},
		"chunked, expecting":       {"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked", "", 404},
		"unknown path, half":       {"POST /x HTTP/1.1\r\nContent-Length: 100", "half", 404},
		"health with half a body":  {"POST /healthz HTTP/1.1\r\nContent-Length: 100", "half", 405},
		"another request smuggled": {"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 100", head(t) + goodBody, 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := g.dial(t)
			begin := time.Now()
			w.send(tc.head + "\r\nHost: x\r\n\r\n" + tc.sent)
			if got := w.expect(tc.status); !got.closes {
				t.Error("the connection goes on")
			}
			if took := time.Since(begin); took > 5*time.Second { // the server's limit for a body is 10 s
				t.Errorf("answered after %s", took)
			}
			w.expectCut()
			if took := time.Since(begin); took > 8*time.Second {
				t.Errorf("closed after %s", took)
			}
		})
	}
}

// TestExpectContinue: a genuine sender that waits for it gets it, and goes on.
func TestExpectContinue(t *testing.T) {
	g := newGuarded(t, recordedAlways, 1, 1).start(t)
	w := g.dial(t)
	for range 2 {
		w.send(strings.Replace(head(t), "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1))
		w.expectContinue()
		w.send(goodBody)
		if w.expect(200).closes {
			t.Error("the connection is closed")
		}
	}
}

// TestHealthOfTheWebhooksPort: load balancers get 200 also while no request can be
// in flight, and it is no webhook.
func TestHealthOfTheWebhooksPort(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 1, 0).start(t)
	held := g.occupy(t, h, 1)
	for _, tc := range []struct {
		method       string
		status       int
		body, header string
	}{{"GET", 200, `{"status":"ok"}`, ""}, {"HEAD", 200, "", ""}, {"POST", 405, `{"error":"the health check accepts GET and HEAD only"}`, "GET, HEAD"}} {
		request, err := http.NewRequest(tc.method, "http://"+g.address+"/healthz?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != tc.status || string(content) != tc.body || response.Header.Get("Allow") != tc.header {
			t.Errorf("%s: %d %s %v, %v", tc.method, response.StatusCode, content, response.Header, err)
		}
	}
	close(h.release)
	held[0].expect(200)
	for _, outcome := range []outcome{outcomeNotFound, outcomeMethodNotAllowed, outcomeOverloaded} {
		if n := testutil.ToFloat64(g.Metrics.webhooks.WithLabelValues(typeUnknown, string(outcome))); n != 0 {
			t.Errorf("%v health checks are counted as webhooks that are %s", n, outcome)
		}
	}
}
