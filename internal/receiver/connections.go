// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// phase is what a connection is doing.
type phase int

const (
	// phaseWaiting is between requests, and while a request's head arrives.
	phaseWaiting phase = iota
	// phaseReading is while a request's body arrives.
	phaseReading
	// phaseWorking is from then until the answer.
	phaseWorking
	// phaseHandshake is while a connection with TLS has brought no request yet.
	phaseHandshake
)

// Connections bounds how many connections a server holds. Further ones wait in
// the kernel's queue until there is room; and there is room as soon as one of
// those held has kept us waiting for patience, be it idle, or its request slow
// to arrive: the one that is longest over it is cut. A connection whose request
// has arrived in full is never cut, nor one with bytes that we have not read.
type Connections struct {
	limit int
	cuts  prometheus.Counter

	mu     sync.Mutex
	open   map[net.Conn]*connection
	wanted bool          // whether somebody waits for a place
	freed  chan struct{} // has an element after a connection has gone
}

type connection struct {
	phase phase
	since time.Time
	// proven is set once a webhook that the provider has signed came over it.
	proven bool
}

func newConnection(conn net.Conn) *connection {
	c := &connection{since: time.Now()}
	if _, over := conn.(*tls.Conn); over {
		c.phase = phaseHandshake
	}
	return c
}

// patience is how long it may keep us waiting when others need its place.
func (c *connection) patience() time.Duration {
	switch {
	case c.proven:
		return provenPatience
	case c.phase == phaseReading:
		return bodyPatience
	case c.phase == phaseHandshake:
		return handshakePatience
	}
	return patience
}

// NewConnections returns a bound of limit connections; none if limit is 0. Its
// metrics are registered unless registry is nil.
func NewConnections(limit int, registry prometheus.Registerer) *Connections {
	c := &Connections{
		limit: limit,
		open:  map[net.Conn]*connection{},
		freed: make(chan struct{}, 1),
		cuts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_webhook_connections_cut_total",
			Help: "Connections that were cut because they kept the receiver waiting while others needed their place.",
		}),
	}
	if limit == 0 {
		c.limit = math.MaxInt
	}
	if registry != nil {
		registry.MustRegister(c.cuts, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_connections",
			Help: "Connections open for webhooks.",
		}, func() float64 { return float64(c.count()) }))
	}
	return c
}

// Guard has the server report its connections, and returns the listener to
// serve on. The server must have no ConnState and no ConnContext of its own.
func (c *Connections) Guard(server *http.Server, listener net.Listener) net.Listener {
	server.ConnState = c.observe
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, tracked{c, conn})
	}
	return &boundListener{Listener: listener, connections: c, closed: make(chan struct{})}
}

type connectionKey struct{}

// tracked is the connection of a request; that of a server that is not guarded
// is the zero one.
type tracked struct {
	connections *Connections
	conn        net.Conn
}

func connectionOf(r *http.Request) tracked {
	t, _ := r.Context().Value(connectionKey{}).(tracked)
	return t
}

func (t tracked) mark(p phase) {
	if t.connections != nil {
		t.connections.mark(t.conn, p)
	}
}

// prove tells that the provider's webhooks come over the connection.
func (t tracked) prove() {
	if t.connections == nil {
		return
	}
	t.connections.mu.Lock()
	defer t.connections.mu.Unlock()
	if held := t.connections.open[t.conn]; held != nil {
		held.proven = true
	}
}

// spare tells whether to close the connection behind the answer that it is about to get: the provider's own connections hold more than half of
// all places, and somebody waits for one. So a crowd of its senders, of which each sends one webhook, is served as fast as it
// can be written, and none is cut while it may be sending again. A flood of forged webhooks makes no connection spare.
func (t tracked) spare() bool {
	if t.connections == nil {
		return false
	}
	return t.connections.spare(t.conn)
}

func (c *Connections) spare(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.open[conn]; !c.wanted || held == nil || !held.proven {
		return false
	}
	proven := 0
	for _, held := range c.open {
		if held.proven {
			proven++
		}
	}
	return proven > c.limit/2
}

func (c *Connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// observe is the server's ConnState.
func (c *Connections) observe(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateActive, http.StateIdle:
		c.mark(conn, phaseWaiting)
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		delete(c.open, conn)
		c.mu.Unlock()
		select {
		case c.freed <- struct{}{}:
		default:
		}
	}
}

// mark tells that a connection has entered a phase. One that is not held is
// ignored.
func (c *Connections) mark(conn net.Conn, p phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.open[conn]; held != nil {
		held.phase, held.since = p, time.Now()
	}
}

// add holds a connection if there is room or room can be made; otherwise it
// returns how long until that is worth another try.
func (c *Connections) add(conn net.Conn) (added bool, wait time.Duration) {
	c.mu.Lock()
	c.wanted = false
	if len(c.open) < c.limit {
		c.open[conn] = newConnection(conn)
		c.mu.Unlock()
		return true, 0
	}
	slow, wait := c.slowest(phaseWaiting, phaseReading, phaseHandshake)
	if slow == nil {
		c.wanted = true
		c.mu.Unlock()
		return false, wait
	}
	delete(c.open, slow)
	c.open[conn] = newConnection(conn)
	c.mu.Unlock()
	c.cut(slow)
	return true, 0
}

// cutReader cuts the connection that has sent a body for longest, if that is
// too long, and returns how long until that is worth another try.
func (c *Connections) cutReader() (wait time.Duration) {
	c.mu.Lock()
	slow, wait := c.slowest(phaseReading)
	if slow == nil {
		c.mu.Unlock()
		return wait
	}
	delete(c.open, slow)
	c.mu.Unlock()
	c.cut(slow)
	return bodyPatience
}

func (c *Connections) cut(conn net.Conn) {
	c.cuts.Inc()
	// It is of no further use, whatever closing it says. That of TLS would first
	// send something, and wait for it.
	_ = socketOf(conn).Close()
}

// socketOf is the connection below TLS.
func socketOf(conn net.Conn) net.Conn {
	if over, ok := conn.(*tls.Conn); ok {
		return over.NetConn()
	}
	return conn
}

// slowest returns the connection in one of these phases that is longest over its
// patience; or nil, and how long until there may be one. It is called with mu
// held.
func (c *Connections) slowest(phases ...phase) (slow net.Conn, wait time.Duration) {
	for {
		now := time.Now()
		wait = bodyPatience
		for conn, held := range c.open {
			if left := held.since.Add(held.patience()).Sub(now); slices.Contains(phases, held.phase) && left < wait {
				slow, wait = conn, left
			}
		}
		if slow == nil || wait > 0 {
			return nil, wait
		}
		if !hasUnread(slow) {
			return slow, 0
		}
		// It is us who are slow.
		c.open[slow].since, slow = now, nil
	}
}

// boundListener accepts what Connections has room for.
type boundListener struct {
	net.Listener
	connections *Connections
	closing     sync.Once
	closed      chan struct{}
}

// Accept waits for a connection, and then for room for it. It is called by one
// goroutine at a time.
func (l *boundListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		added, wait := l.connections.add(conn)
		if added {
			return conn, nil
		}
		again := time.NewTimer(wait)
		select {
		case <-l.connections.freed:
		case <-again.C:
		case <-l.closed:
			again.Stop()
			_ = conn.Close()
			return nil, net.ErrClosed
		}
		again.Stop()
	}
}

// Close ends an Accept under way.
func (l *boundListener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
