// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"sync"
	"time"
)

const (
	// breakerFailures in a row mean that the API server is away.
	breakerFailures = 3
	// breakerPause is how often it is then tried with an event that just came.
	breakerPause = time.Second
	// breakerPatience is how long writes may be under way without any of them
	// coming back, before those that come are not tried: at a hundred webhooks a
	// second, all would soon wait for their time-outs.
	breakerPatience = 500 * time.Millisecond
)

// breaker remembers whether the API server takes events, so that not every one
// of them waits for it.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	tryAt    time.Time
	// pending counts the writes under way, and quietSince is when the first of
	// them began or the last one succeeded.
	pending    int
	quietSince time.Time
}

// begin is told of every write before it is tried; the caller tells of its end.
func (b *breaker) begin() (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending == 0 {
		b.quietSince = b.now()
	}
	b.pending++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.pending--
	}
}

// away tells whether the API server seems not to take events.
func (b *breaker) away(now time.Time) bool {
	return b.failures >= breakerFailures || (b.pending > 0 && now.Sub(b.quietSince) > breakerPatience)
}

// allows tells whether an event should be tried. While the API server is away
// that is so once in breakerPause.
func (b *breaker) allows() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.away(now) && now.Before(b.tryAt) {
		return false
	}
	b.tryAt = now.Add(breakerPause)
	return true
}

// succeeded is told of every write.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.quietSince = 0, b.now()
}

// failed is told of every one that the API server did not take.
func (b *breaker) failed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.tryAt = b.now().Add(breakerPause)
}
