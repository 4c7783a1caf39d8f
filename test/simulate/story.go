// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// story is what happened, in order, in plain words.
type story struct {
	begin time.Time

	mu    sync.Mutex
	lines []line
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

// hash is the same for two runs in which the same happened. What happens at the very same moment has no order.
func (s *story) hash() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.lines)
	slices.SortStableFunc(lines, func(a, b line) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return strings.Compare(a.text, b.text)
	})
	digest := sha256.New()
	for _, l := range lines {
		_, _ = fmt.Fprintf(digest, "%d %s\n", l.at, l.text)
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
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
