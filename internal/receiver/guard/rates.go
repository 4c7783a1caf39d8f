// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxClients is how many addresses are remembered, each in about 400 bytes,
	// and clientMemory for how long after their last request. By then their
	// bursts are whole again, so forgetting them changes nothing.
	maxClients   = 4096
	clientMemory = time.Minute
	// maxNamespaces is how many namespaces are remembered: more than there are
	// routes at once.
	maxNamespaces = 2000
)

// RateLimits are requests a second; 0 is no limit. Each allows bursts of twice
// as many.
type RateLimits struct {
	// Total, PerClient and PerNamespace bound genuine requests.
	Total, PerClient, PerNamespace float64
	// Failures and FailuresPerClient bound all others.
	Failures, FailuresPerClient float64
}

// Rates bounds the rates of genuine requests and, apart from them, of all others:
// however many of those come, they take nothing from the genuine ones, also where
// all come from one address, as behind an Ingress. A nil Rates has no limits.
type Rates struct {
	limits RateLimits
	now    func() time.Time

	mu                sync.Mutex
	genuine, failures *rate.Limiter
	namespaces        map[string]*rate.Limiter
	clients           map[netip.Addr]*list.Element
	recent            *list.List // of *client, the one seen last in front
}

// client is what is remembered of an address.
type client struct {
	address           netip.Addr
	seen              time.Time
	genuine, failures *rate.Limiter
}

// NewRates returns Rates.
func NewRates(limits RateLimits, now func() time.Time) *Rates {
	return &Rates{
		limits: limits, now: now, genuine: newLimiter(limits.Total), failures: newLimiter(limits.Failures),
		namespaces: map[string]*rate.Limiter{}, clients: map[netip.Addr]*list.Element{}, recent: list.New(),
	}
}

func newLimiter(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(2*perSecond)))
}

// Admit counts a genuine request, and returns 0; or how long to wait if it is
// over a limit.
func (r *Rates) Admit(address netip.Addr, namespace string) (wait time.Duration) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	return take(now, r.client(address, now).genuine, r.namespace(namespace), r.genuine)
}

// Fail counts a request that failed, and returns 0; or how long to wait if it is
// over a limit.
func (r *Rates) Fail(address netip.Addr) (wait time.Duration) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	return take(now, r.client(address, now).failures, r.failures)
}

// Failing returns how long to wait until another failed request of the address
// would not be over its limit; 0 if it is not now. It counts nothing.
func (r *Rates) Failing(address netip.Addr) (wait time.Duration) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	element := r.clients[address]
	if element == nil {
		return 0
	}
	now := r.now()
	reservation := element.Value.(*client).failures.ReserveN(now, 1)
	defer reservation.CancelAt(now)
	return reservation.DelayFrom(now)
}

// take uses one of each, or none and returns how long until there is one.
func take(now time.Time, limiters ...*rate.Limiter) (wait time.Duration) {
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

// namespace returns the limiter of a namespace. It is called with mu held.
func (r *Rates) namespace(name string) *rate.Limiter {
	limiter := r.namespaces[name]
	if limiter == nil {
		if len(r.namespaces) >= maxNamespaces {
			clear(r.namespaces) // of routes that are gone
		}
		limiter = newLimiter(r.limits.PerNamespace)
		r.namespaces[name] = limiter
	}
	return limiter
}

// client returns what is remembered of an address. Clients that were not seen for
// long are forgotten, and if there are too many, the one that was seen least
// recently. It is called with mu held.
func (r *Rates) client(address netip.Addr, now time.Time) *client {
	if element := r.clients[address]; element != nil {
		r.recent.MoveToFront(element)
		c := element.Value.(*client)
		c.seen = now
		return c
	}
	for last := r.recent.Back(); last != nil; last = r.recent.Back() {
		c := last.Value.(*client)
		if age := now.Sub(c.seen); len(r.clients) < maxClients && age >= 0 && age < clientMemory {
			break
		}
		r.recent.Remove(last)
		delete(r.clients, c.address)
	}
	c := &client{
		address: address, seen: now,
		genuine: newLimiter(r.limits.PerClient), failures: newLimiter(r.limits.FailuresPerClient),
	}
	r.clients[address] = r.recent.PushFront(c)
	return c
}
