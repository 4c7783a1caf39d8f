// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mediatest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Nothing is what a clock says where there is no sound, or the picture is black.
const Nothing = -1

const (
	// clockPeak is the peak of the sound of second 0; that of second n is n+1 times as high.
	clockPeak = 0.05
	// clockLuma is the brightness of second 0; that of second n is n+1 times as high.
	clockLuma = 20
)

// ClockPicture returns ffmpeg's arguments for an input whose picture says which second it is, modulo 10, by its brightness.
func ClockPicture(rate int, seconds float64) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("nullsrc=s=64x36:r=%d:d=%g,geq=lum='16+%d*(1+mod(floor(T+0.001)\\,10))':cb=128:cr=128", rate, seconds, clockLuma)}
}

// ClockSound returns ffmpeg's arguments for an input whose sound says which second it is, modulo 10, by its level.
func ClockSound(seconds float64) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("aevalsrc=exprs='%g*(1+mod(floor(t)\\,10))*sin(2*PI*440*t)':s=48000:d=%g", clockPeak, seconds)}
}

// Heard is the sound of a file, on the clock of its packets.
type Heard struct {
	start   float64
	samples []int16
}

const heardRate = 8000

// Hear decodes a file's first sound. Edit lists are ignored, as some players do.
func Hear(t testing.TB, path string) Heard {
	t.Helper()
	start := Packets(t, path, "a:0")
	if len(start) == 0 {
		t.Fatalf("%s has no sound", path)
	}
	raw := decode(t, path, "-map", "0:a:0", "-af", "pan=mono|c0=c0,aresample="+strconv.Itoa(heardRate), "-f", "s16le", "-")
	h := Heard{start: start[0], samples: make([]int16, len(raw)/2)}
	_ = binary.Read(bytes.NewReader(raw), binary.LittleEndian, h.samples) // it has as many
	return h
}

// Seconds is when the sound ends.
func (h Heard) Seconds() float64 { return h.start + float64(len(h.samples))/heardRate }

// At returns the level (root mean square, of 1) around a time.
func (h Heard) At(seconds float64) float64 {
	const around = 0.1
	from := int((seconds - h.start - around) * heardRate)
	to := int((seconds - h.start + around) * heardRate)
	var sum float64
	for i := max(from, 0); i < min(to, len(h.samples)); i++ {
		s := float64(h.samples[i]) / (1 << 15)
		sum += s * s
	}
	return math.Sqrt(sum / max(float64(to-from), 1))
}

// Clock returns which second of ClockSound is heard at a time, when the sound is so many times as loud as it was.
func (h Heard) Clock(seconds, gain float64) int {
	level := h.At(seconds) * math.Sqrt2 / clockPeak / gain
	if level < 0.5 {
		return Nothing
	}
	return int(math.Round(level)) - 1
}

// Seen is the picture of a file, on the clock of its packets.
type Seen struct {
	times  []float64 // of frames, in the order of their showing
	frames []byte    // small and grey, one after the other
}

// The size of the small frames.
const smallWidth, smallHeight = 16, 9

const smallBytes = smallWidth * smallHeight

// See decodes a file's picture. Edit lists are ignored, as some players do.
func See(t testing.TB, path string) Seen {
	t.Helper()
	s := Seen{times: Packets(t, path, "v:0")}
	small := fmt.Sprintf("scale=%d:%d:flags=area,format=gray", smallWidth, smallHeight)
	s.frames = decode(t, path, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", small, "-f", "rawvideo", "-")
	if len(s.frames) != len(s.times)*smallBytes {
		t.Fatalf("%s has %d packets, but %d frames", path, len(s.times), len(s.frames)/smallBytes)
	}
	return s
}

// Times are those at which frames are shown.
func (s Seen) Times() []float64 { return s.times }

// Clock returns which second of ClockPicture is seen at a time.
func (s Seen) Clock(seconds float64) int {
	at := 0
	for at+1 < len(s.times) && s.times[at+1] <= seconds {
		at++
	}
	const full = 219.0 / 255 // gray has the full range, video has not
	var sum float64
	for _, luma := range s.frame(at) {
		sum += float64(luma)
	}
	n := int(math.Round(sum / smallBytes * full / clockLuma))
	return max(n-1, Nothing)
}

// Packets returns the times of a stream's packets, in ascending order. Edit lists are ignored.
func Packets(t testing.TB, path, stream string) []float64 {
	t.Helper()
	args := append(ignoreEdits(path), "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "csv=p=0", path)
	out, err := exec.CommandContext(t.Context(), "ffprobe", args...).Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v", path, err)
	}
	var times []float64
	for line := range strings.Lines(string(out)) {
		seconds, err := strconv.ParseFloat(strings.Trim(line, ",\n "), 64)
		if err == nil {
			times = append(times, seconds)
		}
	}
	slices.Sort(times)
	return times
}

func decode(t testing.TB, path string, args ...string) []byte {
	t.Helper()
	all := append(append(append([]string{"-v", "error", "-nostdin", "-copyts"}, ignoreEdits(path)...), "-i", path), args...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", all...)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", path, err, failed.String())
	}
	return out
}

// ignoreEdits are the arguments before an input that is an MP4 file.
func ignoreEdits(path string) []string {
	if strings.HasSuffix(path, ".mp4") || strings.HasSuffix(path, ".m4a") {
		return []string{"-ignore_editlist", "1"}
	}
	return nil
}

func (s Seen) frame(i int) []byte { return s.frames[i*smallBytes : (i+1)*smallBytes] }

// Changes returns the times at which some part of the picture gets brighter or darker by this much, of 255, and the beginning.
func (s Seen) Changes(luma int) []float64 {
	changes := []float64{s.times[0]}
	for i := 1; i < len(s.times); i++ {
		before, now := s.frame(i-1), s.frame(i)
		for j := range now {
			if step := int(now[j]) - int(before[j]); step >= luma || step <= -luma {
				changes = append(changes, s.times[i])
				break
			}
		}
	}
	return changes
}
