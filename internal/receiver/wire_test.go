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
	"testing"
	"time"

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
