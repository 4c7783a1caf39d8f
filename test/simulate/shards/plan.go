// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shards simulates receivers that write to several API servers, by a clock that jumps from one event to the next: shards are lost
// and come back, and receivers are killed meanwhile. The outbox, recorder and spool are the real ones, wired as cmd/sidecar does.
package shards

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults.
const (
	Refuses     Kind = "refuses connections"
	Hangs       Kind = "does not answer"
	LosesAnswer Kind = "loses answers"
	Slow        Kind = "takes seconds"
	Killed      Kind = "is killed"
	Ended       Kind = "is ended and started again"
	Crowded     Kind = "has too many senders"
)

// Fault is one thing that goes wrong. Who is a shard, or a receiver; one that restarts does so at From.
type Fault struct {
	Kind     Kind
	Who      string
	From, To time.Duration
}

// Event is an event that the provider sends.
type Event struct {
	At      time.Duration
	Session string
	Type    v1alpha1.EventType
}

// Plan is what a seed decides.
type Plan struct {
	Seed      uint64
	Shards    []string
	Receivers []string
	Sessions  []string
	Events    []Event
	Faults    []Fault
}

const (
	// duration is how long the provider begins recordings.
	duration = 2 * time.Minute
	// longest is the longest time that a shard is lost.
	longest = time.Minute
)

// NewPlan draws what a seed decides. One shard never has a fault.
func NewPlan(seed uint64) Plan {
	r := random(seed, "plan")
	p := Plan{Seed: seed}
	for i := range 2 + r.IntN(4) {
		p.Shards = append(p.Shards, fmt.Sprintf("%s-%d", []string{"eu", "us", "ap"}[r.IntN(3)], i))
	}
	for i := range 1 + r.IntN(2) {
		p.Receivers = append(p.Receivers, fmt.Sprintf("receiver-%d", i+1))
	}
	for range 10 + r.IntN(50) {
		session := fmt.Sprintf("%024x", r.Uint64())
		p.Sessions = append(p.Sessions, session)
		at := between(r, 0, duration)
		for _, event := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped} {
			p.Events = append(p.Events, Event{at, session, event})
			at += between(r, 500*time.Millisecond, 20*time.Second)
		}
	}
	for range r.IntN(4) {
		f := Fault{Kind: []Kind{Refuses, Refuses, Hangs, LosesAnswer, Slow}[r.IntN(5)], Who: p.Shards[1+r.IntN(len(p.Shards)-1)], From: between(r, 0, duration)}
		f.To = f.From + between(r, time.Second, longest)
		p.Faults = append(p.Faults, f)
	}
	for range r.IntN(3) {
		f := Fault{Kind: []Kind{Killed, Killed, Ended}[r.IntN(3)], Who: p.Receivers[r.IntN(len(p.Receivers))], From: between(r, 0, duration)}
		if len(p.Faults) > 0 && r.IntN(2) == 0 { // while a shard is lost
			f.From = between(r, p.Faults[0].From, p.Faults[0].To)
		}
		f.To = f.From
		p.Faults = append(p.Faults, f)
	}
	if r.IntN(2) == 0 {
		from := between(r, 0, duration)
		p.Faults = append(p.Faults, Fault{Kind: Crowded, Who: p.Receivers[r.IntN(len(p.Receivers))], From: from, To: from + between(r, time.Second, longest)})
	}
	return p
}

// String is the plan in plain words.
func (p Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d: %d sessions on %s by %s", p.Seed, len(p.Sessions), strings.Join(p.Shards, ", "), strings.Join(p.Receivers, ", "))
	for _, f := range p.Faults {
		fmt.Fprintf(&text, "\n  %s %s from %s to %s", f.Who, f.Kind, f.From, f.To)
	}
	return text.String()
}

// is reports whether one of the kinds happens to somebody within a time.
func (p Plan) is(who string, from, to time.Duration, kinds ...Kind) bool {
	return slices.ContainsFunc(p.Faults, func(f Fault) bool {
		return f.Who == who && f.From <= to && f.To >= from && (len(kinds) == 0 || slices.Contains(kinds, f.Kind))
	})
}

// random returns the seed's random numbers for one thing, the same in every run.
func random(seed uint64, name string) *rand.Rand {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, digest.Sum64()))
}

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(max(high-low, 1))))
}
