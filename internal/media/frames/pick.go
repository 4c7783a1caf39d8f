// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package frames decides which pictures of a recording are shown, and lays them out: a poster, a contact sheet, and a
// sprite with a WebVTT track for players. It is pure: it neither runs programs nor opens files.
package frames

import (
	"math"

	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
)

const (
	// MaxThumbnails is how many pictures a sprite has at most: 10 rows of 10.
	MaxThumbnails = 100
	// minInterval is the least time between two of them, in seconds.
	minInterval = 1
)

// Interval returns the time between two thumbnails of a recording of so many seconds: the wanted one (0: none is wanted)
// or else a full second, and more where it takes that to need no more than MaxThumbnails.
func Interval(duration, wanted float64) float64 {
	least := math.Ceil(duration / MaxThumbnails)
	return max(least, wanted, minInterval)
}

// Count returns how many thumbnails there are at an interval: at least one.
func Count(duration, interval float64) int {
	return min(max(int(math.Ceil(duration/interval-1e-9)), 1), MaxThumbnails)
}

// Pick is what is shown of a recording: for each thumbnail the index of its frame.
type Pick struct {
	Samples []mp4.Sample // in the track's order, each once
	Of      []int        // of thumbnail i, the index in Samples
}

// PickSamples picks for each thumbnail the sample nearest to the middle of its interval of those that can be decoded
// alone, the earlier of two that are as near. zero is when the track's first sample is shown, from the recording's
// beginning; the picked samples' times count from there too. It returns false when the track has too few of these to show
// what is in between: when two lie further apart than both twice the interval and 15 s.
func PickSamples(track *mp4.Track, zero, duration, interval float64) (Pick, bool) {
	var syncs []mp4.Sample
	err := track.Each(func(s mp4.Sample) bool {
		if s.Sync && s.Size > 0 {
			s.Time += zero
			syncs = append(syncs, s)
		}
		return true
	})
	if err != nil || len(syncs) == 0 {
		return Pick{}, false
	}
	furthest := max(2*interval, 15)
	for i := range syncs {
		next := zero + track.Duration()
		if i+1 < len(syncs) {
			next = syncs[i+1].Time
		}
		if next-syncs[i].Time > furthest {
			return Pick{}, false
		}
	}
	var pick Pick
	at := 0
	for i := range Count(duration, interval) {
		middle := (float64(i) + 0.5) * interval
		for at+1 < len(syncs) && math.Abs(syncs[at+1].Time-middle) < math.Abs(syncs[at].Time-middle) {
			at++
		}
		if n := len(pick.Samples); n == 0 || pick.Samples[n-1].Number != syncs[at].Number {
			pick.Samples = append(pick.Samples, syncs[at])
		}
		pick.Of = append(pick.Of, len(pick.Samples)-1)
	}
	return pick, true
}

// NearestTimes picks for each thumbnail the frame whose time, of those that ascend, is nearest to the middle of its
// interval.
func NearestTimes(times []float64, duration, interval float64) []int {
	count := Count(duration, interval)
	of := make([]int, 0, count)
	at := 0
	for i := range count {
		middle := (float64(i) + 0.5) * interval
		for at+1 < len(times) && math.Abs(times[at+1]-middle) < math.Abs(times[at]-middle) {
			at++
		}
		of = append(of, at)
	}
	return of
}
