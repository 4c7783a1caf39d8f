// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"errors"
	"fmt"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

var (
	unreachable = eventsink.Answer{Outcome: eventsink.Unreachable, Err: errors.New("connection refused")}
	failing     = eventsink.Answer{Outcome: eventsink.Retryable, Err: errors.New("500")}
	delivered   = eventsink.Answer{Outcome: eventsink.Delivered}
	rejected    = eventsink.Answer{Outcome: eventsink.Permanent, Err: errors.New("422")}
)

func newBreaker() (*breaker, *clocktesting.FakePassiveClock) {
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	return &breaker{clock: clock, maxBackoff: 5 * time.Second}, clock
}

// try sends an event that must be allowed.
func try(t *testing.T, b *breaker, event string, answer eventsink.Answer) change {
	t.Helper()
	if wait, ok := b.allow(); !ok {
		t.Fatalf("not allowed for %s", wait)
	}
	return b.report(event, answer)
}

// One event that always fails never opens the breaker; neither do several, while others are delivered.
func TestFailingEventsDoNotOpen(t *testing.T) {
	b, _ := newBreaker()
	for range 100 {
		try(t, b, "poison", failing)
	}
	try(t, b, "good", delivered)
	for i := range 100 {
		try(t, b, fmt.Sprint("poison-", i%4), failing)
		if i%4 == 3 {
			try(t, b, fmt.Sprint("good-", i), delivered)
		}
	}
	for i := range 100 {
		try(t, b, fmt.Sprint("rejected-", i), rejected)
	}
}

// Once enough different events have failed the breaker opens, for ever longer, lets one event through at a time, and closes after the
// first that is delivered.
func TestBreaker(t *testing.T) {
	b, clock := newBreaker()
	for i := range failuresToOpen - 1 {
		if got := try(t, b, fmt.Sprint(i), unreachable); got != unchanged {
			t.Fatalf("failure %d: %d", i, got)
		}
	}
	if got := try(t, b, "last", failing); got != opened {
		t.Fatalf("opens: %d", got)
	}
	if got := b.report("late", failing); got != unchanged {
		t.Errorf("one that was sent before: %d", got)
	}
	for _, backoff := range []time.Duration{1, 2, 4, 5, 5} {
		clock.SetTime(clock.Now().Add(backoff*time.Second - time.Nanosecond))
		if wait, ok := b.peek(); ok || wait <= 0 {
			t.Fatalf("half-open too early, wait %s", wait)
		}
		clock.SetTime(clock.Now().Add(time.Nanosecond))
		if _, ok := b.peek(); !ok {
			t.Fatal("not half-open")
		}
		if _, ok := b.allow(); !ok {
			t.Fatal("no event is let through")
		}
		if _, ok := b.allow(); ok {
			t.Fatal("a second event is let through")
		}
		if got := b.report("probe", unreachable); got != unchanged {
			t.Errorf("still failing: %d", got)
		}
	}
	clock.SetTime(clock.Now().Add(5 * time.Second))
	if _, ok := b.allow(); !ok {
		t.Fatal("no event is let through")
	}
	clock.SetTime(clock.Now().Add(probeTimeout)) // its end is unknown
	if got := try(t, b, "good", delivered); got != closed {
		t.Errorf("recovers: %d", got)
	}
	for range 3 { // closed
		if _, ok := b.allow(); !ok {
			t.Error("not closed")
		}
	}
}

// What the sink asks for counts if it is longer, up to an hour.
func TestRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{0: time.Second, time.Minute: time.Minute, 24 * time.Hour: time.Hour} {
		b, clock := newBreaker()
		answer := failing
		answer.RetryAfter = asked
		for i := range failuresToOpen {
			try(t, b, fmt.Sprint(i), answer)
		}
		clock.SetTime(clock.Now().Add(want - time.Nanosecond))
		if _, ok := b.peek(); ok {
			t.Errorf("asked for %s: half-open before %s", asked, want)
		}
		clock.SetTime(clock.Now().Add(time.Nanosecond))
		if _, ok := b.peek(); !ok {
			t.Errorf("asked for %s: not half-open after %s", asked, want)
		}
	}
}
