// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// guarded is a real server with limits, as the sidecar has it.
type guarded struct {
	*fixture
	connections *guard.Connections
	server      *http.Server
	address     string
}

func newGuarded(t *testing.T, to Recorder, maxInFlight, maxConnections int) *guarded {
	t.Helper()
	g := &guarded{fixture: newFixture(t, to)}
	g.connections = guard.NewConnections(maxConnections, g.registry)
	g.InFlight, g.LongBodies = guard.NewInFlight(maxInFlight), guard.NewShares(1)
	g.server = guard.NewServer(g.Handler, 2*time.Second, g.Log)
	return g
}

func (g *guarded) start(t *testing.T) *guarded { return g.startWith(t, nil) }

func (g *guarded) startWith(t *testing.T, config *tls.Config) *guarded {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- g.server.Serve(g.connections.Listen(g.server, listener, config)) }()
	t.Cleanup(func() {
		if err := g.server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return g
}

// open is how many connections are open, by the metric.
func (g *guarded) open(t *testing.T) int {
	t.Helper()
	return int(metricValue(t, g.registry, "meetingrecording_webhook_connections"))
}

// wire is a raw connection to the server.
type wire struct {
	net.Conn
	t      *testing.T
	reader *bufio.Reader
}

func (g *guarded) dial(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{conn, t, bufio.NewReader(conn)}
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

func head(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		WebhookPath, videosdk.SignatureHeader, sign(t, []byte(goodBody)), len(goodBody))
}

// answerHead is the head of an answer.
type answerHead struct {
	retryAfter string
	closes     bool
}

// expect reads an answer with its body.
func (w *wire) expect(status int) answerHead {
	w.t.Helper()
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode != status {
		w.t.Fatalf("status %d, want %d", response.StatusCode, status)
	}
	return answerHead{response.Header.Get("Retry-After"), response.Close}
}

// expectCut expects that the server hangs up, without an answer of success.
func (w *wire) expectCut() {
	w.t.Helper()
	content, err := io.ReadAll(w.reader)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		w.t.Fatal("the connection is still open")
	}
	if strings.HasPrefix(string(content), "HTTP/1.1 200") {
		w.t.Errorf("answered %s", content)
	}
}

// hold is a Recorder that keeps webhooks in flight until told to end.
type hold struct {
	entered chan struct{}
	release chan struct{}
}

func newHold() *hold { return &hold{make(chan struct{}, 100), make(chan struct{})} }

func (h *hold) Record(context.Context, recorder.Event) (recorder.Outcome, error) {
	h.entered <- struct{}{}
	<-h.release
	return recorder.Outcome{Result: lifecycle.Recorded, Recording: "a/b"}, nil
}

// occupy sends webhooks over connections of their own, which the hold keeps in flight.
func (g *guarded) occupy(t *testing.T, h *hold, webhooks int) []*wire {
	t.Helper()
	var senders []*wire
	for range webhooks {
		w := g.dial(t)
		w.send(head(t) + goodBody)
		<-h.entered
		senders = append(senders, w)
	}
	return senders
}

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

func (w *wire) expectContinue() {
	w.t.Helper()
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := w.reader.ReadString('\n'); err != nil || line != want {
			w.t.Fatalf("%q, %v", line, err)
		}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("it never holds")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestConnectionLimit: idle connections make room, busy ones do not.
func TestConnectionLimit(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 0, 3).start(t)
	busy := g.dial(t)
	busy.send(head(t) + goodBody)
	<-h.entered
	idle := g.dial(t)       // says nothing at all
	halfOpen := g.dial(t)   // a head that never ends
	halfOpen.send("POST /") // the rest does not come
	for range 2 {
		w := g.dial(t)
		w.send(head(t) + goodBody)
		<-h.entered
	}
	idle.expectCut()
	halfOpen.expectCut()
	if got := g.open(t); got != 3 {
		t.Errorf("%d connections are open", got)
	}
	waits := g.dial(t) // all are busy: it waits for one to end
	waits.send(head(t) + goodBody)
	close(h.release)
	busy.expect(200)
	waits.expect(200)
}

// TestGenuineConnectionsStay while others make room, and so do those whose bytes
// we have not read yet.
func TestGenuineConnectionsStay(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 3).start(t)
	genuine := g.dial(t)
	genuine.send(head(t) + goodBody)
	genuine.expect(200)
	<-time.After(10 * time.Millisecond) // so that it is the one that waits longest
	var strangers []*wire
	for range 2 {
		w := g.dial(t)
		w.send("G")
		strangers = append(strangers, w)
	}
	next := g.dial(t)
	next.send(head(t) + goodBody)
	next.expect(200)
	strangers[0].expectCut()
	genuine.send(head(t) + goodBody)
	genuine.expect(200)
}

// TestBurstOfSenders: while the provider's own connections hold most places and one more of them waits, an answer ends its connection.
func TestBurstOfSenders(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 0, 3).start(t)
	senders := g.occupy(t, h, 3)
	next := g.dial(t)
	next.send(head(t) + goodBody)
	<-time.After(100 * time.Millisecond) // until it waits for a slot
	h.release <- struct{}{}
	<-h.entered // the next has the place of the one that was answered
	close(h.release)
	ended := 0
	for _, w := range senders {
		if w.expect(200).closes {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d connections ended, want the one whose place was wanted", ended)
	}
	if next.expect(200).closes {
		t.Error("a connection ended though nobody waited")
	}
}

// TestSlowSendersAreCut by the time-outs alone, with room for all: what has
// trickled in every now and then does not prolong them.
func TestSlowSendersAreCut(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 0)
	g.server.ReadHeaderTimeout, g.server.ReadTimeout, g.server.IdleTimeout = 300*time.Millisecond, 600*time.Millisecond, 300*time.Millisecond
	g.start(t)
	whole := head(t) + goodBody
	for name, sent := range map[string]string{
		"nothing": "", "half a line": "POST /web", "half a head": whole[:len(head(t))-10], "half a body": whole[:len(whole)-40],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := g.dial(t)
			w.send(sent)
			rest := whole[len(sent):]
			if sent != "" {
				stop := w.trickle(rest)
				defer stop()
			}
			begin := time.Now()
			w.expectCut()
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("cut after %s", took)
			}
		})
	}
	t.Run("idle after an answer", func(t *testing.T) {
		t.Parallel()
		w := g.dial(t)
		w.send(whole)
		w.expect(200)
		w.expectCut()
	})
}

// trickle sends a byte every now and then, until stopped or cut.
func (w *wire) trickle(rest string) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for i := range rest {
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
			if _, err := io.WriteString(w, rest[i:i+1]); err != nil {
				return
			}
		}
	})
	return func() { cancel(); sending.Wait() }
}

// TestDrain closes connections with an answer, and no other way.
func TestDrain(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 0).start(t)
	w := g.dial(t)
	w.send(head(t) + goodBody)
	if w.expect(200).closes {
		t.Error("closed before it drains")
	}
	g.connections.Drain()
	w.send(head(t) + goodBody) // over the connection that was idle
	if !w.expect(200).closes {
		t.Error("the sender is not told to take another connection")
	}
	w.expectCut()
	again := g.dial(t) // who has not noticed is served all the same
	again.send(head(t) + goodBody)
	again.expect(200)
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
