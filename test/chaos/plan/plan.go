// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan draws what a chaos run does: which webhooks a provider sends and when, and what goes wrong meanwhile. It is pure: the same
// Size gives the same plan.
package plan

import (
	"math/rand/v2"
	"time"
)

// Size is what a run is drawn from.
type Size struct {
	// Seed makes the run another one.
	Seed uint64
	// Recordings is how many recordings are made, at least 1.
	Recordings int
	// Faults is how many faults there are, at least 0.
	Faults int
	// LostPercent is how many of 100 webhooks are lost permanently: never sent.
	LostPercent int
	// Duration is the time over which webhooks are sent and faults happen.
	Duration time.Duration
}

// Streams of random numbers. Each part of the plan has its own, so that a change of one does not change the others.
const (
	streamSessions = iota + 1
	streamFaults
)

func (s Size) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, stream)) }

// between draws a duration of at least low and less than high.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// chance is true in so many of a hundred cases.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }
