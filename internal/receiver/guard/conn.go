// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a connection, below TLS, that holds a slot of Connections until it is closed. All methods except net.Conn's may be called
// on nil, the connection of a request that did not come through Connections.
type Conn struct {
	net.Conn
	owner *Connections
	// heard is set by the first bytes that the server reads, and by the first after an answer; reading while it waits for bytes; and busy
	// while it has a request, and does not wait for the rest of it. They need no lock: a connection that waits for a lock must not seem slow.
	heard, reading, busy atomic.Bool

	// The owner's mu guards what follows.
	since      time.Time // when it began, or of the first answer, or the answer to the last genuine request
	isGenuine  bool
	isAnswered bool
	isGone     bool
	class      *list.List // its class, if it may be cut, else nil
	element    *list.Element
}

type connKey struct{}

// ConnOf returns the connection of a request.
func ConnOf(r *http.Request) *Conn {
	conn, _ := r.Context().Value(connKey{}).(*Conn)
	return conn
}

// change calls do with the owner's mu held, except on nil.
func (c *Conn) change(do func()) {
	if c == nil {
		return
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	do()
}

// Read records that the server has read something. The first bytes of a connection restart its time, once: until then the server may have
// been slow.
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

// CloseWrite lets the server close gracefully, so that the last answer arrives.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *Conn) isNew() bool { return !c.isGenuine && !c.isAnswered }

// isExcused reports whether the server is slow, not the sender: it is not waiting for bytes, or has not read those that have arrived.
func (c *Conn) isExcused() bool { return c.busy.Load() || !c.reading.Load() || hasUnread(c.Conn) }

// SetBusy sets whether the server has the whole request. While it has, the connection is not cut.
func (c *Conn) SetBusy(isBusy bool) {
	if c != nil {
		c.busy.Store(isBusy)
	}
}

// Genuine marks the sender as authenticated.
func (c *Conn) Genuine() {
	c.change(func() {
		c.leaveClass()
		if !c.isGenuine && !c.isGone {
			c.owner.genuine++
		}
		c.isGenuine = true
	})
}

// Answered is called before the request is answered. It reports whether the answer must close the connection: the server drains, or a
// connection waits for a slot and genuine senders hold too many. So a sender of one webhook that keeps its connection frees the slot at
// once, and no connection is cut that may send again.
func (c *Conn) Answered() (closeIt bool) {
	c.change(func() {
		if c.isNew() || c.class == nil { // the first, or to a genuine request
			c.since, c.isAnswered = time.Now(), true
		}
		c.leaveClass()
		c.heard.Store(false)
		c.enterClass()
		c.busy.Store(false)
		closeIt = c.owner.draining
		if c.owner.waiting && c.isGenuine && c.owner.hasGenuineMajority() {
			c.owner.waiting = false // one slot is enough for the next one
			closeIt = true
		}
	})
	return closeIt
}

// enterClass adds the connection to its class. It is called with the owner's mu held, as is leaveClass.
func (c *Conn) enterClass() {
	switch {
	case c.isGone:
		return
	case c.isGenuine:
		c.class = c.owner.silent
	case c.isAnswered:
		c.class = c.owner.answered
	default:
		c.class = c.owner.fresh
	}
	c.element = c.class.PushBack(c)
}

func (c *Conn) leaveClass() {
	if c.class != nil {
		c.class.Remove(c.element)
		c.class = nil
	}
}

// hasUnread reports whether bytes have arrived that the server has not read yet. It is false if that cannot be determined.
func hasUnread(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var count int
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		// It fails when there is nothing to read.
		count, _, _ = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && count > 0
}
