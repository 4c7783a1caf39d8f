// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/stream/server"
)

func TestHowManyConnections(t *testing.T) {
	for want, arguments := range map[int][]string{11000: nil, 1005: {"--max-streams=5"}, 7: {"--max-streams=5", "--max-connections=7"}} {
		f, err := parse(arguments, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.connections(); got != want {
			t.Errorf("%v: %d, want %d", arguments, got, want)
		}
	}
}

// A connection more than may be open is served when one has closed, also one that a stream took from net/http.
func TestConnectionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan net.Conn, 10)
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			served <- conn
		})
		conns := &pipes{conns: make(chan net.Conn, 10), closed: make(chan struct{})}
		w := &web{
			live: server.New(server.Options{}), http: server.NewHTTP(handler, logr.Discard()), listener: (&flags{maxConnections: 2}).bound(conns),
			ending: make(chan struct{}), log: logr.Discard(),
		}
		ended := make(chan error, 1)
		go func() { ended <- w.Start(ctx) }()
		for range 4 {
			ours, theirs := net.Pipe()
			defer func() { _ = ours.Close() }()
			conns.conns <- theirs
			go func() {
				_ = httptest.NewRequestWithContext(ctx, http.MethodGet, "http://events.example.com/events", http.NoBody).Write(ours)
			}()
		}
		for range 3 {
			synctest.Wait()
			if n := len(served); n != 2 {
				t.Fatalf("%d are served at once", n)
			}
			_ = (<-served).Close()
		}
		synctest.Wait()
		_ = (<-served).Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}

// pipes are connections on no network.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
