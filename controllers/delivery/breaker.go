// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

const (
	// firstBackoff follows the first failure, of an event or of the sink. It doubles up to Options.MaxBackoff.
	firstBackoff = time.Second
	// maxRetryAfter limits what a sink can ask for with Retry-After.
	maxRetryAfter = time.Hour
	// failuresToOpen is how many different events must have failed since the last success before the breaker opens: fewer may be the
	// fault of these events.
	failuresToOpen = 5
)

// breaker is a circuit breaker. It is open while the sink accepts no event at all: then recordings are not even read. Once its backoff
// is over it is half-open, and lets one event through at a time until one is delivered.
type breaker struct {
	clock      clock.PassiveClock
	maxBackoff time.Duration

	mu sync.Mutex
	// failing are the events that failed since the last success, up to failuresToOpen.
	failing map[string]bool
	// since is when the first of them failed; openUntil is when the breaker becomes half-open.
	since, openUntil time.Time
	// opened counts how often it opened since the last success; 0 is closed.
	opened int
	// probing reports whether an event is on its way while it is half-open.
	probing bool
}

// allow reports whether an event may be sent now; if not, when to ask again. What was allowed must be reported.
func (b *breaker) allow() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait, ok := b.state(); !ok {
		return wait, false
	}
	b.probing = b.opened > 0
	return 0, true
}

// peek reports whether an event could be sent now; if not, when to ask again.
func (b *breaker) peek() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state()
}

func (b *breaker) state() (wait time.Duration, ok bool) {
	if b.opened == 0 {
		return 0, true
	}
	if wait := b.openUntil.Sub(b.clock.Now()); wait > 0 {
		return jitter(wait), false
	}
	if b.probing {
		return jitter(firstBackoff), false
	}
	return 0, true
}

// change is what a report changed: the sink stopped accepting events, or accepts them again after a time.
type change struct {
	failed, recovered bool
	after             time.Duration
}

// report takes in how an attempt to deliver an event ended.
func (b *breaker) report(event string, answer eventsink.Answer) change {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, wasOpen := b.clock.Now(), b.opened > 0
	b.probing = false
	if answer.Outcome == eventsink.Delivered || answer.Outcome == eventsink.Permanent { // the sink works
		recovered := change{recovered: wasOpen, after: now.Sub(b.since)}
		b.failing, b.opened = nil, 0
		if !wasOpen {
			return change{}
		}
		return recovered
	}
	if len(b.failing) == 0 {
		b.failing, b.since = make(map[string]bool), now
	}
	if !wasOpen {
		if b.failing[event] = true; len(b.failing) < failuresToOpen {
			return change{}
		}
	}
	if now.Before(b.openUntil) {
		return change{} // it was sent before the breaker opened
	}
	b.openUntil = now.Add(max(backoff(b.opened, b.maxBackoff), min(answer.RetryAfter, maxRetryAfter)))
	b.opened++
	return change{failed: !wasOpen}
}

// cancel is report for an attempt whose end is unknown.
func (b *breaker) cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// backoff returns the wait after so many earlier failures.
func backoff(earlier int, longest time.Duration) time.Duration {
	return min(longest, firstBackoff<<min(earlier, 20))
}

// jitter lengthens a wait by up to a tenth and a second, so that recordings are not all tried at once.
func jitter(wait time.Duration) time.Duration {
	return wait + rand.N(wait/10+firstBackoff) //nolint:gosec // not a secret
}
