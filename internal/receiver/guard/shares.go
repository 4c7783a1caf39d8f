// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import "sync"

// Shares bounds how many requests of one namespace are in flight, so that the
// others find slots when one's are slow, or many. A nil Shares has no bound.
type Shares struct {
	limit int

	mu    sync.Mutex
	taken map[string]int
}

// NewShares returns Shares of limit requests for each namespace.
func NewShares(limit int) *Shares { return &Shares{limit: limit, taken: map[string]int{}} }

// Enter takes a slot and reports whether there was one. Leave gives it back.
func (s *Shares) Enter(namespace string) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[namespace] >= s.limit {
		return false
	}
	s.taken[namespace]++
	return true
}

// Leave gives back a slot that Enter took.
func (s *Shares) Leave(namespace string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[namespace]--; s.taken[namespace] == 0 {
		delete(s.taken, namespace)
	}
}
