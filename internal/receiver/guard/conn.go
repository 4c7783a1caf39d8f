// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Conn is a connection, below TLS, that holds a slot of Connections until it is closed. All methods but those of net.Conn may be called on
// nil, which is the connection of a request that did not come through Connections.
type Conn struct {
	net.Conn
	owner *Connections
	// heard is set by the first bytes that the server reads, and by the first after an answer; reading while it waits for bytes; and busy
	// while it has a request, and does not wait for the rest of it. They need no lock: whoever waits for one must not seem to be slow.
	heard, reading, busy atomic.Bool

	// The owner's mu guards what follows.
	since      time.Time // when it began, or of the first answer, or the last genuine request
	isGenuine  bool
	isAnswered bool // before it was genuine
	isGone     bool
	// idle is its place among those of its class that may be cut for another connection, and arriving that among those that may be cut
	// for another request, because their own has been arriving since arrivingSince.
	idle, arriving place
	arrivingSince  time.Time
}

// place is a connection's place in a list, or in none.
type place struct {
	list    *list.List
	element *list.Element
}

func (p *place) leave() {
	if p.list != nil {
		p.list.Remove(p.element)
		p.list = nil
	}
}

type connKey struct{}

// ConnOf returns the connection of a request.
func ConnOf(r *http.Request) *Conn {
	conn, _ := r.Context().Value(connKey{}).(*Conn)
	return conn
}

// change calls do with the owner's mu held, if there is a connection.
func (c *Conn) change(do func()) {
	if c == nil {
		return
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	do()
}

// Read notes that the server has read something. The first bytes of a connection begin its time again, once: until then the server may
// have been slow.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Store(true)
	n, err := c.Conn.Read(p)
	c.reading.Store(false)
	if n > 0 && !c.heard.Swap(true) {
		c.change(func() {
			if c.isNew() {
				c.since = time.Now()
			}
		})
	}
	return n, err
}

// Close frees the slot.
func (c *Conn) Close() error {
	c.change(func() { c.owner.forget(c) })
	return c.Conn.Close()
}

// CloseWrite lets the server close gently, so that the last answer arrives.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *Conn) isNew() bool { return !c.isGenuine && !c.isAnswered }

// isExcused reports whether it is the server that is slow: it is not waiting for bytes, or has not noticed that the first have arrived.
func (c *Conn) isExcused() bool {
	return c.busy.Load() || !c.reading.Load() || (!c.heard.Load() && hasUnread(c.Conn))
}

// hold keeps the connection from being cut until Answered, but for when the server waits for the rest of the request.
func (c *Conn) hold() {
	if c != nil {
		c.busy.Store(true)
	}
}

// arrive says that the request is in flight, so that it may be cut for another one. What it has waited for that does not count against a
// stranger, once.
func (c *Conn) arrive() {
	c.change(func() {
		if c.isGone {
			return
		}
		c.arrivingSince = time.Now()
		c.arriving = place{c.owner.arriving, c.owner.arriving.PushBack(c)}
		if c.isNew() {
			c.since = c.arrivingSince
			c.idle.leave()
			c.enlist()
		}
	})
}

// body is that of a request.
type body struct {
	io.ReadCloser
	conn *Conn
}

// Read notes that the server waits.
func (b body) Read(p []byte) (int, error) {
	b.conn.busy.Store(false)
	defer b.conn.busy.Store(true)
	return b.ReadCloser.Read(p)
}

// Genuine says that the sender has proved who it is.
func (c *Conn) Genuine() {
	c.change(func() {
		c.idle.leave()
		c.since = time.Now()
		if !c.isGenuine && !c.isGone {
			c.owner.genuine++
		}
		c.isGenuine = true
	})
}

// Answered says that the request is about to be answered. It reports whether the answer must close the connection: the server drains, or
// somebody waits for a slot, and too many genuine senders hold one. Who sends one webhook and keeps the connection makes room so at once,
// and nothing is cut that may send again.
func (c *Conn) Answered() (closeIt bool) {
	c.change(func() {
		c.idle.leave()
		c.arriving.leave()
		c.heard.Store(false)
		if c.isNew() {
			c.since, c.isAnswered = time.Now(), true
		}
		c.enlist()
		c.busy.Store(false)
		closeIt = c.owner.draining
		if c.owner.waiting && c.isGenuine && c.owner.hasGenuineMajority() {
			c.owner.waiting = false // one slot is enough for who waits
			closeIt = true
		}
	})
	return closeIt
}

// enlist puts the connection among those of its class. It is called with the owner's mu held.
func (c *Conn) enlist() {
	members := c.owner.fresh
	switch {
	case c.isGone:
		return
	case c.isGenuine:
		members = c.owner.silent
	case c.isAnswered:
		members = c.owner.answered
	}
	c.idle = place{members, members.PushBack(c)}
}
