// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"math"
	"strings"
)

// Picture is how the picture of a recording is put onto its axis.
type Picture struct {
	// Axis is the recording's, from zero.
	Axis Axis
	// Stream is the number of the video stream.
	Stream int
	// Rate is the constant rate of the output, in frames a second.
	Rate float64
	// Filter is what each frame passes first. It must give all frames one size and the same pixel format.
	Filter string
}

// Frames returns how many frames the output has.
func (p Picture) Frames() int64 { return max(int64(math.Round(p.Axis.Duration()*p.Rate)), 1) }

// Graph returns the part of a filter graph that reads the stream of input 0 and ends in the label. Its output has a
// constant rate, begins and ends with the axis: before the first frame it is black, and each frame stays until the next.
// The input must have InputArgs and KeepGraph: the size of frames may change.
func (p Picture) Graph(label string) string {
	stream, _ := p.Axis.Stream(p.Stream)
	var b strings.Builder
	fmt.Fprintf(&b, "[0:%d]%s,setpts=PTS-(%s)/TB,fps=%s:start_time=0", p.Stream, p.Filter, seconds(stream.Start), seconds(p.Rate))
	before := int64(math.Round(p.Axis.Delay(stream) * p.Rate))
	fmt.Fprintf(&b, ",tpad=start=%d:start_mode=add:color=black:stop=-1:stop_mode=clone,trim=end_frame=%d[%s]", before, p.Frames(), label)
	return b.String()
}

// KeepGraph are ffmpeg's arguments, to precede the input, that keep the filter graph when a stream changes its format. A
// graph that is made again begins with the axis again. Frames may change their size; sound that changes its rate or layout
// makes ffmpeg fail.
func KeepGraph() []string { return []string{"-reinit_filter", "0"} }

const (
	// minRate and maxRate bound the constant rate of pictures, in frames a second.
	minRate = 15
	maxRate = 60
	// usualRate is for recordings whose container does not say.
	usualRate = 30
)

// Rate returns the constant rate that shows every frame about when it happened, given the nominal rate, which the times of
// frames are multiples of, and the mean one; 0: not known. A slow rate is multiplied, so that frames are not late.
func Rate(nominal, mean float64) float64 {
	rate := nominal
	if rate < 1 || rate > maxRate {
		rate = min(math.Ceil(mean), maxRate)
	}
	if rate < 1 {
		rate = usualRate
	}
	return rate * math.Ceil(minRate/rate)
}
