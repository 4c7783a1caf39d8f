// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard bounds what anybody can make an HTTP server hold or spend: connections ([Connections]), requests in flight ([InFlight],
// [Shares]) and rates ([Rates]).
//
// A sender is genuine once it has proved who it is; [Conn.Genuine] says so. All others are strangers: what they hold is taken from them
// as soon as somebody else waits for it, and they cannot keep it by sending more.
package guard

import (
	"context"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

const (
	// maxHeaderBytes is the longest request line with headers, give or take the 4 KiB that net/http adds. A signature by the largest key
	// has 1,368 bytes.
	maxHeaderBytes = 16 << 10
	// readHeaderTimeout is how long the headers may take to arrive, and a TLS handshake; readTimeout is for headers and body together.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	// answerMargin is what is left to send the answer after reading took readTimeout and the handler its own limit.
	answerMargin = 5 * time.Second
	// idleTimeout is how long a connection may stay open between requests.
	idleTimeout = time.Minute
)

// NewServer returns an HTTP/1.1 server with a limit on everything that a client could make it wait for or hold. A handler has
// handlerTimeout once it has read the request.
func NewServer(handler http.Handler, handlerTimeout time.Duration, logger logr.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // Conn takes one request at a time for granted
	return &http.Server{
		Handler: handler, Protocols: protocols, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: readTimeout + handlerTimeout + answerMargin, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(connectionLog{logger}, "", 0),
	}
}

// connectionLog takes what net/http logs about single connections. Any stranger can cause that.
type connectionLog struct{ logger logr.Logger }

func (l connectionLog) Write(line []byte) (int, error) {
	l.logger.V(1).Info("Connection failed", "problem", strings.TrimSpace(string(line)))
	return len(line), nil
}

// slotTimeout is how long a request may wait until it may be in flight.
const slotTimeout = time.Second

// InFlight bounds how many requests are in flight. One that finds no slot waits for a second, during which those that arrive slowly are
// cut, and is then refused: before its body is read, so that what waits costs no more than its connection.
type InFlight struct {
	handler http.Handler
	refuse  http.Handler
	slots   chan struct{} // nil without a limit
}

// NewInFlight returns a handler that hands on at most limit requests at once to handler, and those that find no slot to refuse; a limit
// of 0 is none. Both say when the request is answered, see Conn.Answered.
func NewInFlight(limit int, handler, refuse http.Handler) *InFlight {
	f := &InFlight{handler: handler, refuse: refuse}
	if limit > 0 {
		f.slots = make(chan struct{}, limit)
	}
	return f
}

// ServeHTTP implements http.Handler.
func (f *InFlight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn := ConnOf(r)
	conn.hold()
	if f.slots != nil {
		if !f.enter(r.Context(), conn) {
			f.refuse.ServeHTTP(w, r)
			return
		}
		defer func() { <-f.slots }()
	}
	if conn != nil {
		conn.arrive()
		r = r.WithContext(r.Context()) // a copy: the server looks at the type of its own body
		r.Body = body{r.Body, conn}
	}
	f.handler.ServeHTTP(w, r)
}

// enter takes a slot if there is one in time.
func (f *InFlight) enter(ctx context.Context, conn *Conn) bool {
	select {
	case f.slots <- struct{}{}:
		return true
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, slotTimeout)
	defer cancel()
	if conn != nil {
		// Slots are given in the order of asking, which asking again would lose; so a timer makes room meanwhile.
		var again *time.Timer
		again = time.AfterFunc(slotTimeout, func() {
			if wait := conn.owner.cutArriving(); ctx.Err() == nil {
				again.Reset(wait)
			}
		})
		defer again.Stop()
		again.Reset(conn.owner.cutArriving())
	}
	select {
	case f.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Hold returns a handler whose requests have no body: while one is answered its connection is not cut.
func Hold(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := ConnOf(r)
		conn.hold()
		defer conn.Answered()
		handler.ServeHTTP(w, r)
	})
}

// Shares bounds how many requests of one namespace are in flight, so that the others find slots when one's are slow, or many. A nil
// Shares has no bound.
type Shares struct {
	limit int

	mu    sync.Mutex
	taken map[string]int
}

// NewShares returns Shares of limit requests for each namespace.
func NewShares(limit int) *Shares { return &Shares{limit: limit, taken: map[string]int{}} }

// Enter takes a slot and returns what gives it back, or nil if there is none.
func (s *Shares) Enter(namespace string) (leave func()) {
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[namespace] >= s.limit {
		return nil
	}
	s.taken[namespace]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.taken[namespace]--; s.taken[namespace] == 0 {
			delete(s.taken, namespace)
		}
	}
}
