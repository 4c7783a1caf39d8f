// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"sync"
	"time"

	apiwait "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

const (
	// firstBackoff follows the first failure, of an event or of the sink. It doubles up to Options.MaxBackoff.
	firstBackoff = time.Second
	// maxRetryAfter limits what a sink can ask for with Retry-After.
	maxRetryAfter = time.Hour
	// failuresToOpen is how many different events must have failed since the last success before the breaker opens: fewer failures may be due
	// to the events.
	failuresToOpen = 5
	// probeTimeout limits the wait for the end of an attempt while the breaker is half-open.
	probeTimeout = time.Minute
)

// breaker is a circuit breaker. It is open while the sink accepts no event at all: then recordings are not even read. Once its backoff
// is over it is half-open, and lets one event through at a time until one is delivered.
type breaker struct {
	clock      clock.PassiveClock
	maxBackoff time.Duration

	mu sync.Mutex
	// failing are the events that failed since the last success, up to failuresToOpen.
	failing   map[string]bool
	openUntil time.Time
	// opened counts how often it opened since the last success; 0 is closed.
	opened int
	// probingUntil is until when no second event is sent while it is half-open; zero if none is in flight.
	probingUntil time.Time
}

// allow reports whether an event may be sent now; if not, when to ask again. Call report with the result of the attempt.
func (b *breaker) allow() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait, ok := b.state(); !ok {
		return wait, false
	}
	if b.opened > 0 {
		b.probingUntil = b.clock.Now().Add(probeTimeout)
	}
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
	if b.clock.Now().Before(b.probingUntil) {
		return jitter(firstBackoff), false
	}
	return 0, true
}

// change is what an attempt changed: the sink stopped accepting events, or accepts them again.
type change int

const (
	unchanged change = iota
	opened
	closed
)

// report updates the breaker with the result of an attempt.
func (b *breaker) report(event string, answer eventsink.Answer) change {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, wasOpen := b.clock.Now(), b.opened > 0
	b.probingUntil = time.Time{}
	if answer.Outcome == eventsink.Delivered || answer.Outcome == eventsink.Permanent { // the sink works
		b.failing, b.opened = nil, 0
		if wasOpen {
			return closed
		}
		return unchanged
	}
	if b.failing == nil {
		b.failing = make(map[string]bool)
	}
	if b.failing[event] = true; !wasOpen && len(b.failing) < failuresToOpen || now.Before(b.openUntil) {
		return unchanged // these events may be at fault, or it was sent before the breaker opened
	}
	b.openUntil = now.Add(max(backoff(b.opened, b.maxBackoff), min(answer.RetryAfter, maxRetryAfter)))
	b.opened++
	if wasOpen {
		return unchanged
	}
	return opened
}

func backoff(earlier int, longest time.Duration) time.Duration {
	return min(longest, firstBackoff<<min(earlier, 20))
}

// jitter lengthens a wait by up to a tenth and a second, so that recordings are not all tried at once.
func jitter(wait time.Duration) time.Duration {
	return wait + apiwait.Jitter(wait/10+firstBackoff, 1)/2
}
