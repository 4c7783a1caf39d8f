// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bufio"
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

// startTLS is start with TLS, as the sidecar has it.
func (g *guarded) startTLS(t *testing.T) *guarded {
	t.Helper()
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS()
	config := &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	borrowed.Close()
	return g.startWith(t, config)
}

// overTLS has a raw connection speak TLS.
func (w *wire) overTLS() *wire {
	w.t.Helper()
	secure := tls.Client(w.Conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) // what it presents is not what this is about
	if err := secure.Handshake(); err != nil {
		w.t.Fatal(err)
	}
	return &wire{secure, w.t, bufio.NewReader(secure)}
}

// TestConnectionLimitWithTLS: those that do not finish their handshake, and those that idle after it, make room; who has a request under
// way does not, and a connection that webhooks came over stays.
func TestConnectionLimitWithTLS(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 0, 3).startTLS(t)
	busy := g.dial(t).overTLS()
	busy.send(head(t) + goodBody)
	<-h.entered
	silent := g.dial(t) // never begins its handshake
	halfWay := g.dial(t)
	halfWay.send("\x16\x03\x01")
	for range 2 {
		w := g.dial(t).overTLS()
		w.send(head(t) + goodBody)
		<-h.entered
	}
	silent.expectCut()
	halfWay.expectCut()
	if got := g.open(t); got != 3 {
		t.Errorf("%d connections are open", got)
	}
	close(h.release)
	busy.expect(200)
	busy.send(head(t) + goodBody)
	busy.expect(200)
}

// TestSlowBodyWithTLS: who sends a body slowly loses its place over TLS, too.
func TestSlowBodyWithTLS(t *testing.T) {
	g := newGuarded(t, recordedAlways, 1, 0).startTLS(t)
	slow := g.dial(t).overTLS()
	slow.send(head(t) + goodBody[:1])
	w := g.dial(t).overTLS()
	w.send(head(t) + goodBody)
	w.expect(200)
	slow.expectCut()
}
