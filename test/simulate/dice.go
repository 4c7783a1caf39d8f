// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"hash/fnv"
	jitter "math/rand"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// dice are the seed's random numbers. Each draw has a name, and the same name gets the same sequence in every run, in whatever order
// goroutines draw. So a seed replays although the Go scheduler is free.
type dice struct {
	seed uint64

	mu    sync.Mutex
	drawn map[string]uint64
}

func newDice(seed uint64) *dice { return &dice{seed: seed, drawn: map[string]uint64{}} }

// seedJitter begins the random numbers again from which libraries draw their jitter. They have no name, so what happens at the very same
// moment may swap two of them; beginning them again now and then ends the difference.
func seedJitter(r *rand.Rand) {
	jitter.Seed(r.Int64()) //nolint:staticcheck // there is no other way to the libraries' source
}

// of returns random numbers for one thing, such as one call; the next time they are others.
func (d *dice) of(name string) *rand.Rand {
	d.mu.Lock()
	d.drawn[name]++
	count := d.drawn[name]
	d.mu.Unlock()
	return d.at(name, count)
}

// at returns the random numbers of the nth draw of a name.
func (d *dice) at(name string, n uint64) *rand.Rand {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(name))
	return rand.New(rand.NewPCG(d.seed, digest.Sum64()^n*0x9E3779B97F4A7C15))
}

// digest is a name for what a call sends: two controllers may write one object at the very same moment.
func digest(body []byte) string {
	hash := fnv.New64a()
	_, _ = hash.Write(body)
	return strconv.FormatUint(hash.Sum64(), 36)
}

// between draws a duration of at least low and less than high, to the nanosecond: so no two things happen at the same moment.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// chance is true in so many of a hundred cases.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// pick returns one of several.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// draw is a name for dice.
func draw(parts ...any) string { return fmt.Sprint(parts...) }
