// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
)

// Guard stands before a handler and bounds how many requests are in flight.
// One that finds no place waits for a short while, during which the slowest
// sender of a body loses its place, and is then sent back with 503: before its
// body is read, so that what waits costs no more than its connection.
type Guard struct {
	handler     http.Handler
	connections *Connections
	metrics     *Metrics
	log         logr.Logger
	places      chan struct{} // nil without a limit
	draining    atomic.Bool
	told        rate.Sometimes
}

// NewGuard returns a Guard; a limit of 0 is none. The connections are those of
// the server that the Guard is in.
func NewGuard(handler http.Handler, limit int, connections *Connections, metrics *Metrics, log logr.Logger) *Guard {
	g := &Guard{
		handler: handler, connections: connections, metrics: metrics, log: log,
		told: rate.Sometimes{Interval: summaryInterval},
	}
	if limit > 0 {
		g.places = make(chan struct{}, limit)
	}
	return g
}

// Drain has every answer from now on close its connection, so that the next
// request comes over another one, to whoever is ready then. Idle connections
// stay open: a request may be on its way on them.
func (g *Guard) Drain() { g.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	conn := connectionOf(r)
	conn.mark(phaseWorking)
	if !g.enter(r.Context()) {
		g.refuse(w)
		return
	}
	defer g.leave()
	conn.mark(phaseReading)
	// Whatever the handler leaves of the body, net/http waits for some of it.
	defer conn.mark(phaseWaiting)
	r.Body = &watchedBody{ReadCloser: r.Body, conn: conn}
	g.handler.ServeHTTP(w, r)
}

// enter takes a place if there is one in time.
func (g *Guard) enter(ctx context.Context) bool {
	if g.places == nil {
		return true
	}
	select {
	case g.places <- struct{}{}:
		return true
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, placeTimeout)
	defer cancel()
	// The places are given in the order of asking, which asking again would
	// lose; so it is a timer that makes room meanwhile.
	var again *time.Timer
	again = time.AfterFunc(placeTimeout, func() {
		if wait := g.connections.cutReader(); ctx.Err() == nil {
			again.Reset(wait)
		}
	})
	defer again.Stop()
	again.Reset(g.connections.cutReader())
	select {
	case g.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *Guard) leave() {
	if g.places != nil {
		<-g.places
	}
}

func (g *Guard) refuse(w http.ResponseWriter) {
	g.told.Do(func() {
		g.log.Info("webhooks refused, too many are in flight: is the API server slow? raise --max-in-flight only with the memory limit", "limit", cap(g.places))
	})
	a := unavailable(outcomeOverloaded, "too many webhooks at once: try again later", nil)
	g.metrics.webhook(typeUnknown, a.outcome, placeTimeout)
	// Its body was not read, and will not be.
	w.Header().Set("Connection", "close")
	if err := a.write(w); err != nil {
		g.log.V(1).Info("answer not sent", "error", err.Error())
	}
}

// watchedBody marks its connection as working once the body has arrived.
type watchedBody struct {
	io.ReadCloser
	conn tracked
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.conn.mark(phaseWorking)
	}
	return n, err
}
