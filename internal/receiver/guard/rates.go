// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	// maxClients limits the cached addresses, each of about 400 bytes. Before an address is evicted, its bursts have usually recovered.
	maxClients = 4096
	// maxNamespaces is more than the largest number of routes.
	maxNamespaces = 2000
)

// RateLimits are requests a second; 0 is no limit. Each allows bursts of twice as many.
type RateLimits struct {
	// Total, PerClient and PerNamespace limit genuine requests.
	Total, PerClient, PerNamespace float64
	// Failures and FailuresPerClient limit all others.
	Failures, FailuresPerClient float64
}

// Rates limits the rates of genuine requests and, separately, of all others. So the others never use up the limits of genuine ones, even if
// all come from one address, as behind an Ingress.
type Rates struct {
	limits RateLimits
	now    func() time.Time

	mu                sync.Mutex
	genuine, failures *rate.Limiter
	namespaces        *lru.LRU[string, *rate.Limiter]
	clients           *lru.LRU[netip.Addr, client]
}

// client is the state of one address.
type client struct{ genuine, failures *rate.Limiter }

// NewRates returns Rates.
func NewRates(limits RateLimits, now func() time.Time) *Rates {
	r := &Rates{limits: limits, now: now, genuine: newLimiter(limits.Total), failures: newLimiter(limits.Failures)}
	r.namespaces, _ = lru.NewLRU[string, *rate.Limiter](maxNamespaces, nil) // it only fails for a size of 0
	r.clients, _ = lru.NewLRU[netip.Addr, client](maxClients, nil)
	return r
}

func newLimiter(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(2*perSecond)))
}

// Admit counts a genuine request, and returns 0; or how long to wait if it is over a limit.
func (r *Rates) Admit(address netip.Addr, namespace string) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ofNamespace, isKnown := r.namespaces.Get(namespace)
	if !isKnown {
		ofNamespace = newLimiter(r.limits.PerNamespace)
		r.namespaces.Add(namespace, ofNamespace)
	}
	return r.take(r.client(address).genuine, ofNamespace, r.genuine)
}

// Fail counts a request that failed, and returns 0; or how long to wait if it is over a limit.
func (r *Rates) Fail(address netip.Addr) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.take(r.client(address).failures, r.failures)
}

// Failing returns how long to wait until another failed request of the address would not be over its limit; 0 if it is not now. It
// counts nothing.
func (r *Rates) Failing(address netip.Addr) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	reservation := r.client(address).failures.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return reservation.DelayFrom(now)
}

// take uses one token of each limiter, or none and returns how long to wait.
func (r *Rates) take(limiters ...*rate.Limiter) (wait time.Duration) {
	now := r.now()
	reserved := make([]*rate.Reservation, len(limiters))
	for i, limiter := range limiters {
		reserved[i] = limiter.ReserveN(now, 1)
		wait = max(wait, reserved[i].DelayFrom(now))
	}
	if wait > 0 {
		for _, reservation := range reserved {
			reservation.CancelAt(now)
		}
	}
	return wait
}

// client returns the state of an address.
func (r *Rates) client(address netip.Addr) client {
	c, isKnown := r.clients.Get(address)
	if !isKnown {
		c = client{newLimiter(r.limits.PerClient), newLimiter(r.limits.FailuresPerClient)}
		r.clients.Add(address, c)
	}
	return c
}
