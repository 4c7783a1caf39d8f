// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package speech decides which parts of a recording's sound an engine for speech recognition gets: chunks that begin and end
// in silence, and no long silence at all.
package speech

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The one format of sound that every engine takes.
const (
	SampleRate  = 16000
	sampleBytes = 2 // one channel of 16 bits
	bytesPerSec = SampleRate * sampleBytes
)

// HeaderBytes is the size of what Header returns.
const HeaderBytes = 44

var (
	// ErrFormat is returned for anything but a WAV file of 16 kHz, mono, 16 bits.
	ErrFormat = errors.New("not a WAV file of 16 kHz, mono, 16 bits")
	// ErrTruncated is returned for a file that ends before its samples do.
	ErrTruncated = errors.New("the WAV file ends before its samples do")
)

// Sound is the samples of a WAV file.
type Sound struct {
	r     io.ReaderAt
	begin int64 // of the samples, in bytes
	size  int64 // of the samples, in bytes
}

// Open reads the header of a WAV file of so many bytes.
func Open(r io.ReaderAt, size int64) (Sound, error) {
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return Sound{}, ErrFormat
	}
	known := false
	// A WAV file has a few blocks before its samples; one with many is not worth a walk.
	for at, n := int64(len(head)), 0; n < 64; n++ {
		var block [8]byte
		if _, err := r.ReadAt(block[:], at); err != nil {
			return Sound{}, fmt.Errorf("%w: it has no samples", ErrTruncated)
		}
		at += int64(len(block))
		length := int64(binary.LittleEndian.Uint32(block[4:]))
		switch string(block[:4]) {
		case "fmt ":
			if known = isFormat(r, at, length); !known {
				return Sound{}, ErrFormat
			}
		case "data":
			return samples(r, at, length, size, known)
		}
		at += length + length%2
	}
	return Sound{}, ErrFormat
}

func isFormat(r io.ReaderAt, at, length int64) bool {
	var format [16]byte
	if length < int64(len(format)) {
		return false
	}
	if _, err := r.ReadAt(format[:], at); err != nil {
		return false
	}
	le := binary.LittleEndian
	return le.Uint16(format[0:]) == 1 && le.Uint16(format[2:]) == 1 && le.Uint32(format[4:]) == SampleRate && le.Uint16(format[14:]) == 8*sampleBytes
}

func samples(r io.ReaderAt, at, length, size int64, known bool) (Sound, error) {
	left := size - at
	switch {
	case !known:
		return Sound{}, ErrFormat
	case length == math.MaxUint32: // its writer could not go back to write it, or it is longer than the field can hold
		length = left
	case length > left:
		return Sound{}, fmt.Errorf("%w: %d bytes of %d are there", ErrTruncated, max(left, 0), length)
	}
	return Sound{r, at, length - length%sampleBytes}, nil
}

// Seconds is how long the sound is.
func (s Sound) Seconds() float64 { return float64(s.size) / bytesPerSec }

// Samples reads all samples.
func (s Sound) Samples() io.Reader { return io.NewSectionReader(s.r, s.begin, s.size) }

// Cut returns a chunk's samples, without a header.
func (s Sound) Cut(c Chunk) *io.SectionReader {
	begin := min(c.begin*frameBytes, s.size)
	return io.NewSectionReader(s.r, s.begin+begin, min(c.end*frameBytes, s.size)-begin)
}

// Header returns the header of a WAV file with so many bytes of samples.
func Header(size int64) []byte {
	le := binary.LittleEndian
	h := make([]byte, 0, HeaderBytes)
	h = append(h, "RIFF"...)
	h = le.AppendUint32(h, uint32(size+HeaderBytes-8)) //nolint:gosec // WAV has 32 bits, and chunks of sound are smaller
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint32(h, SampleRate)
	h = le.AppendUint32(h, bytesPerSec)
	h = le.AppendUint16(h, sampleBytes)
	h = le.AppendUint16(h, 8*sampleBytes)
	h = append(h, "data"...)
	return le.AppendUint32(h, uint32(size)) //nolint:gosec // WAV has 32 bits, and chunks of sound are smaller
}
