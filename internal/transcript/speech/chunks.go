// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package speech

import "time"

const (
	// longSilence ends a chunk and is not sent: engines invent text for silence.
	longSilence = 10 * framesPerSec
	// margin is what a chunk keeps of the silence around it, for sounds too soft to count.
	margin = framesPerSec / 4
	// calm is the length of the quiet passage that a cut is made in the middle of.
	calm = framesPerSec / 2
)

// Chunk is a part of the sound.
type Chunk struct {
	begin, end int64 // frames
}

// Start is where the chunk begins, in seconds.
func (c Chunk) Start() float64 { return float64(c.begin) / framesPerSec }

// Seconds is how long the chunk is.
func (c Chunk) Seconds() float64 { return float64(c.end-c.begin) / framesPerSec }

// Limits are those of an engine.
type Limits struct {
	// Bytes is the size of the largest WAV file that it takes.
	Bytes int64
	// Duration is the longest sound that it takes.
	Duration time.Duration
}

// The shortest limit, below which words would be cut, and the longest.
const (
	LeastDuration = 5 * time.Second
	MostDuration  = 3 * time.Hour
)

// LeastBytes is the size of a WAV file of LeastDuration.
const LeastBytes = HeaderBytes + int64(LeastDuration/time.Second)*bytesPerSec

// frames returns how long a chunk may be.
func (l Limits) frames() int64 {
	return min((l.Bytes-HeaderBytes)/frameBytes, int64(l.Duration/(time.Second/framesPerSec)))
}

// Chunks returns the chunks of a sound, in order, none of which overlap. What lies between them is silent. A chunk that
// must end within speech ends where it is quietest in its second half.
func (l *Levels) Chunks(limits Limits) []Chunk {
	most := limits.frames()
	var chunks []Chunk
	for at := int64(0); ; {
		first := l.sounding(at)
		if first < 0 {
			return chunks
		}
		begin := max(first-margin, at)
		last := l.lastBefore(first, begin+most)
		end := min(last+1+margin, begin+most, int64(len(l.levels)))
		if l.goesOn(last, begin+most) {
			end = l.quietest(begin+most/2, begin+most)
		}
		chunks = append(chunks, Chunk{begin, end})
		at = end
	}
}

// sounding returns the first frame from one on that is not silent, -1 when there is none.
func (l *Levels) sounding(from int64) int64 {
	for i := from; i < int64(len(l.levels)); i++ {
		if l.levels[i] >= Silence {
			return i
		}
	}
	return -1
}

// lastBefore returns the last frame before end that is not silent and that no long silence parts from first.
func (l *Levels) lastBefore(first, end int64) int64 {
	last := first
	for i := first + 1; i < min(end, int64(len(l.levels))) && i-last < longSilence; i++ {
		if l.levels[i] >= Silence {
			last = i
		}
	}
	return last
}

// goesOn reports whether a chunk that must end before a frame would cut what is said: the last frame of it that is not silent
// is so near that there is no room for a margin on both sides.
func (l *Levels) goesOn(last, end int64) bool {
	next := l.sounding(last + 1)
	return next >= 0 && next-last < longSilence && end-last < 2*margin
}

// quietest returns the middle of the quietest passage that lies between two frames, the last of them where some are equal.
func (l *Levels) quietest(from, to int64) int64 {
	var sum int64 // of a passage; below Silence one is as good as another
	level := func(i int64) int64 { return max(int64(l.levels[i]), Silence) }
	best, least := to-calm/2, int64(1<<62)
	for i := from; i < min(to, int64(len(l.levels))); i++ {
		sum += level(i)
		if i-from >= calm {
			sum -= level(i - calm)
		}
		if i-from >= calm-1 && sum <= least {
			best, least = i+1-calm/2, sum
		}
	}
	return best
}
