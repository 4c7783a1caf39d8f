// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Routes are the namespaces of a receiver that serves several, each with
// secrets of its own. They are read from a file, docs/reference.md has its
// format, and again when that changes; a file that can no longer be used leaves
// the last good version in force.
type Routes struct {
	path    string
	now     func() time.Time
	onError func(error)

	mu        sync.Mutex
	digest    [sha256.Size]byte // of the file that was read last
	routes    []route
	failure   error // of that file; nil if its routes are in force
	reported  string
	checkedAt time.Time
}

// NewRoutes reads the routes of a file of at most 1 MiB. onError is told, once
// for each reason, when the file becomes unusable later. No error holds any of
// the file's secrets.
func NewRoutes(path string, now func() time.Time, onError func(error)) (*Routes, error) {
	r := &Routes{path: path, now: now, onError: onError, checkedAt: now()}
	if r.read(); r.failure != nil {
		return nil, r.failure
	}
	return r, nil
}

// Register registers the routes' metrics. Whoever reads them has the file looked at.
func (r *Routes) Register(registry prometheus.Registerer) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes",
			Help: "Routes of --routes-file that are in force.",
		}, func() float64 { return float64(len(r.current())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes_outdated",
			Help: "1 while --routes-file cannot be used, so that its last good version is in force; else 0.",
		}, func() float64 {
			r.current()
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.failure != nil {
				return 1
			}
			return 0
		}))
}

// Namespaces returns the namespaces of the routes in force, sorted.
func (r *Routes) Namespaces() []string {
	namespaces := map[string]bool{}
	for _, route := range r.current() {
		namespaces[route.namespace] = true
	}
	return slices.Sorted(maps.Keys(namespaces))
}

// webhook returns the namespace that an endpoint token leads to; empty where
// it leads to none.
func (r *Routes) webhook(token string) string {
	return lookUp(r.current(), token, func(route route) *secretHash { return route.endpoint })
}

// client is the same for a client token.
func (r *Routes) client(token string) string {
	return lookUp(r.current(), token, func(route route) *secretHash { return route.client })
}

// TakeClients tells whether any route takes clients' events.
func (r *Routes) TakeClients() bool {
	return slices.ContainsFunc(r.current(), func(route route) bool { return route.client != nil })
}

// lookUp compares hashes with all routes, each in constant time, and does not
// end with the one that matches: how long it takes tells nothing.
func lookUp(routes []route, token string, secret func(route) *secretHash) string {
	var none secretHash
	sent := sha256.Sum256([]byte(token))
	found := -1
	for i, route := range routes {
		want, there := secret(route), 1
		if want == nil {
			want, there = &none, 0
		}
		found = subtle.ConstantTimeSelect(there&subtle.ConstantTimeCompare(sent[:], want[:]), i, found)
	}
	if found < 0 {
		return ""
	}
	return routes[found].namespace
}

// current returns the routes in force, after a look at the file if it is time.
func (r *Routes) current() []route {
	routes, failure := r.reload()
	if failure != nil {
		r.onError(failure)
	}
	return routes
}

// reload is current without the report: its error is one to report.
func (r *Routes) reload() ([]route, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Sub(r.checkedAt) < tokenCheckInterval {
		return r.routes, nil
	}
	r.checkedAt = now
	r.read()
	switch {
	case r.failure == nil:
		r.reported = ""
	case r.failure.Error() != r.reported:
		r.reported = r.failure.Error()
		return r.routes, fmt.Errorf("%w; the last good routes stay in force", r.failure)
	}
	return r.routes, nil
}

// read reads the file and, if it can be used, puts its routes into force. It is
// called with mu held.
func (r *Routes) read() {
	content, err := readRegularFile(r.path, maxRoutesFileBytes)
	if err != nil {
		r.failure, r.digest = fmt.Errorf("--routes-file: %w", err), [sha256.Size]byte{}
		return
	}
	digest := sha256.Sum256(content)
	if digest == r.digest {
		return
	}
	r.digest, r.failure = digest, nil
	routes, err := parseRoutes(content)
	if err != nil {
		r.failure = fmt.Errorf("--routes-file %s: %w", r.path, err)
		return
	}
	r.routes = routes
}
