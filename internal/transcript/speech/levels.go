// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"encoding/binary"
	"math"
)

const (
	frameSamples = SampleRate / 50 // 20 ms
	frameBytes   = frameSamples * sampleBytes
	framesPerSec = SampleRate / frameSamples
)

// Silence is the level in dB below which nothing is said, of sound that was brought to one loudness. It is also what
// `postprocess probe` calls silent.
const Silence = -50

// Levels measures how loud each 20 ms of samples are, with a byte for each: a minute of memory for a minute of sound is 3 kB.
type Levels struct {
	levels []int8 // dB, from -128
	sum    float64
	count  int
	half   []byte // a sample of which only one byte has come
}

// Write implements io.Writer. It never fails.
func (l *Levels) Write(p []byte) (int, error) {
	n := len(p)
	if len(l.half) > 0 && len(p) > 0 {
		l.add(l.half[0], p[0])
		l.half, p = nil, p[1:]
	}
	for ; len(p) >= sampleBytes; p = p[sampleBytes:] {
		l.add(p[0], p[1])
	}
	l.half = append(l.half, p...)
	return n, nil
}

func (l *Levels) add(low, high byte) {
	sample := float64(int16(binary.LittleEndian.Uint16([]byte{low, high}))) / (1 << 15) //nolint:gosec // the bits of a signed sample
	l.sum += sample * sample
	if l.count++; l.count == frameSamples {
		l.levels = append(l.levels, decibels(l.sum/frameSamples))
		l.sum, l.count = 0, 0
	}
}

// decibels returns the level of a mean square.
func decibels(power float64) int8 {
	return int8(max(10*math.Log10(power), math.MinInt8)) // of 0 it is -Inf
}

// Finish counts the frame that the samples end within.
func (l *Levels) Finish() {
	if l.count > 0 {
		l.levels = append(l.levels, decibels(l.sum/float64(l.count)))
		l.sum, l.count = 0, 0
	}
}
