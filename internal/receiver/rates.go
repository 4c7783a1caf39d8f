// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
)

// RateLimits are requests a second; 0 is no limit. Each allows bursts of twice
// as many.
type RateLimits struct {
	// Total and PerClient bound the webhooks that the provider has signed.
	Total, PerClient float64
	// PerNamespace bounds those of each namespace, of a receiver with Routes: what
	// is above takes nothing from the others.
	PerNamespace float64
	// Failures and FailuresPerClient bound all other requests. What is above
	// them is answered 429 instead of what is wrong with it, and not logged.
	Failures, FailuresPerClient float64
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

// Rates bounds the rates of webhooks and, apart from them, of requests that
// are not the provider's: however many of those come, they take nothing from
// what webhooks may use, also where all come from one address, as behind an
// Ingress. A nil Rates has no limits.
type Rates struct {
	limits RateLimits
	now    func() time.Time
	log    logr.Logger
	told   rate.Sometimes

	mu       sync.Mutex
	webhooks *rate.Limiter
	failures *rate.Limiter
	// namespaces has a limiter for each that webhooks came for.
	namespaces map[string]*rate.Limiter
	clients    map[netip.Addr]*list.Element
	recent     *list.List // of *client, the one seen last in front
}

// client is what is known of an address.
type client struct {
	address            netip.Addr
	seen               time.Time
	webhooks, failures *rate.Limiter
}

// NewRates returns Rates. The clock must not go back.
func NewRates(limits RateLimits, now func() time.Time, log logr.Logger) *Rates {
	return &Rates{
		limits: limits, now: now, log: log, told: rate.Sometimes{Interval: summaryInterval},
		webhooks: newLimiter(limits.Total), failures: newLimiter(limits.Failures),
		namespaces: map[string]*rate.Limiter{}, clients: map[netip.Addr]*list.Element{}, recent: list.New(),
	}
}

func newLimiter(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(2*perSecond)))
}

// admit is nil if a webhook that the provider has signed may go on.
func (r *Rates) admit(request *http.Request, namespace string) *answer {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	c := r.client(clientAddress(request, r.limits.TrustedProxies))
	wait := r.take(c.webhooks, r.namespace(namespace), r.webhooks)
	r.mu.Unlock()
	if wait == 0 {
		return nil
	}
	r.told.Do(func() {
		r.log.Info("signed webhooks refused, over the rate: raise --rate-limit, --rate-limit-per-namespace or --rate-limit-per-client, behind an Ingress set --trusted-proxy", "namespace", namespace)
	})
	a := refused(http.StatusTooManyRequests, outcomeRateLimited, "too many webhooks: try again later")
	a.retry, a.wait = true, wait
	return a
}

// refuse returns the answer to a request that is not the provider's: a, unless
// there were too many of them.
func (r *Rates) refuse(request *http.Request, a *answer) *answer {
	if r == nil || a.status >= http.StatusInternalServerError {
		return a
	}
	r.mu.Lock()
	c := r.client(clientAddress(request, r.limits.TrustedProxies))
	wait := r.take(c.failures, r.failures)
	r.mu.Unlock()
	if wait == 0 {
		return a
	}
	limited := refused(http.StatusTooManyRequests, outcomeFailuresLimited, "too many requests that are refused: "+a.problem)
	limited.retry, limited.wait, limited.quiet = true, wait, true
	r.told.Do(func() {
		r.log.Info("many requests are refused, only some are logged: see meetingrecording_webhooks_total", "problem", a.problem)
	})
	return limited
}

// namespace returns the limiter of a namespace. It is called with mu held.
func (r *Rates) namespace(name string) *rate.Limiter {
	limiter := r.namespaces[name]
	if limiter == nil {
		if len(r.namespaces) >= maxRoutes {
			clear(r.namespaces) // of routes that are gone
		}
		limiter = newLimiter(r.limits.PerNamespace)
		r.namespaces[name] = limiter
	}
	return limiter
}

// take uses one of each, or none and says how long until there is one. It is
// called with mu held.
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

// client returns what is known of an address. Clients that were not seen for
// long are forgotten, and if there are too many, the one that was seen least
// recently. It is called with mu held.
func (r *Rates) client(address netip.Addr) *client {
	now := r.now()
	if element := r.clients[address]; element != nil {
		r.recent.MoveToFront(element)
		c := element.Value.(*client)
		c.seen = now
		return c
	}
	for last := r.recent.Back(); last != nil; last = r.recent.Back() {
		c := last.Value.(*client)
		if len(r.clients) < maxClients && now.Sub(c.seen) < clientMemory {
			break
		}
		r.recent.Remove(last)
		delete(r.clients, c.address)
	}
	c := &client{
		address: address, seen: now,
		webhooks: newLimiter(r.limits.PerClient), failures: newLimiter(r.limits.FailuresPerClient),
	}
	r.clients[address] = r.recent.PushFront(c)
	return c
}
