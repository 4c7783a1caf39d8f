// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard limits the resources that anyone can make an HTTP server use: connections ([Connections]), requests in flight ([InFlight],
// [Shares]) and rates ([Rates]).
//
// A sender is genuine once it is authenticated, see [Conn.Genuine]. All others are strangers: they lose their slots as soon as others wait
// for them, and cannot keep them by sending more.
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
	// maxHeaderBytes limits the request line and headers; net/http adds 4 KiB. A signature by the largest key has 1,368 bytes.
	maxHeaderBytes = 16 << 10
	// readHeaderTimeout is how long the headers may take to arrive, and a TLS handshake; readTimeout is for headers and body together.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	// answerMargin is the time to send the answer after reading took readTimeout and the handler its own limit.
	answerMargin = 5 * time.Second
	// idleTimeout is how long a connection may stay open between requests.
	idleTimeout = time.Minute
)

// NewServer returns an HTTP/1.1 server with limits on time and size of requests. A handler has handlerTimeout once it has read the request.
func NewServer(handler http.Handler, handlerTimeout time.Duration, logger logr.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // Conn takes one request at a time for granted
	return &http.Server{
		Handler: handler, Protocols: protocols, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: readTimeout + handlerTimeout + answerMargin, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(connectionLog{logger}, "", 0),
	}
}

// connectionLog gets what net/http logs about single connections. Any stranger can cause that.
type connectionLog struct{ logger logr.Logger }

func (l connectionLog) Write(line []byte) (int, error) {
	l.logger.V(1).Info("Connection failed", "problem", strings.TrimSpace(string(line)))
	return len(line), nil
}

// InFlight limits the requests that are answered at the same time; nil is no limit.
type InFlight chan struct{}

// NewInFlight returns InFlight with a limit; 0 is no limit.
func NewInFlight(limit int) InFlight {
	if limit == 0 {
		return nil
	}
	return make(InFlight, limit)
}

// Enter waits for a slot, and returns a function that frees it, or nil if ctx is done first. A request that is still arriving must not have
// one: its sender could keep it.
func (f InFlight) Enter(ctx context.Context) (leave func()) {
	if f == nil {
		return func() {}
	}
	select {
	case f <- struct{}{}:
		return func() { <-f }
	case <-ctx.Done():
		return nil
	}
}

// Hold wraps a handler of requests without a body: while one is answered, its connection is not cut.
func Hold(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ConnOf(r).SetBusy(true)
		defer ConnOf(r).Answered()
		handler.ServeHTTP(w, r)
	})
}

// Shares limits the requests in flight of one namespace, so that slow or many requests of one leave slots to others. A nil Shares has no
// limit.
type Shares struct {
	limit int

	mu    sync.Mutex
	taken map[string]int
}

// NewShares returns Shares of limit requests for each namespace.
func NewShares(limit int) *Shares { return &Shares{limit: limit, taken: map[string]int{}} }

// Enter reserves a slot and returns a function that frees it, or nil if there is none.
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
