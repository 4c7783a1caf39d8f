// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

var (
	away  = eventsink.Answer{Outcome: eventsink.Unavailable, Err: errors.New("away")}
	taken = eventsink.Answer{Outcome: eventsink.Delivered}
)

// pass asks to be let through at a time at which the gate must be open.
func pass(t *testing.T, g *gate) {
	t.Helper()
	if wait, ok := g.enter(); !ok {
		t.Fatalf("closed for %s", wait)
	}
}

// The gate closes for ever longer, up to the maximum, lets one through at a time, and opens for all once that one is taken.
func TestGate(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1e9, 0))
	g := &gate{clock: clock, maxPause: 5 * time.Second}
	pass(t, g)
	pass(t, g) // those before the first failure go side by side
	if got := g.leave(away); !got.gone || got.pause != time.Second {
		t.Errorf("the first failure: %+v", got)
	}
	if got := g.leave(away); got != (change{}) {
		t.Errorf("one that was on its way counts: %+v", got)
	}
	for _, pause := range []time.Duration{2, 4, 5, 5} {
		if wait, ok := g.enter(); ok || wait <= 0 {
			t.Fatal("it is open")
		}
		clock.Step(5 * time.Second)
		pass(t, g)
		if _, ok := g.enter(); ok {
			t.Fatal("a second one is let through")
		}
		if wait, open := g.peek(); open || wait < time.Second {
			t.Fatalf("who only looks is told open %t, wait %s", open, wait)
		}
		if got := g.leave(away); got.gone || got.pause != pause*time.Second {
			t.Errorf("after another failure: %+v, want %d s", got, pause)
		}
	}
	if wait, open := g.peek(); open || wait < 5*time.Second {
		t.Errorf("open %t, wait %s", open, wait)
	}
	clock.Step(5 * time.Second)
	if _, open := g.peek(); !open {
		t.Error("who only looks is not told that it may be tried")
	}
	pass(t, g)
	g.release() // who was let through could not find out
	pass(t, g)
	if got := g.leave(taken); !got.back || got.away != 25*time.Second {
		t.Errorf("back: %+v", got)
	}
	pass(t, g)
	pass(t, g)
}

// What the sink asks for counts where it is longer, up to an hour.
func TestGateRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		0: time.Second, time.Minute: time.Minute, 24 * time.Hour: time.Hour,
	} {
		g := &gate{clock: clocktesting.NewFakeClock(time.Unix(1e9, 0)), maxPause: 5 * time.Second}
		pass(t, g)
		answer := away
		answer.RetryAfter = asked
		if got := g.leave(answer); got.pause != want {
			t.Errorf("asked for %s: %s", asked, got.pause)
		}
	}
}

// An event that is refused says that the sink is there.
func TestGateIsOpenToRefusals(t *testing.T) {
	g := &gate{clock: clocktesting.NewFakeClock(time.Unix(1e9, 0)), maxPause: 5 * time.Second}
	pass(t, g)
	g.leave(eventsink.Answer{Outcome: eventsink.Refused, Err: errors.New("no")})
	pass(t, g)
}

// What is known of a recording is kept while the caches may disagree on where it is, and is not that of another of its name.
func TestTellings(t *testing.T) {
	now := time.Unix(1e9, 0)
	key := types.NamespacedName{Namespace: "a", Name: "rec"}
	recording := &v1alpha1.MeetingRecording{}
	recording.Namespace, recording.Name, recording.UID = "a", "rec", "1"
	known := newTellings()
	if wait := known.missing(key, now, time.Minute); wait != 0 {
		t.Errorf("waits %s for what is not known", wait)
	}
	of := known.of(recording)
	of.told.Transition, of.unsaved = 3, now
	known.keep(key, of)
	if wait := known.missing(key, now, time.Minute); wait != time.Minute {
		t.Errorf("waits %s", wait)
	}
	if got := known.of(recording); got.told.Transition != 3 || !got.gone.IsZero() {
		t.Errorf("found again: %+v", got)
	}
	if got := len(known.unsaved()); got != 1 {
		t.Errorf("%d not written down", got)
	}
	other := recording.DeepCopy()
	other.UID = "2"
	if got := known.of(other); got.told.Transition != 0 {
		t.Errorf("another of its name: %+v", got)
	}
	if wait := known.missing(key, now.Add(2*time.Minute), time.Minute); wait != 0 || len(known.known) != 0 {
		t.Errorf("waits %s, keeps %v", wait, known.known)
	}
}
