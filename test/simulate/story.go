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
