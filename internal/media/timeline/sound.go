// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"strings"
)

// Sound is how the sound of a recording is put onto its axis.
type Sound struct {
	// Axis is the recording's, from zero.
	Axis Axis
	// Tracks are the numbers of the streams that are mixed.
	Tracks []int
	// Rate is in samples a second, Layout is ffmpeg's name of the channels' layout: mono or stereo.
	Rate   int
	Layout string
	// Format is ffmpeg's name of the samples' format; empty: floating point.
	Format string
}

// Graph returns the part of a filter graph that reads the tracks of input 0 and ends in the label. Its output begins with
// the axis, ends with it, and has no gaps: where a track has no sound there is silence. The input must have
// InputArgs and KeepGraph.
func (s Sound) Graph(label string) string {
	var graphs []string
	var mixed strings.Builder
	for n, index := range s.Tracks {
		stream, ok := s.Axis.Stream(index)
		if !ok {
			continue
		}
		name := label
		if len(s.Tracks) > 1 {
			name = fmt.Sprintf("%st%d", label, n)
			fmt.Fprintf(&mixed, "[%s]", name)
		}
		graphs = append(graphs, s.track(stream, name))
	}
	if len(s.Tracks) > 1 {
		graphs = append(graphs, fmt.Sprintf("%samix=inputs=%d:normalize=0:dropout_transition=0[%s]", mixed.String(), len(s.Tracks), label))
	}
	return strings.Join(graphs, ";")
}

// track returns the part of a filter graph for one track.
func (s Sound) track(stream Stream, label string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[0:%d]", stream.Index)
	if selected, end := s.Axis.silence(stream); selected != "" {
		// ainterleave writes microseconds, but takes the clock of its first input.
		fmt.Fprintf(&b, "%s,asettb=AVTB[%ss];anullsrc=r=%d:cl=%s:n=%d:d=%s,aselect=%s,%s[%sd];[%ss][%sd]ainterleave,",
			s.format(), label, s.Rate, s.Layout, s.Rate, seconds(end), selected, s.format(), label, label, label)
	}
	end := seconds(s.Axis.Duration())
	fmt.Fprintf(&b, "aresample=%d:async=1:first_pts=0,%s,apad=whole_dur=%s,atrim=end=%s[%s]", s.Rate, s.format(), end, end, label)
	return b.String()
}

// format is the filter that gives every track the same format.
func (s Sound) format() string {
	samples := s.Format
	if samples == "" {
		samples = "fltp"
	}
	return fmt.Sprintf("aformat=sample_fmts=%s:sample_rates=%d:channel_layouts=%s", samples, s.Rate, s.Layout)
}
