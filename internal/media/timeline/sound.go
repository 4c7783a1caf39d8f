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
}

// leastDelay is the shortest delay that is filled with silence, in seconds: less than one packet.
const leastDelay = 0.005

// Graph returns the part of a filter graph that reads the tracks of input 0 and ends in the label. Its output begins with
// the axis, ends with it, and has no gaps: where a track has no sound there is silence. The input must have
// InputArgs.
func (s Sound) Graph(label string) string {
	var b strings.Builder
	var mixed strings.Builder
	for n, index := range s.Tracks {
		stream, ok := s.Axis.Stream(index)
		if !ok {
			continue
		}
		name := fmt.Sprintf("%st%d", label, n)
		// The format is changed before gaps are filled, so that silence takes little memory.
		fmt.Fprintf(&b, "[0:%d]asetpts=PTS-(%s)/TB,%s,aresample=async=1:first_pts=0", index, seconds(stream.Start), s.format())
		if delay := s.Axis.Delay(stream); delay > leastDelay {
			fmt.Fprintf(&b, "[%ss];anullsrc=r=%d:cl=%s:d=%s,%s[%sd];[%sd][%ss]concat=n=2:v=0:a=1", name, s.Rate, s.Layout, seconds(delay), s.format(), name, name, name)
		}
		fmt.Fprintf(&b, ",apad=whole_dur=%s,atrim=end=%s[%s];", seconds(s.Axis.Duration()), seconds(s.Axis.Duration()), name)
		fmt.Fprintf(&mixed, "[%s]", name)
	}
	if len(s.Tracks) == 1 {
		fmt.Fprintf(&b, "%saformat=channel_layouts=%s[%s]", mixed.String(), s.Layout, label)
	} else {
		fmt.Fprintf(&b, "%samix=inputs=%d:normalize=0:dropout_transition=0,aformat=channel_layouts=%s[%s]", mixed.String(), len(s.Tracks), s.Layout, label)
	}
	return b.String()
}

// format is the filter that gives every track the same format.
func (s Sound) format() string {
	return fmt.Sprintf("aresample=%d,aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=%s", s.Rate, s.Rate, s.Layout)
}
