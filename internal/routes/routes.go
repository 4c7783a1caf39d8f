// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package routes maps tokens to namespaces. Tokens are in files, which are read again when they change.
package routes

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

const (
	// maxTokenFileBytes bounds what is read of a token's file.
	maxTokenFileBytes = 4 << 10
	// maxTokens is how many tokens a file may have: the old and the new one during a rotation.
	maxTokens = 2
)

// secretHash is the SHA-256 of a token; zero means no token.
type secretHash [sha256.Size]byte

// route leads to a namespace. It has one of the two secrets, or both.
type route struct {
	namespace        string
	endpoint, client secretHash
}

// Table has the valid tokens, and the namespace of each.
type Table struct {
	namespace string // of all, without routes
	routes    *watchedfile.File[[]route]
	// endpoints and clients are where the tokens are: routes, if there are any.
	endpoints, clients *watchedfile.File[[]route]
}

// Options name the files that hold tokens. All are read again when they change; a file that can no longer be used leaves its last
// tokens valid.
type Options struct {
	// Namespace is where all recordings are, unless there is a RoutesFile.
	Namespace string
	// EndpointTokenFile and ClientTokenFile hold one or two tokens, one a line, of 16 to 256 letters, digits, or any of -_.~ each. Without
	// an EndpointTokenFile webhooks need no token, without a ClientTokenFile there are no client events.
	EndpointTokenFile, ClientTokenFile string
	// RoutesFile replaces all others; docs/reference/programs.md has its format.
	RoutesFile string
	Now        func() time.Time
	// OnError is called once for each reason why a file cannot be used later.
	OnError func(error)
}

// Open reads the files. No error contains any of a token.
func Open(o Options) (*Table, error) {
	t := &Table{namespace: o.Namespace}
	endpoint := func(hash secretHash) route { return route{namespace: o.Namespace, endpoint: hash} }
	client := func(hash secretHash) route { return route{namespace: o.Namespace, client: hash} }
	var err error
	if t.endpoints, err = o.open("--endpoint-token-file", o.EndpointTokenFile, maxTokenFileBytes, tokensAs(endpoint)); err != nil {
		return nil, err
	}
	if t.clients, err = o.open("--client-token-file", o.ClientTokenFile, maxTokenFileBytes, tokensAs(client)); err != nil {
		return nil, err
	}
	if t.routes, err = o.open("--routes-file", o.RoutesFile, maxRoutesFileBytes, parseRoutes); err != nil {
		return nil, err
	}
	if t.routes != nil {
		t.endpoints, t.clients = t.routes, t.routes
	}
	return t, nil
}

// open opens the file of a flag; it returns nil without one.
func (o Options) open(flag, path string, maxBytes int64, parse func([]byte) ([]route, error)) (*watchedfile.File[[]route], error) {
	if path == "" {
		return nil, nil
	}
	name := func(err error) error { return fmt.Errorf("%s: %w", flag, err) }
	file, err := watchedfile.Open(func(files []watchedfile.Content) ([]route, error) {
		routes, err := parse(files[0].Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return routes, nil
	}, watchedfile.Options{MaxBytes: maxBytes, Now: o.Now, OnError: func(err error) { o.OnError(name(err)) }}, path)
	if err != nil {
		return nil, name(err)
	}
	return file, nil
}

// tokensAs returns what reads one or two tokens, one a line.
func tokensAs(as func(secretHash) route) func([]byte) ([]route, error) {
	return func(content []byte) ([]route, error) {
		var routes []route
		for i, line := range bytes.Split(content, []byte("\n")) {
			token := bytes.TrimSpace(line)
			if len(token) == 0 {
				continue
			}
			hash, problem := hashOf(string(token))
			if problem != "" {
				return nil, fmt.Errorf("line %d: the token %s", i+1, problem)
			}
			routes = append(routes, as(hash))
		}
		if len(routes) == 0 || len(routes) > maxTokens {
			return nil, fmt.Errorf("has %d tokens; it must have one, or two during a rotation, one a line; %s", len(routes), tokenHint)
		}
		return routes, nil
	}
}

// Register registers the metrics of the routes file, if there is one. Reading them reads the file.
func (t *Table) Register(registry prometheus.Registerer) {
	if t.routes == nil {
		return
	}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes",
			Help: "Routes in use.",
		}, func() float64 { return float64(len(t.routes.Get())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes_outdated",
			Help: "1 while --routes-file cannot be used and its last good version stays in use, else 0.",
		}, t.routes.Outdated))
}

// HasRoutes reports whether there may be several namespaces.
func (t *Table) HasRoutes() bool { return t.routes != nil }

// NeedsToken reports whether webhooks need an endpoint token.
func (t *Table) NeedsToken() bool { return t.endpoints != nil }

// TakesClients reports whether client events are accepted.
func (t *Table) TakesClients() bool {
	return t.clients != nil && slices.ContainsFunc(t.clients.Get(), func(r route) bool { return r.client != secretHash{} })
}

// Namespaces returns the namespaces of recordings, sorted.
func (t *Table) Namespaces() []string {
	if t.routes == nil {
		return []string{t.namespace}
	}
	namespaces := map[string]bool{}
	for _, r := range t.routes.Get() {
		namespaces[r.namespace] = true
	}
	return slices.Sorted(maps.Keys(namespaces))
}

// Webhook returns the namespace of an endpoint token; empty if the token is not valid. If no token is needed, it returns the only namespace.
func (t *Table) Webhook(token string) string {
	if !t.NeedsToken() {
		return t.namespace
	}
	return lookUp(t.endpoints, token, func(r *route) []byte { return r.endpoint[:] })
}

// Client returns the namespace of a client token; empty if the token is not valid.
func (t *Table) Client(token string) string {
	return lookUp(t.clients, token, func(r *route) []byte { return r.client[:] })
}

// lookUp compares hashes with all routes, each in constant time, and does not end with the one that matches: how long it takes reveals
// nothing.
func lookUp(file *watchedfile.File[[]route], token string, secret func(*route) []byte) string {
	if file == nil {
		return ""
	}
	routes, found := file.Get(), -1
	sent := sha256.Sum256([]byte(token))
	for i := range routes {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sent[:], secret(&routes[i])), i, found)
	}
	if found < 0 {
		return ""
	}
	return routes[found].namespace
}
