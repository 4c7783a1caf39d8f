// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// slotTimeout is how long a request may wait until it may be in flight.
	slotTimeout = time.Second
	// bodyPatience is how long a body may take to arrive while other requests
	// wait. A webhook comes in one packet or two, so it mostly takes nothing.
	bodyPatience = 100 * time.Millisecond
)

// InFlight bounds how many requests are in flight. One that finds no slot waits
// for a second, during which those whose bodies arrive slowly are cut, and is
// then refused: before its body is read, so that what waits costs no more than
// its connection.
type InFlight struct {
	handler http.Handler
	refuse  http.Handler
	slots   chan struct{} // nil without a limit

	mu     sync.Mutex
	bodies *list.List // of *body, the one that began first in front
}

// body is a request body that is arriving.
type body struct {
	flight  *InFlight
	conn    *Conn
	since   time.Time
	element *list.Element
}

// NewInFlight returns a handler that hands on at most limit requests at once to
// handler, and those that find no slot to refuse; a limit of 0 is none.
func NewInFlight(limit int, handler, refuse http.Handler) *InFlight {
	f := &InFlight{handler: handler, refuse: refuse, bodies: list.New()}
	if limit > 0 {
		f.slots = make(chan struct{}, limit)
	}
	return f
}

// ServeHTTP implements http.Handler.
func (f *InFlight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn := ConnOf(r)
	conn.hold()
	defer conn.release() // also after a panic
	if !f.enter(r.Context()) {
		f.refuse.ServeHTTP(w, r)
		return
	}
	defer f.leave()
	conn.release()
	if conn != nil {
		conn.body = f.begin(conn)
		defer conn.body.end()
	}
	f.handler.ServeHTTP(w, r)
}

// Hold returns a handler whose requests have no body: while one is answered its
// connection is not cut.
func Hold(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := ConnOf(r)
		conn.hold()
		defer conn.Answered()
		handler.ServeHTTP(w, r)
	})
}

// enter takes a slot if there is one in time.
func (f *InFlight) enter(ctx context.Context) bool {
	if f.slots == nil {
		return true
	}
	select {
	case f.slots <- struct{}{}:
		return true
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, slotTimeout)
	defer cancel()
	// Slots are given in the order of asking, which asking again would lose; so a
	// timer makes room meanwhile.
	var again *time.Timer
	again = time.AfterFunc(slotTimeout, func() {
		if wait := f.cutSlowest(); ctx.Err() == nil {
			again.Reset(wait)
		}
	})
	defer again.Stop()
	again.Reset(f.cutSlowest())
	select {
	case f.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *InFlight) leave() {
	if f.slots != nil {
		<-f.slots
	}
}

func (f *InFlight) begin(conn *Conn) *body {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &body{flight: f, conn: conn, since: time.Now()}
	b.element = f.bodies.PushBack(b)
	return b
}

// end says that the body has arrived, or will not be read.
func (b *body) end() {
	if b == nil {
		return
	}
	b.flight.mu.Lock()
	defer b.flight.mu.Unlock()
	b.flight.bodies.Remove(b.element)
}

// cutSlowest cuts the connection whose body has been arriving for longest, if
// that is too long, and returns when that is worth another try.
func (f *InFlight) cutSlowest() (wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for front := f.bodies.Front(); front != nil; front = f.bodies.Front() {
		b := front.Value.(*body)
		if wait := b.since.Add(bodyPatience).Sub(now); wait > 0 {
			return wait
		}
		if b.conn.excused() {
			b.since = now
			f.bodies.MoveToBack(front)
			continue
		}
		f.bodies.Remove(front)
		b.conn.owner.mu.Lock()
		b.conn.owner.cut(b.conn)
		b.conn.owner.mu.Unlock()
		break
	}
	return bodyPatience
}
