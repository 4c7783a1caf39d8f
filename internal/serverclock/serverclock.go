// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serverclock compares the local clock with the API server's. Code that deletes objects because of their age calls Check first:
// a clock that is ahead would make it delete objects too early.
package serverclock

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
)

const (
	// MaxSkew is how far the two clocks may differ.
	MaxSkew = time.Minute
	// resolution is the precision of the Date header.
	resolution = time.Second
	// checkTTL is how long a successful comparison is used.
	checkTTL = 10 * time.Second
	// requestTimeout limits the request that a comparison needs.
	requestTimeout = 10 * time.Second
)

// Checker compares the clocks. It is safe for concurrent use.
type Checker struct {
	client *http.Client
	url    string
	clock  clock.PassiveClock

	mu sync.Mutex
	// checked is when the clocks were found to agree, by the local clock, and monotonic is the same moment by a clock that nobody sets.
	checked, monotonic time.Time
}

// New returns a Checker of the given clock against the API server of the configuration. It needs no permission: every user may get
// /version.
func New(cluster *rest.Config, local clock.PassiveClock) (*Checker, error) {
	client, err := rest.HTTPClientFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("make a client to compare the clocks: %w", err)
	}
	host, _, err := rest.DefaultServerUrlFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("find the API server to compare the clocks: %w", err)
	}
	return &Checker{client: client, url: strings.TrimSuffix(host.String(), "/") + "/version", clock: local}, nil
}

// Check returns nil if a deletion that was decided at a time of the local clock may proceed. It returns an error if the clock differs
// from the API server's by more than MaxSkew, if it was set back since the decision, or if that cannot be determined.
func (c *Checker) Check(ctx context.Context, decided time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isFresh() {
		if err := c.compare(ctx); err != nil {
			return err
		}
	}
	if now := c.clock.Now(); decided.Round(0).Sub(now.Round(0)) > MaxSkew {
		return fmt.Errorf("local clock was set back from %s to %s since the deletion was due: it is checked again",
			decided.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// compare asks the API server for its time.
func (c *Checker) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	sent := c.clock.Now()
	server, err := c.serverTime(ctx)
	if err != nil {
		return fmt.Errorf("compare the clock with the API server's: %w", err)
	}
	received := c.clock.Now()
	// The header was written between the two, up to a second after the time that it has.
	ahead, behind := received.Sub(server), server.Add(resolution).Sub(sent)
	if ahead > MaxSkew || behind > MaxSkew {
		return fmt.Errorf("local clock is %s, the API server's %s, a difference of more than %s: synchronize the node's clock (NTP)",
			received.UTC().Format(time.RFC3339), server.UTC().Format(time.RFC3339), MaxSkew)
	}
	c.checked, c.monotonic = received, time.Now()
	return nil
}

// isFresh reports whether the last comparison still holds: it is recent, and nobody has set the local clock since.
func (c *Checker) isFresh() bool {
	if c.checked.IsZero() {
		return false
	}
	elapsed, monotonic := c.clock.Now().Round(0).Sub(c.checked.Round(0)), time.Since(c.monotonic)
	return monotonic < checkTTL && (elapsed-monotonic).Abs() < resolution
}

// serverTime returns the time that the API server sends with an answer.
func (c *Checker) serverTime(ctx context.Context) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, http.NoBody)
	if err != nil {
		return time.Time{}, err
	}
	request.Header.Set("Cache-Control", "no-cache") // the time of a cached answer is in the past
	response, err := c.client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	if response.StatusCode >= http.StatusInternalServerError {
		return time.Time{}, fmt.Errorf("GET /version: %s", response.Status) // perhaps not the API server's own answer
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("answer to GET /version has no valid Date header: %w", err)
	}
	return date, nil
}
