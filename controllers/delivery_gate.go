// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

// firstPause is how long a sink is left alone after its first failure; it doubles up to the user's maximum.
const firstPause = time.Second

// maxAsked bounds what a sink can ask for by Retry-After.
const maxAsked = time.Hour

// gate keeps all recordings from a sink that takes no events. Now and then it lets one through, which finds out whether it does again.
type gate struct {
	clock    clock.PassiveClock
	maxPause time.Duration

	mu sync.Mutex
	// failures is how many attempts in a row have failed; 0 is an open gate.
	failures int
	// since is when the first of them did, and opensAt when one may be let through.
	since, opensAt time.Time
	// pause is for how long it last closed.
	pause time.Duration
	// trying says that one is through.
	trying bool
}

// enter says whether an event may be sent now; if not, when to ask again. Who may must leave.
func (g *gate) enter() (wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	switch {
	case g.failures == 0:
		return 0, true
	case now.Before(g.opensAt):
		return spread(g.opensAt.Sub(now)), false
	case g.trying:
		return g.untilTried(), false
	}
	g.trying = true
	return 0, true
}

// peek is enter for who is not about to send.
func (g *gate) peek() (wait time.Duration, open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.opensAt.Sub(g.clock.Now()); g.failures > 0 && wait > 0 {
		return spread(wait), false
	}
	if g.trying {
		return g.untilTried(), false
	}
	return 0, true
}

// untilTried is when to ask again while one is through: the more recordings wait, the longer the sink may have been away.
func (g *gate) untilTried() time.Duration { return spread(max(firstPause, g.pause/4)) }

// leave takes in an answer. It returns for how long the sink has failed where it just did for the first time or the first time no longer.
func (g *gate) leave(answer eventsink.Answer) change {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if answer.Outcome != eventsink.Unavailable {
		failed := g.failures > 0
		away := now.Sub(g.since)
		g.failures, g.trying = 0, false
		if failed {
			sinkFailingSince.Set(0)
			return change{back: true, away: away}
		}
		return change{}
	}
	if g.failures > 0 && !g.trying {
		return change{} // it was sent before the gate closed
	}
	g.trying = false
	g.failures++
	g.pause = max(min(g.maxPause, firstPause<<min(g.failures-1, 20)), min(answer.RetryAfter, maxAsked))
	g.opensAt = now.Add(g.pause)
	if g.failures > 1 {
		return change{pause: g.pause}
	}
	g.since = now
	sinkFailingSince.Set(float64(now.Unix()))
	return change{gone: true, pause: g.pause}
}

// change says what an answer changed: the sink has gone, or is back after so long; and for how long it is now left alone.
type change struct {
	gone, back  bool
	away, pause time.Duration
}

// release is leave for who could not find out.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trying = false
}

// spread lengthens a wait by up to a tenth and a second, so that recordings do not all come at once.
func spread(wait time.Duration) time.Duration {
	return wait + rand.N(wait/10+firstPause) //nolint:gosec // no secret
}
