// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/stream/server"
	"github.com/meetingops/meeting-recording-operator/test/harness"
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
		served := make(chan net.Conn, 10)
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			served <- conn
		})
		conns := serveConnections(t, 2, handler)
		for range 4 {
			ours := conns.open(t)
			go func() { _ = newRequest(t.Context(), "/events").Write(ours) }()
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
	})
}

// Whoever holds all connections keeps nobody else waiting for long: not with requests that are done, nor with one forged token after another.
func TestWhoeverHoldsAllConnections(t *testing.T) {
	for name, path := range map[string]string{"of the page, then silent": "/", "with forged tokens, without a pause": "/api/v1/session"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const connections = 8
				live := server.New(server.Options{Reviewer: refusing{}, Page: http.NotFoundHandler(), Log: logr.Discard()})
				conns := serveConnections(t, connections, live.Handler())
				for range 2 * connections {
					go func() {
						for t.Context().Err() == nil {
							conn := conns.open(t)
							for code := 0; code != -1; code = ask(t.Context(), conn, path) {
								if path == "/" && code != 0 {
									harness.Sleep(t.Context(), 30*time.Second) // after a minute it would be closed
								}
							}
						}
					}()
				}
				synctest.Wait()
				another := conns.open(t)
				_ = another.SetDeadline(time.Now().Add(2 * time.Second))
				if code := ask(t.Context(), another, "/"); code != http.StatusNotFound {
					t.Errorf("another one is answered %d", code)
				}
			})
		})
	}
}

// ask returns the status of an answer, or -1 once the connection is closed.
func ask(ctx context.Context, conn net.Conn, path string) int {
	request := newRequest(ctx, path)
	if err := request.Write(conn); err != nil {
		return -1
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return -1
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}

func newRequest(ctx context.Context, path string) *http.Request {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://events.example.com"+path, http.NoBody)
	request.Header.Set("Authorization", "Bearer forged")
	return request
}

// refusing reviews tokens for a while and accepts none.
type refusing struct{ server.Reviewer }

func (refusing) Authenticate(ctx context.Context, _ netip.Addr, _ string) (access.User, error) {
	harness.Sleep(ctx, 10*time.Millisecond)
	return access.User{}, access.ErrUnauthenticated
}

// serveConnections serves for as long as the test runs, and returns where clients connect.
func serveConnections(t *testing.T, limit int, handler http.Handler) *pipes {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	conns := &pipes{conns: make(chan net.Conn, 100), closed: make(chan struct{})}
	w := &web{live: server.New(server.Options{}), http: server.NewHTTP(handler, logr.Discard()), ending: make(chan struct{}), log: logr.Discard()}
	w.bound(conns, limit)
	ended := make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	return conns
}

// pipes are connections on no network.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

// open returns the client's end of a new connection.
func (p *pipes) open(t *testing.T) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	context.AfterFunc(t.Context(), func() { _ = ours.Close() })
	p.conns <- theirs
	return ours
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
