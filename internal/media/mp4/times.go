// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mp4

import (
	"encoding/binary"
	"math"
)

// Span is when a track is presented, in seconds of the movie's clock.
type Span struct {
	// Start and End are when the presentation begins and ends.
	Start, End float64
	// Zero is what Sample.Time counts from; earlier than Start when the first samples are not presented.
	Zero float64
}

// Span returns when the track is presented, as its edit list says. It returns false for an edit list that cuts the track
// into pieces.
func (x *Index) Span(t *Track) (Span, bool) {
	first := float64(int32((&table{data: t.ctts, entry: 8}).peekShift())) / float64(t.timescale) //nolint:gosec // it is signed
	last := first + t.Duration()
	elst := find(t.trak, "edts", "elst")
	if elst == nil {
		return Span{first, last, first}, true
	}
	edits, ok := readEdits(elst.payload)
	if !ok || x.timescale == 0 {
		return Span{}, false
	}
	var span Span
	delay, seen := 0.0, false
	for _, e := range edits {
		length := float64(e.length) / float64(x.timescale)
		switch {
		case e.mediaTime == -1 && !seen:
			delay += length
		case e.mediaTime == -1: // nothing is presented after the track
		case seen:
			return Span{}, false
		default:
			seen = true
			shift := delay - float64(e.mediaTime)/float64(t.timescale)
			span = Span{Start: max(first+shift, delay), End: last + shift, Zero: first + shift}
			if e.length > 0 {
				span.End = min(span.End, delay+length)
			}
		}
	}
	return span, seen && span.End >= span.Start
}

// edit is an entry of an edit list.
type edit struct {
	length, mediaTime int64
}

// maxEdits is how many entries of an edit list are read: a plain track has two.
const maxEdits = 8

func readEdits(payload []byte) ([]edit, bool) {
	if len(payload) < 8 {
		return nil, false
	}
	size := 12
	if payload[0] == 1 {
		size = 20
	}
	data, err := entries(payload, size)
	if err != nil || len(data)/size > maxEdits {
		return nil, false
	}
	var edits []edit
	for ; len(data) >= size; data = data[size:] {
		e := edit{int64(binary.BigEndian.Uint32(data)), int64(int32(binary.BigEndian.Uint32(data[4:])))} //nolint:gosec // it is signed
		if size == 20 {
			e = edit{int64(binary.BigEndian.Uint64(data) & math.MaxInt64), int64(binary.BigEndian.Uint64(data[8:]))} //nolint:gosec // it is signed
		}
		edits = append(edits, e)
	}
	return edits, true
}

// peekShift returns the first sample's composition offset.
func (t *table) peekShift() int64 {
	for i := range t.len() {
		if t.at(i, 0) > 0 {
			return t.at(i, 4)
		}
	}
	return 0
}

// LongestGap returns the longest time from one sample to the next, in seconds, and calls gap with each that is at least so
// long, until gap returns false: from the start of a sample to the start of the next, in seconds from when the first sample
// is decoded.
func (t *Track) LongestGap(least float64, gap func(from, to float64) bool) float64 {
	var longest, ticks, number int64
	entries := table{data: t.stts, entry: 8}
	last := int64(t.count) - 1 // how long the last one lasts is no gap
	for i := 0; i < entries.len() && number < last; i++ {
		samples, delta := min(entries.at(i, 0), last-number), entries.at(i, 4)
		if samples > 0 {
			longest = max(longest, delta)
		}
		if length := float64(delta) / float64(t.timescale); length >= least {
			for n := range samples {
				from := float64(ticks+n*delta) / float64(t.timescale)
				if !gap(from, from+length) {
					return float64(longest) / float64(t.timescale)
				}
			}
		}
		ticks += samples * delta
		number += samples
	}
	return float64(longest) / float64(t.timescale)
}
