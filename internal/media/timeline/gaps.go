// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// LongGap is the shortest gap that is filled by silent frames, in seconds. ffmpeg fills a shorter one at once, in memory.
	LongGap = 30
	// maxGaps bounds the gaps of a stream, and so the length of a filter graph. A day has more of LongGap: then the shorter
	// half is left to ffmpeg.
	maxGaps = 1000
)

// Gap is a time without packets, from the start of one packet to the start of the next.
type Gap struct{ From, To float64 }

func (g Gap) seconds() float64 { return g.To - g.From }

// AddGap appends a gap, if it is long.
func AddGap(gaps []Gap, g Gap) []Gap {
	if g.seconds() < LongGap {
		return gaps
	}
	if gaps = append(gaps, g); len(gaps) <= maxGaps {
		return gaps
	}
	lengths := make([]float64, 0, len(gaps))
	for _, g := range gaps {
		lengths = append(lengths, g.seconds())
	}
	slices.Sort(lengths)
	median := lengths[len(lengths)/2]
	kept := gaps[:0]
	for _, g := range gaps {
		if len(kept) < maxGaps/2 && g.seconds() >= median {
			kept = append(kept, g)
		}
	}
	return kept
}

const (
	// beforeSilence is how long after a gap begins silent frames do, in seconds: the packet before it is shorter.
	beforeSilence = 1
	// afterSilence is the least that ffmpeg fills before the sound goes on, in seconds. It puts the sound at its exact time.
	afterSilence = 0.5
)

// silence returns ffmpeg's expression that selects those of silent frames of a second that lie in the stream's long gaps,
// and when the last of these gaps ends. It returns nothing for a stream without long gaps.
func (a Axis) silence(s Stream) (selected string, end float64) {
	gaps := s.Gaps
	if delay := a.Delay(s); delay >= LongGap {
		gaps = append([]Gap{{a.Start - beforeSilence, s.Start}}, gaps...)
	}
	var terms []string
	for _, g := range gaps {
		terms = append(terms, fmt.Sprintf("between(t\\,%s\\,%s)", seconds(g.From+beforeSilence), seconds(g.To-afterSilence-1)))
		end = max(end, g.To)
	}
	return strings.Join(terms, "+"), min(end, a.End)
}
