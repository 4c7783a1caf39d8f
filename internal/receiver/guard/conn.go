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
	class      *list.List // of those that may be cut; nil for none
	element    *list.Element
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

// isExcused reports whether it is the server that is slow: it is not waiting for bytes, or has not noticed that some have arrived.
func (c *Conn) isExcused() bool { return c.busy.Load() || !c.reading.Load() || hasUnread(c.Conn) }

// SetBusy says that the server has the request, or that it waits for the rest of it. While it has it the connection is not cut.
func (c *Conn) SetBusy(isBusy bool) {
	if c != nil {
		c.busy.Store(isBusy)
	}
}

// Genuine says that the sender has proved who it is.
func (c *Conn) Genuine() {
	c.change(func() {
		c.leaveClass()
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
		c.leaveClass()
		c.heard.Store(false)
		if c.isNew() {
			c.since, c.isAnswered = time.Now(), true
		}
		c.enterClass()
		c.busy.Store(false)
		closeIt = c.owner.draining
		if c.owner.waiting && c.isGenuine && c.owner.hasGenuineMajority() {
			c.owner.waiting = false // one slot is enough for who waits
			closeIt = true
		}
	})
	return closeIt
}

// enterClass puts the connection among those of its class. It is called with the owner's mu held, as is leaveClass.
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

// hasUnread reports whether bytes have arrived on a connection that nobody has read yet. It is false where that cannot be determined.
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
