// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
)

// pipe is a way to a server in which connections can die without a word, as they do when a machine between the two goes away.
type pipe struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	taken    int
	dead     int // connections up to this number
}

func newPipe(t *testing.T, target string) *pipe {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &pipe{listener: listener, target: target}
	go p.serve(t.Context())
	return p
}

func (p *pipe) serve(ctx context.Context) {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		to, err := new(net.Dialer).DialContext(ctx, "tcp", p.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		p.mu.Lock()
		p.taken++
		number := p.taken
		p.mu.Unlock()
		go p.pass(to, from, number)
		go p.pass(from, to, number)
	}
}

// pass copies until an end closes. What goes into a dead connection is lost.
func (p *pipe) pass(to io.WriteCloser, from io.Reader, number int) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.isDead(number) {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *pipe) isDead(number int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return number <= p.dead
}

// die makes the connections so far dead, and returns how many there are.
func (p *pipe) die() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = p.taken
	return p.dead
}

func (p *pipe) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// TestDeadConnection: a connection to the API server that died without a word
// costs the time-outs of one request or two, not the 45 s after which HTTP/2's
// own pings, as client-go sets them, find it out.
func TestDeadConnection(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it is asked by %s, want HTTP/2", r.Proto)
		}
		_, _ = fmt.Fprintf(w, `{"metadata":{"name":%q,"resourceVersion":"1"},"status":{"recording":{"events":[]}}}`, testName)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	way := newPipe(t, server.Listener.Addr().String())
	config := &rest.Config{Host: "https://" + way.listener.Addr().String(), TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
	store, err := NewRESTStore(config, NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	get := func(timeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		_, err := store.Get(ctx, session, 1, true)
		return err
	}
	for range 3 {
		if err := get(hung); err != nil {
			t.Fatal(err)
		}
	}
	before := way.die()
	if before != 1 {
		t.Errorf("%d connections for requests one after another, want 1", before)
	}
	if err := get(100 * time.Millisecond); err == nil {
		t.Fatal("a request by a dead connection succeeds")
	}
	err = errors.New("not tried")
	for tries := 0; err != nil && tries < 4; tries++ {
		err = get(hung) // all together end before the pings would
	}
	if err != nil {
		t.Errorf("no request succeeds: %v", err)
	}
	if way.connections() == before {
		t.Error("no new connection was made")
	}
}
