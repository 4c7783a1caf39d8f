// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"sync"
)

// slots bounds the streams that are open at once.
type slots struct {
	max, maxPerUser int

	mu      sync.Mutex
	open    int
	perUser map[string]int
}

// take returns what frees the slot again, or why there is none.
func (s *slots) take(user string) (free func(), refused *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open >= s.max:
		return nil, &refusal{http.StatusServiceUnavailable, "too many streams are open: try again, or raise --max-streams"}
	case s.perUser[user] >= s.maxPerUser:
		return nil, &refusal{http.StatusTooManyRequests, "you have too many streams open: close some, or raise --max-streams-per-user"}
	}
	s.open++
	s.perUser[user]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.perUser[user]--; s.perUser[user] == 0 {
			delete(s.perUser, user)
		}
	}, nil
}
