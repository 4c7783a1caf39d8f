// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package timeline computes a recording's time axis: from the first to the last instant of any of its streams. Every
// output of a media step keeps this axis, so sound and picture are where they happened, and gaps are silence or the last
// frame. The package also writes the parts of ffmpeg's filter graphs that put a stream onto the axis. It is pure.
package timeline

import "math"

// Kind is what a stream holds.
type Kind int

// The kinds of streams that have a place on the axis.
const (
	Audio Kind = iota
	Video
)

// maxRunIn is the longest run-in of an audio codec, in seconds. Containers write it as time before zero.
const maxRunIn = 0.1

// Stream is one stream of a recording. Times are in seconds of the file's clock.
type Stream struct {
	// Index is the stream's number in the file, as ffmpeg counts.
	Index int
	Kind  Kind
	// Start is when the first frame or sample is presented, End is when the last one ends.
	Start, End float64
	// Gap is the longest time from one packet to the next.
	Gap float64
	// Gaps are the long ones, in order, at most maxGaps; only of sound.
	Gaps []Gap
}

// Axis is the time axis of a recording.
type Axis struct {
	// Start and End are the first and the last instant of any stream, in seconds of the file's clock.
	Start, End float64
	// Streams are those that have packets, in the file's order.
	Streams []Stream
	// Jumps are where the file's clock jumps. Times of streams are those after the jumps are taken out.
	Jumps []Jump
}

// Jump says that from packet number Packet (from 0) of a stream on, Offset seconds must be added to its times.
type Jump struct {
	Stream int
	Packet int64
	Offset float64
}

// New returns the axis of streams.
func New(streams []Stream) Axis {
	a := Axis{Streams: streams}
	for i := range a.Streams {
		s := &a.Streams[i]
		if s.Start < 0 && s.Start > -maxRunIn { // the decoder drops the run-in
			s.Start = 0
		}
		s.End = max(s.End, s.Start)
		if i == 0 {
			a.Start, a.End = s.Start, s.End
		}
		a.Start, a.End = min(a.Start, s.Start), max(a.End, s.End)
	}
	return a
}

// FromZero returns the axis on a clock that starts with it.
func (a Axis) FromZero() Axis {
	shifted := a
	shifted.Start, shifted.End = 0, a.Duration()
	shifted.Streams = nil
	for _, s := range a.Streams {
		s.Start, s.End = s.Start-a.Start, s.End-a.Start
		var gaps []Gap
		for _, g := range s.Gaps {
			gaps = append(gaps, Gap{g.From - a.Start, g.To - a.Start})
		}
		s.Gaps = gaps
		shifted.Streams = append(shifted.Streams, s)
	}
	return shifted
}

// InputArgs returns ffmpeg's arguments, to precede the input, that give its streams the times of the axis FromZero. ffmpeg
// replaces an offset that undoes the start of an MPEG-TS file, by the start of those of its streams that a command uses, so
// the offset is a microsecond off.
func (a Axis) InputArgs() []string {
	const off = 1e-6
	return []string{"-copyts", "-itsoffset", seconds(off - a.Start)}
}

// Duration returns the length of the axis in seconds.
func (a Axis) Duration() float64 { return a.End - a.Start }

// Stream returns the stream of this number in the file. It returns false for one that has no packets.
func (a Axis) Stream(index int) (Stream, bool) {
	for _, s := range a.Streams {
		if s.Index == index {
			return s, true
		}
	}
	return Stream{}, false
}

// Delay returns how long after the axis begins the stream does, in seconds.
func (a Axis) Delay(s Stream) float64 { return s.Start - a.Start }

// isTime reports whether a timestamp is known.
func isTime(t float64) bool { return !math.IsNaN(t) && !math.IsInf(t, 0) }
