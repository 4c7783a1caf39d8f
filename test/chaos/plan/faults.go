// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// Kinds of faults.
const (
	Kill        Kind = "SIGKILL"          // and started again after For
	Stop        Kind = "SIGSTOP, SIGCONT" // For later
	Terminate   Kind = "SIGTERM"          // as in a rollout, and started again; For is about as long as it takes
	StopLeader  Kind = "leader fail-over" // the leading manager stopped for longer than its Lease, and continued
	Away        Kind = "API server away"  // SIGKILL, and started only after For
	DiskFull    Kind = "disk full"        // of a spool, with the API server out of the sidecar's reach for a while
	RotateKey   Kind = "key rotation"     // the provider signs with another key
	ClockAhead  Kind = "clock ahead"      // of a sidecar, by minutes, see Fault.Skew
	ClockBehind Kind = "clock behind"
	ToxicIn     Kind = "webhook connections" // of a sidecar, see Fault.Toxic
	ToxicBehind Kind = "API connections"     // of one program, see Fault.Toxic
)

// Programs, which faults name as their targets.
const (
	SidecarA  = "sidecar-a"
	SidecarB  = "sidecar-b"
	ManagerA  = "manager-a"
	ManagerB  = "manager-b"
	APIServer = "kube-apiserver"
	Etcd      = "etcd"
)

// Toxics, by the names of toxiproxy but for Drop, which swallows what is sent, and Down, which refuses connections.
var toxics = []string{"latency", Drop, "reset_peer", "timeout", "slow_close", Down}

// Toxics that are not of toxiproxy.
const (
	Drop = "drop"
	Down = "down"
)

// Fault is one thing that goes wrong for some time.
type Fault struct {
	At, For time.Duration
	Kind    Kind
	// Target is the program that it happens to; empty where the kind says it all.
	Target string
	// Toxic is what happens to connections.
	Toxic string
	// Share is the share of connections to which it happens, in percent.
	Share int
	// Skew is how wrong the clock is.
	Skew time.Duration
}

// Name tells kind and target, for tables.
func (f Fault) Name() string {
	name := string(f.Kind)
	if f.Toxic != "" {
		name += " " + f.Toxic
	}
	if f.Target != "" && f.Toxic == "" && f.Skew == 0 {
		name += " " + f.Target
	}
	return name
}

// card is a kind of fault in the deck that faults are dealt from.
type card struct {
	kind      Kind
	targets   []string // one of which is drawn; nil where the kind says it all
	toxic     string
	low, high time.Duration
}

// leaseDuration is how long a manager leads after it was heard of last: the default of client-go.
const leaseDuration = 15 * time.Second

// away is how long the API server is unavailable, where the run is long enough.
const away = 30 * time.Second

// deck returns one card for each fault that every run of some length should have.
func deck() []card {
	programs := []card{
		{Kill, []string{SidecarA}, "", 500 * time.Millisecond, 3 * time.Second},
		{Kill, []string{SidecarB}, "", 500 * time.Millisecond, 3 * time.Second},
		{Kill, []string{ManagerA}, "", 500 * time.Millisecond, 3 * time.Second},
		{Kill, []string{ManagerB}, "", 500 * time.Millisecond, 3 * time.Second},
		{Kill, []string{APIServer}, "", 100 * time.Millisecond, 2 * time.Second},
		{Kill, []string{Etcd}, "", 100 * time.Millisecond, 2 * time.Second},
		{Stop, []string{SidecarA}, "", time.Second, 9 * time.Second},
		{Stop, []string{SidecarB}, "", time.Second, 9 * time.Second},
		{Stop, []string{ManagerA, ManagerB}, "", time.Second, 9 * time.Second},
		{Stop, []string{APIServer}, "", 2 * time.Second, 9 * time.Second},
		{Stop, []string{Etcd}, "", 2 * time.Second, 6 * time.Second},
		{Terminate, []string{SidecarA, SidecarB}, "", 8 * time.Second, 10 * time.Second},
		{StopLeader, nil, "", leaseDuration + 3*time.Second, leaseDuration + 8*time.Second},
		{Away, []string{APIServer}, "", away, away},
		{DiskFull, []string{SidecarA, SidecarB}, "", 15 * time.Second, 20 * time.Second},
		{RotateKey, nil, "", 0, 0},
		{ClockAhead, []string{SidecarA, SidecarB}, "", 4 * time.Second, 8 * time.Second},
		{ClockBehind, []string{SidecarA, SidecarB}, "", 4 * time.Second, 8 * time.Second},
	}
	cards := make([]card, 0, len(programs)+2*len(toxics))
	cards = append(cards, programs...)
	for _, toxic := range toxics {
		cards = append(cards,
			card{ToxicIn, []string{SidecarA, SidecarB}, toxic, 3 * time.Second, 8 * time.Second},
			card{ToxicBehind, []string{SidecarA, SidecarB, ManagerA, ManagerB}, toxic, 3 * time.Second, 8 * time.Second},
		)
	}
	return cards
}

// Faults draws size.Faults faults over the run, by time. Two never happen to the same program at once, and all have ended by
// size.Duration; so there are fewer where the run is too short for so many.
func Faults(size Size) []Fault {
	r := size.random(streamFaults)
	s := schedule{duration: size.Duration}
	var cards []card
	for number := range size.Faults {
		if len(cards) == 0 {
			cards = shuffled(r, deck())
		}
		from := size.Duration * time.Duration(number) / time.Duration(size.Faults)
		s.add(cards[0].draw(r, size.Duration), from)
		cards = cards[1:]
	}
	slices.SortStableFunc(s.faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return s.faults
}

func shuffled(r *rand.Rand, cards []card) []card {
	r.Shuffle(len(cards), func(i, j int) { cards[i], cards[j] = cards[j], cards[i] })
	return cards
}

// draw makes the card a fault that takes at most half of the run.
func (c card) draw(r *rand.Rand, run time.Duration) Fault {
	f := Fault{Kind: c.kind, For: min(between(r, c.low, c.high), run/2), Toxic: c.toxic}
	if len(c.targets) > 0 {
		f.Target = c.targets[r.IntN(len(c.targets))]
	}
	if c.kind == ClockAhead || c.kind == ClockBehind {
		if f.Skew = between(r, 2*time.Minute, 15*time.Minute); c.kind == ClockBehind {
			f.Skew = -f.Skew
		}
	}
	if c.toxic != "" {
		f.Share = []int{40, 70, 100}[r.IntN(3)]
	}
	return f
}

// schedule is the faults so far.
type schedule struct {
	duration time.Duration
	faults   []Fault
}

// pause is how long a program is left alone after a fault.
const pause = time.Second

// add puts a fault where nothing else happens to its targets, at from or as soon as possible after it, or else before; or leaves it out
// where there is no such time.
func (s *schedule) add(f Fault, from time.Duration) {
	const step = 250 * time.Millisecond
	for at := from; at+f.For <= s.duration; at += step {
		if s.free(f, at) {
			f.At = at
			s.faults = append(s.faults, f)
			return
		}
	}
	for at := min(from, s.duration-f.For) / step * step; at >= 0; at -= step {
		if s.free(f, at) {
			f.At = at
			s.faults = append(s.faults, f)
			return
		}
	}
}

func (s *schedule) free(f Fault, at time.Duration) bool {
	for _, other := range s.faults {
		overlap := at < other.At+other.For+pause && other.At < at+f.For+pause
		if overlap && slices.ContainsFunc(f.needs(), func(need string) bool { return slices.Contains(other.needs(), need) }) {
			return false
		}
	}
	return true
}

// needs names what a fault has for itself while it lasts.
func (f Fault) needs() []string {
	switch f.Kind {
	case StopLeader:
		return []string{ManagerA, ManagerB}
	case RotateKey:
		return []string{"key"}
	case ClockAhead, ClockBehind:
		return []string{"clock of " + f.Target}
	case DiskFull:
		return []string{f.Target, "API connections of " + f.Target}
	case ToxicIn:
		return []string{"webhook connections of " + f.Target}
	case ToxicBehind:
		return []string{"API connections of " + f.Target}
	}
	return []string{f.Target}
}
