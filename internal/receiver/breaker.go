// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"sync"
	"time"
)

const (
	// breakerFailures in a row mean that the API server is away.
	breakerFailures = 3
	// breakerPause is how often it is then tried with an event that just came.
	breakerPause = time.Second
)

// breaker remembers whether the API server takes events, so that not every one
// of them waits for it.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	tryAt    time.Time
}

// allows tells whether an event should be tried. While the API server is away
// that is so once in breakerPause.
func (b *breaker) allows() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.failures >= breakerFailures && now.Before(b.tryAt) {
		return false
	}
	b.tryAt = now.Add(breakerPause)
	return true
}

// succeeded is told of every write.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
}

// failed is told of every one that the API server did not take.
func (b *breaker) failed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.tryAt = b.now().Add(breakerPause)
}
