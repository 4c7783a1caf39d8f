// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// maxTokenFileBytes bounds what is read of a token's file.
const maxTokenFileBytes = 4 << 10

// maxTokens is how many tokens a file may have: the old and the new one while
// they are exchanged.
const maxTokens = 2

// secretHash is the SHA-256 of a token.
type secretHash [sha256.Size]byte

// route leads to a namespace. It has one of the two secrets, or both.
type route struct {
	namespace        string
	endpoint, client *secretHash
}

// Secrets say which tokens are valid, and which namespace each leads to.
type Secrets struct {
	namespace string // of all, without routes
	routes    *watchedfile.File[[]route]
	endpoints *watchedfile.File[[]route]
	clients   *watchedfile.File[[]route]
}

// SecretsOptions name the files that hold tokens. All are read again when they
// change; a file that can no longer be used leaves its last tokens valid.
type SecretsOptions struct {
	// Namespace is where all recordings are, unless there is a RoutesFile.
	Namespace string
	// EndpointTokenFile and ClientTokenFile hold one or two tokens, one a line, of
	// 16 to 256 letters, digits, or any of -_.~ each. Without an
	// EndpointTokenFile webhooks need no token, without a ClientTokenFile there
	// are no client events.
	EndpointTokenFile, ClientTokenFile string
	// RoutesFile takes the place of all others; docs/reference/programs.md has its format.
	RoutesFile string
	Now        func() time.Time
	// OnError is called once for each reason why a file cannot be used later.
	OnError func(error)
}

// OpenSecrets reads the files. No error contains any of a token.
func OpenSecrets(o SecretsOptions) (*Secrets, error) {
	s := &Secrets{namespace: o.Namespace}
	for _, f := range []struct {
		flag, path string
		maxBytes   int64
		to         **watchedfile.File[[]route]
		parse      func([]byte) ([]route, error)
	}{
		{"--routes-file", o.RoutesFile, maxRoutesFileBytes, &s.routes, parseRoutes},
		{"--endpoint-token-file", o.EndpointTokenFile, maxTokenFileBytes, &s.endpoints, func(content []byte) ([]route, error) {
			return parseTokens(content, func(hash *secretHash) route { return route{o.Namespace, hash, nil} })
		}},
		{"--client-token-file", o.ClientTokenFile, maxTokenFileBytes, &s.clients, func(content []byte) ([]route, error) {
			return parseTokens(content, func(hash *secretHash) route { return route{o.Namespace, nil, hash} })
		}},
	} {
		if f.path == "" {
			continue
		}
		parse := func(files []watchedfile.Content) ([]route, error) {
			routes, err := f.parse(files[0].Data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", files[0].Path, err)
			}
			return routes, nil
		}
		onError := func(err error) { o.OnError(fmt.Errorf("%s: %w", f.flag, err)) }
		file, err := watchedfile.Open(parse, watchedfile.Options{MaxBytes: f.maxBytes, Now: o.Now, OnError: onError}, f.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.flag, err)
		}
		*f.to = file
	}
	return s, nil
}

// parseTokens reads one or two tokens, one a line.
func parseTokens(content []byte, as func(*secretHash) route) ([]route, error) {
	var routes []route
	number := 0
	for line := range bytes.Lines(content) {
		number++
		token := bytes.TrimSpace(line)
		if len(token) == 0 {
			continue
		}
		hash, problem := hashOf(string(token))
		if problem != "" {
			return nil, fmt.Errorf("line %d: the token %s", number, problem)
		}
		routes = append(routes, as(&hash))
	}
	if len(routes) == 0 || len(routes) > maxTokens {
		return nil, fmt.Errorf("has %d tokens; it must hold one, or two while they are exchanged, each on a line of its own; %s", len(routes), tokenHint)
	}
	return routes, nil
}

// Register registers the metrics of the routes file, if there is one. Who reads
// them has the file read.
func (s *Secrets) Register(registry prometheus.Registerer) {
	if s.routes == nil {
		return
	}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes",
			Help: "Routes of --routes-file that are in force.",
		}, func() float64 { return float64(len(s.routes.Get())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_routes_outdated",
			Help: "1 while --routes-file cannot be used, so that its last good version is in force; else 0.",
		}, func() float64 { return outdated(s.routes.Failure()) }))
}

func outdated(failure error) float64 {
	if failure != nil {
		return 1
	}
	return 0
}

// HasRoutes reports whether there may be several namespaces.
func (s *Secrets) HasRoutes() bool { return s.routes != nil }

// NeedsToken reports whether webhooks need an endpoint token.
func (s *Secrets) NeedsToken() bool { return s.routes != nil || s.endpoints != nil }

// TakesClients reports whether client events are taken.
func (s *Secrets) TakesClients() bool {
	if s.routes != nil {
		return slices.ContainsFunc(s.routes.Get(), func(r route) bool { return r.client != nil })
	}
	return s.clients != nil
}

// Namespaces returns the namespaces of recordings, sorted.
func (s *Secrets) Namespaces() []string {
	if s.routes == nil {
		return []string{s.namespace}
	}
	namespaces := map[string]bool{}
	for _, r := range s.routes.Get() {
		namespaces[r.namespace] = true
	}
	return slices.Sorted(maps.Keys(namespaces))
}

// webhook returns the namespace that a webhook's path leads to; empty if none.
func (s *Secrets) webhook(path string) string {
	if !s.NeedsToken() {
		if path == WebhookPath {
			return s.namespace
		}
		return ""
	}
	token, _ := strings.CutPrefix(path, WebhookPath+"/")
	return lookUp(s.in(s.endpoints), token, func(r route) *secretHash { return r.endpoint })
}

// client returns the namespace that a client token leads to; empty if none.
func (s *Secrets) client(token string) string {
	return lookUp(s.in(s.clients), token, func(r route) *secretHash { return r.client })
}

// in returns the routes of the routes file, or those of another file without one.
func (s *Secrets) in(other *watchedfile.File[[]route]) []route {
	switch {
	case s.routes != nil:
		return s.routes.Get()
	case other != nil:
		return other.Get()
	}
	return nil
}

// lookUp compares hashes with all routes, each in constant time, and does not
// end with the one that matches: how long it takes reveals nothing.
func lookUp(routes []route, token string, secret func(route) *secretHash) string {
	var none secretHash
	sent := sha256.Sum256([]byte(token))
	found := -1
	for i, route := range routes {
		want, exists := secret(route), 1
		if want == nil {
			want, exists = &none, 0
		}
		found = subtle.ConstantTimeSelect(exists&subtle.ConstantTimeCompare(sent[:], want[:]), i, found)
	}
	if found < 0 {
		return ""
	}
	return routes[found].namespace
}
