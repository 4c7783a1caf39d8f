// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import "sync"

// bars has a breaker for each namespace that the API server lets us write
// nothing in. It is as large as there are those.
type bars struct {
	newBreaker func() *breaker

	mu     sync.Mutex
	closed map[string]*breaker
}

// allows tells whether an event of the namespace should be tried.
func (b *bars) allows(namespace string) bool {
	if one := b.of(namespace); one != nil {
		return one.allows()
	}
	return true
}

func (b *bars) of(namespace string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed[namespace]
}

// tell is told of every write in the namespace.
func (b *bars) tell(namespace string, state condition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch state {
	case taken:
		delete(b.closed, namespace)
	case barred:
		one := b.closed[namespace]
		if one == nil {
			one = b.newBreaker()
			b.closed[namespace] = one
		}
		one.failed()
	case contended, away: // tells nothing of the namespace
	}
}
