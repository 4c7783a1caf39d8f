// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"context"
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// How long a connection keeps its slot while another one waits.
const (
	// strangerPatience is how long a connection may take, from its beginning, to send its first request in full. A webhook comes in one packet
	// or two. handshakePatience is the same over TLS, which is two round trips more.
	strangerPatience  = 250 * time.Millisecond
	handshakePatience = 500 * time.Millisecond
	// answerPatience is how long a stranger may take to read its first answer.
	answerPatience = 50 * time.Millisecond
	// genuinePatience is how long a genuine sender may be silent.
	genuinePatience = 10 * time.Second
	// cutInterval and handshakeInterval are the least time between two cuts, plain and over TLS. Senders that are cut connect again, which
	// must not keep the server busy: a handshake costs 2 ms of a core.
	cutInterval       = time.Millisecond
	handshakeInterval = 20 * time.Millisecond
)

// Connections limits a server's connections. Further ones wait in the kernel's queue, and replace another, in this order: a stranger that
// had its answer; the stranger that has sent no complete request for longest; the genuine sender that was silent for longest. A connection
// whose request has arrived in full is not cut before it is answered, nor one that the server is too slow to serve.
//
// Genuine senders keep their slots longer only while they hold at most half of all: otherwise captured webhooks could hold every slot.
type Connections struct {
	limit              int
	patience, interval time.Duration // of strangers, and between cuts
	cuts               prometheus.Counter

	mu       sync.Mutex
	open     int
	genuine  int // of those
	waiting  bool
	draining bool
	// Connections by class, each list in the order in which to cut them.
	answered, fresh, silent *list.List
	cutAt                   time.Time     // when a slot was taken last
	freed                   chan struct{} // has an element after a connection has gone
}

// NewConnections returns Connections with a limit; 0 is no limit. It registers metrics unless registry is nil.
func NewConnections(limit int, registry prometheus.Registerer) *Connections {
	c := &Connections{
		limit: limit, freed: make(chan struct{}, 1),
		answered: list.New(), fresh: list.New(), silent: list.New(),
		cuts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_webhook_connections_cut_total",
			Help: "Connections that were closed to free their slot for others.",
		}),
	}
	if limit == 0 {
		c.limit = math.MaxInt
	}
	if registry != nil {
		registry.MustRegister(c.cuts, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_connections",
			Help: "Open webhook connections.",
		}, func() float64 { return float64(c.count()) }))
	}
	return c
}

// Listen returns the listener for a server to serve on, with TLS if config is not nil. It sets the server's ConnContext.
func (c *Connections) Listen(server *http.Server, listener net.Listener, config *tls.Config) net.Listener {
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if over, ok := conn.(*tls.Conn); ok {
			conn = over.NetConn()
		}
		return context.WithValue(ctx, connKey{}, conn)
	}
	bound := &boundListener{Listener: listener, connections: c}
	bound.closing, bound.close = context.WithCancel(context.Background())
	if c.patience, c.interval = strangerPatience, cutInterval; config == nil {
		return bound
	}
	c.patience, c.interval = handshakePatience, handshakeInterval
	return tls.NewListener(bound, config)
}

// Drain makes every further answer close its connection, so that the next request goes to a ready server. Idle connections stay open: a
// request may be in transit.
func (c *Connections) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
}

func (c *Connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// hasGenuineMajority reports whether genuine senders hold more than half of all slots. It is called with mu held.
func (c *Connections) hasGenuineMajority() bool { return c.genuine > c.limit/2 }

// add gives a slot to a connection, if one is free or can be freed; otherwise it returns when to try again.
func (c *Connections) add(conn *Conn) (isAdded bool, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting = false; c.open >= c.limit {
		victim, wait := c.victim(time.Now())
		if victim == nil {
			c.waiting = true
			return false, wait
		}
		c.cut(victim)
	}
	c.open++
	conn.enterClass()
	return true, 0
}

// victim returns the connection to cut, or nil and when there may be one. It is called with mu held.
func (c *Connections) victim(now time.Time) (*Conn, time.Duration) {
	if wait := c.cutAt.Add(c.interval).Sub(now); wait > 0 {
		return nil, wait
	}
	ofGenuine := genuinePatience
	if c.hasGenuineMajority() {
		ofGenuine = c.patience
	}
	soonest := genuinePatience
	for _, class := range []struct {
		members  *list.List
		patience time.Duration
	}{{c.answered, answerPatience}, {c.fresh, c.patience}, {c.silent, ofGenuine}} {
		for front := class.members.Front(); front != nil; front = class.members.Front() {
			conn := front.Value.(*Conn)
			wait := conn.since.Add(class.patience).Sub(now)
			if class.members == c.fresh {
				// If all were cut at once and connected again, no slot would be free until their time is over. So cuts are spread evenly.
				wait = max(wait, c.cutAt.Add(c.patience/time.Duration(c.limit)).Sub(now))
			}
			if wait > 0 {
				soonest = min(soonest, wait)
				break
			}
			if !conn.isExcused() || (class.members == c.answered && !conn.busy.Load()) {
				return conn, 0
			}
			conn.since = now
			class.members.MoveToBack(front)
		}
	}
	return nil, soonest
}

// cut closes a connection and frees its slot. It is called with mu held.
func (c *Connections) cut(conn *Conn) {
	c.forget(conn)
	c.cutAt = time.Now()
	c.cuts.Inc()
	// It is not used again, so the error does not matter.
	_ = conn.Conn.Close()
}

// forget frees a connection's slot. It is called with mu held.
func (c *Connections) forget(conn *Conn) {
	if conn.isGone {
		return
	}
	conn.isGone = true
	conn.leaveClass()
	c.open--
	if conn.isGenuine {
		c.genuine--
	}
	select {
	case c.freed <- struct{}{}:
	default:
	}
}

// boundListener accepts connections while slots are free.
type boundListener struct {
	net.Listener
	connections *Connections
	closing     context.Context
	close       func()
}

// Accept waits for a connection, and then for a slot. It is called by one goroutine at a time.
func (l *boundListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		conn := &Conn{Conn: accepted, owner: l.connections, since: time.Now()}
		isAdded, wait := l.connections.add(conn)
		if isAdded {
			return conn, nil
		}
		select {
		case <-l.connections.freed:
		case <-time.After(wait):
		case <-l.closing.Done():
			_ = accepted.Close()
			return nil, net.ErrClosed
		}
	}
}

// Close ends an Accept in progress.
func (l *boundListener) Close() error {
	l.close()
	return l.Listener.Close()
}
