// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// story is what happened, in order, in plain words.
type story struct {
	begin time.Time

	mu    sync.Mutex
	lines []line
	calls []line
}

type line struct {
	at   time.Duration
	text string
}

func (s *story) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line{time.Since(s.begin), text})
}

// called notes a call of the API server, which is part of the trace only.
func (s *story) called(who string, call memoryapi.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, line{time.Since(s.begin), who + ": " + call.Verb + " " + call.Resource + " " + call.Name + " " + call.Subresource + " " + call.Selector})
}

// trace is all that happened, with every call of the API server, to the nanosecond. What happens at the very same moment has no order.
func (s *story) trace() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Concat(s.lines, s.calls)
	slices.SortFunc(all, func(a, b line) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.text, b.text)) })
	lines := make([]string, len(all))
	for i, l := range all {
		lines[i] = fmt.Sprintf("%12dns  %s", l.at.Nanoseconds(), l.text)
	}
	return lines
}

// String is the whole story.
func (s *story) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for _, l := range s.lines {
		fmt.Fprintf(&out, "%12s  %s\n", clockOf(l.at), l.text)
	}
	return out.String()
}

// Shrink returns a plan that still fails, with as few faults, sessions and processes as it finds. It tries at most so many plans.
func Shrink(failing Plan, tries int, fails func(Plan) bool) Plan {
	smallest := failing
	try := func(candidate Plan) bool {
		if tries <= 0 {
			return false
		}
		tries--
		if !fails(candidate) {
			return false
		}
		smallest = candidate
		return true
	}
	for size := len(smallest.Sessions) / 2; size > 0; {
		found := false
		for from := 0; from < len(smallest.Sessions) && len(smallest.Sessions) > 1; from += size {
			if found = try(smallest.withoutSessions(from, min(from+size, len(smallest.Sessions)))); found {
				break
			}
		}
		if !found || size > len(smallest.Sessions)/2 {
			size /= 2
		}
		if tries <= 0 {
			break
		}
	}
	for i := 0; i < len(smallest.Faults); {
		candidate := smallest
		candidate.Faults = slices.Delete(slices.Clone(smallest.Faults), i, i+1)
		if !try(candidate) {
			i++
		}
	}
	for _, simpler := range []func(*Plan){
		func(p *Plan) { p.Night = false }, func(p *Plan) { p.Backfill = false }, func(p *Plan) { p.Sink = false },
		func(p *Plan) { p.SpoolFirst = false }, func(p *Plan) { p.IDs = NoIDs },
	} {
		candidate := smallest
		simpler(&candidate)
		try(candidate)
	}
	return smallest
}

// withoutSessions returns the plan without some of its sessions, and their webhooks.
func (p Plan) withoutSessions(from, to int) Plan {
	p.Sessions = slices.Delete(slices.Clone(p.Sessions), from, to)
	var deliveries []plan.Delivery
	for _, d := range p.Deliveries {
		switch {
		case d.Session >= from && d.Session < to:
			continue
		case d.Session >= to:
			d.Session -= to - from
		}
		deliveries = append(deliveries, d)
	}
	p.Deliveries = deliveries
	return p
}
