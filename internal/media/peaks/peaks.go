// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peaks draws sound as a waveform: the least and the greatest sample of each stretch of time, as the JSON that
// BBC's audiowaveform writes and players such as Peaks.js and wavesurfer.js read, and as a picture. It is pure.
package peaks

import (
	"encoding/json"
	"image"
	"image/color"
	"io"
	"math"

	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

// SampleRate is that of the sound that Peaks takes, in samples a second: mono, signed 16 bits, little-endian.
const SampleRate = 16000

// Args returns ffmpeg's arguments, to follow the input, that write such sound to pipe:1.
func Args(sound timeline.Sound) []string {
	sound.Layout, sound.Rate, sound.Format = "mono", SampleRate, "s16"
	return []string{
		"-filter_complex", sound.Graph("sound"), "-map", "[sound]", "-c:a", "pcm_s16le", "-f", "s16le",
		"-flush_packets", "0", "pipe:1", // else it writes each packet by itself, and wakes us for each
	}
}

// Peaks is an io.Writer that keeps the peaks of what is written to it.
type Peaks struct {
	perPixel int
	seen     int // samples of the stretch that is not complete yet
	low, top int16
	data     []int8
	half     []byte // of a sample, when a write ended within it
	samples  int64
}

// New returns Peaks with so many stretches for each second.
func New(pixelsPerSecond int) *Peaks {
	return &Peaks{perPixel: max(SampleRate/max(pixelsPerSecond, 1), 2)}
}

// Write implements io.Writer; it never fails.
func (p *Peaks) Write(data []byte) (int, error) {
	n := len(data)
	if len(p.half) == 1 && n > 0 {
		p.take([]byte{p.half[0], data[0]})
		p.half, data = nil, data[1:]
	}
	if len(data)%2 == 1 {
		p.half = []byte{data[len(data)-1]}
	}
	for data = data[:len(data)/2*2]; len(data) > 0; {
		stretch := data[:min(len(data), 2*(p.perPixel-p.seen))]
		p.take(stretch)
		data = data[len(stretch):]
	}
	return n, nil
}

// take takes whole samples, of one stretch.
func (p *Peaks) take(data []byte) {
	low, top := p.low, p.top
	if p.seen == 0 {
		low, top = math.MaxInt16, math.MinInt16
	}
	for i := 0; i+1 < len(data); i += 2 {
		sample := int16(uint16(data[i]) | uint16(data[i+1])<<8) //nolint:gosec // the bits of a signed sample
		low, top = min(low, sample), max(top, sample)
	}
	p.low, p.top = low, top
	p.samples += int64(len(data) / 2)
	if p.seen += len(data) / 2; p.seen == p.perPixel {
		p.end()
	}
}

func (p *Peaks) end() {
	p.data = append(p.data, int8(p.low>>8), int8(p.top>>8)) //nolint:gosec // the upper eight bits of sixteen
	p.seen = 0
}

// Finish closes the last stretch.
func (p *Peaks) Finish() {
	if p.seen > 0 {
		p.end()
	}
}

// Len is how many stretches there are.
func (p *Peaks) Len() int { return len(p.data) / 2 }

// Seconds is how long the sound is.
func (p *Peaks) Seconds() float64 { return float64(p.samples) / SampleRate }

// WriteJSON writes audiowaveform's data format, version 2: one channel, 8 bits, minima and maxima in turn.
func (p *Peaks) WriteJSON(w io.Writer) error {
	data := make([]int, len(p.data))
	for i, d := range p.data {
		data[i] = int(d)
	}
	return json.NewEncoder(w).Encode(struct {
		Version         int   `json:"version"`
		Channels        int   `json:"channels"`
		SampleRate      int   `json:"sample_rate"`
		SamplesPerPixel int   `json:"samples_per_pixel"`
		Bits            int   `json:"bits"`
		Length          int   `json:"length"`
		Data            []int `json:"data"`
	}{2, 1, SampleRate, p.perPixel, 8, p.Len(), data})
}

// Draw draws the waveform in a picture of this size, on a transparent ground.
func (p *Peaks) Draw(width, height int, ink color.Color) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Transparent, ink})
	middle := height / 2
	for x := range width {
		from, to := x*p.Len()/width, max((x+1)*p.Len()/width, x*p.Len()/width+1)
		low, top := 0, 0
		for i := from; i < min(to, p.Len()); i++ {
			low, top = min(low, int(p.data[2*i])), max(top, int(p.data[2*i+1]))
		}
		for y := middle - top*middle/128; y <= middle-low*(height-1-middle)/128; y++ {
			img.SetColorIndex(x, y, 1)
		}
	}
	return img
}
