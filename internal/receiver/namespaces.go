// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// errNoNamespace is of an event of a spool that was written before events had
// a namespace, where there is no longer only one.
var errNoNamespace = errors.New("the event has no namespace, and there are several: start the sidecar with --namespace, or set $POD_NAMESPACE, to say which")

// InNamespaces returns the WriteFunc that writes a session's events by the
// Writer of its namespace; of sessions without one, by that of home. Without a
// home those are rejected.
func InNamespaces(home string, writer func(namespace string) *Writer) WriteFunc {
	return func(ctx context.Context, session Session, events []lifecycle.Event) []Written {
		if session.Namespace == "" {
			session.Namespace = home
		}
		if session.Namespace == "" {
			written := make([]Written, len(events))
			for i := range written {
				written[i].Err = &RejectedError{Err: errNoNamespace}
			}
			return written
		}
		return writer(session.Namespace).Write(ctx, session, events)
	}
}

// isBarred tells whether the API server is there and lets us write nothing in a
// namespace: it does not exist, is being deleted, is full, or we have no rights
// in it. Others may be as they should.
func isBarred(err error) bool {
	return (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)) && !isUnexpected(err)
}

// Shares bounds how many requests of one namespace are in flight, so that the
// others find places when one's are slow, or a flood. A nil Shares has no bound.
type Shares struct {
	limit int

	mu    sync.Mutex
	taken map[string]int
}

// NewShares returns Shares of limit requests for each namespace.
func NewShares(limit int) *Shares { return &Shares{limit: limit, taken: map[string]int{}} }

// enter takes a place if there is one; leave gives it back.
func (s *Shares) enter(namespace string) bool {
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

func (s *Shares) leave(namespace string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[namespace]--; s.taken[namespace] == 0 {
		delete(s.taken, namespace)
	}
}

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
