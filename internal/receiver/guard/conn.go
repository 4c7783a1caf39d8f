// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Conn is a connection, below TLS, that holds a slot of Connections until it is
// closed. All methods but those of net.Conn may be called on nil, which is the
// connection of a request that did not come through Connections.
type Conn struct {
	net.Conn
	owner *Connections
	// heard is set by the first bytes that the server reads, and by the first after
	// an answer.
	heard atomic.Bool
	// reading is set while the server waits for bytes.
	reading atomic.Bool

	// The owner's mu guards what follows.
	element *list.Element // where it waits to be cut; nil while it cannot be
	since   time.Time     // when it began, or of the first answer, or the last genuine request
	genuine bool
	refused bool // it had an answer before it was genuine
	gone    bool

	// body is the request's place among the bodies that are arriving; see InFlight.
	body *body
}

type connKey struct{}

// ConnOf returns the connection of a request.
func ConnOf(r *http.Request) *Conn {
	conn, _ := r.Context().Value(connKey{}).(*Conn)
	return conn
}

// Read notes that the server has read something. The first bytes of a connection
// begin its time anew, once: until then the server may have been slow.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Store(true)
	n, err := c.Conn.Read(p)
	c.reading.Store(false)
	if n > 0 && !c.heard.Swap(true) {
		c.owner.mu.Lock()
		defer c.owner.mu.Unlock()
		if !c.genuine && !c.refused {
			c.since = time.Now()
		}
	}
	return n, err
}

// excused reports whether it is the server that is slow: it is not waiting for
// bytes, or has not noticed that the first have arrived.
func (c *Conn) excused() bool {
	return !c.reading.Load() || (!c.heard.Load() && hasUnread(c.Conn))
}

// Close frees the slot.
func (c *Conn) Close() error {
	c.owner.mu.Lock()
	c.owner.forget(c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets the server close gently, so that the last answer arrives.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// BodyRead says that the request has arrived in full: nobody can keep the slot
// any more by sending slowly, so it is not taken until Answered.
func (c *Conn) BodyRead() {
	if c == nil {
		return
	}
	c.body.end()
	c.hold()
}

// hold keeps the connection from being cut.
func (c *Conn) hold() {
	if c == nil {
		return
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.unlist()
}

// release is the opposite of hold, for a request whose body is to be read. What it
// has waited for a slot in flight does not count against a stranger, once.
func (c *Conn) release() {
	if c == nil {
		return
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if !c.genuine && !c.refused && c.element == nil {
		c.since = time.Now()
		c.enlist((*list.List).PushBack)
		return
	}
	// In front: it has been in its class for longer than those behind.
	c.enlist((*list.List).PushFront)
}

// Genuine says that the sender has proved who it is.
func (c *Conn) Genuine() {
	if c == nil {
		return
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.unlist()
	c.since = time.Now()
	if !c.genuine && !c.gone {
		c.owner.genuine++
	}
	c.genuine = true
}

// Answered says that the request is about to be answered. It reports whether the
// answer must close the connection: the server drains, or somebody waits for a
// slot, and too many genuine senders hold one. Who sends one webhook and keeps
// the connection makes room so at once, and nothing is cut that may send again.
func (c *Conn) Answered() (closeIt bool) {
	if c == nil {
		return false
	}
	o := c.owner
	o.mu.Lock()
	defer o.mu.Unlock()
	c.unlist()
	c.heard.Store(false)
	if !c.genuine && !c.refused {
		c.since, c.refused = time.Now(), true
	}
	c.enlist((*list.List).PushBack)
	if o.waiting && c.genuine && o.genuineMajority() {
		o.waiting = false // one slot is enough for who waits
		return true
	}
	return o.draining
}

// enlist puts the connection among those of its class. It is called with the
// owner's mu held.
func (c *Conn) enlist(push func(*list.List, any) *list.Element) {
	if c.gone || c.element != nil {
		return
	}
	switch {
	case c.genuine:
		c.element = push(c.owner.silent, c)
	case c.refused:
		c.element = push(c.owner.answered, c)
	default:
		c.element = push(c.owner.fresh, c)
	}
}

// unlist is the opposite. It is called with the owner's mu held.
func (c *Conn) unlist() {
	if c.element == nil {
		return
	}
	for _, members := range []*list.List{c.owner.answered, c.owner.fresh, c.owner.silent} {
		members.Remove(c.element) // does nothing in a list that it is not of
	}
	c.element = nil
}
