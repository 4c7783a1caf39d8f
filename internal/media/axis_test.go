// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"encoding/json"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

// local is a step on a local file.
func local(t *testing.T, path string) *fixture {
	t.Helper()
	f := newFixture(t, path, true)
	f.Recording = input.Recording{Path: path}
	return f
}

// happened is what a recording shows and plays at a time of its axis, as mediatest's clocks say it.
type happened func(seconds float64) (picture, sound int)

// second is what a clock says.
func second(seconds float64) int { return int(math.Floor(seconds)) % 10 }

// between is what a clock says from one second to another, and nothing else.
func between(seconds, from, to float64) int {
	if seconds < from || seconds >= to {
		return mediatest.Nothing
	}
	return second(seconds)
}

const monoAsStereo = math.Sqrt2 / 2 // gain of each channel

// expectSound checks the level over time.
func expectSound(t *testing.T, what string, h mediatest.Heard, gain, duration float64, want happened) {
	t.Helper()
	if math.Abs(h.Seconds()-duration) > 0.1 {
		t.Errorf("%s: sound until %.3f s, want %.3f s", what, h.Seconds(), duration)
	}
	for at := 0.5; at < duration; at++ {
		if _, sound := want(at); h.Clock(at, gain) != sound {
			t.Errorf("%s: at %.1f s: sound of second %d, want %d", what, at, h.Clock(at, gain), sound)
		}
	}
}

// expectPicture checks the frames over time: at a constant rate, from the axis's beginning to its end.
func expectPicture(t *testing.T, what string, s mediatest.Seen, duration float64, constant bool, want happened) {
	t.Helper()
	times := s.Times()
	step := duration
	if len(times) > 1 {
		step = (times[len(times)-1] - times[0]) / float64(len(times)-1)
	}
	for i := range times {
		if constant && math.Abs(times[i]-times[0]-float64(i)*step) > 0.02 {
			t.Errorf("%s: frame %d is shown at %.3f s, want %.3f s", what, i, times[i]-times[0], float64(i)*step)
			break
		}
	}
	if times[0] > 0.03 || constant && math.Abs(times[len(times)-1]+step-duration) > 0.1 {
		t.Errorf("%s: frames from %.3f to %.3f s of %.3f s", what, times[0], times[len(times)-1], duration)
	}
	for at := 0.5; at < duration; at++ {
		if picture, _ := want(at); s.Clock(at) != picture {
			t.Errorf("%s: at %.1f s: picture of second %d, want %d", what, at, s.Clock(at), picture)
		}
	}
}

// join makes one file of the only rendition of an HLS ladder.
func (f *fixture) join(t *testing.T, msg outputs.Message) string {
	t.Helper()
	folder := filepath.Dir(f.path(t, msg, "hls"))
	parts, err := filepath.Glob(filepath.Join(folder, "*p", "segment_*"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("no segments in %s: %v", folder, err)
	}
	slices.Sort(parts)
	name := "joined" + filepath.Ext(parts[0])
	if filepath.Ext(parts[0]) == ".m4s" {
		name = "joined.mp4"
		inits, _ := filepath.Glob(filepath.Join(folder, "*p", "init*.mp4"))
		parts = append(inits, parts...)
	}
	var all []byte
	for _, part := range parts {
		all = append(all, readAll(t, part)...)
	}
	path := filepath.Join(t.TempDir(), name)
	mediatest.Write(t, path, all)
	return path
}

// expectAxis makes everything of a recording, and checks that all of it shows and plays what happened, when it happened.
func expectAxis(t *testing.T, path string, duration float64, want happened) {
	t.Helper()
	hasPicture, hasSound := false, false
	for at := 0.5; at < duration; at++ {
		picture, sound := want(at)
		hasPicture, hasSound = hasPicture || picture != mediatest.Nothing, hasSound || sound != mediatest.Nothing
	}
	f := local(t, path)
	values := f.values(t, must(t, f)(f.Probe(t.Context(), true)), "probe")
	if got := values["durationSeconds"].(float64); math.Abs(got-duration) > 0.1 {
		t.Errorf("durationSeconds = %g, want %g", got, duration)
	}
	if hasSound {
		f.expectSoundSteps(t, values, duration, want)
	}
	if !hasPicture {
		return
	}
	msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, HLS: true, Preset: web(t), SegmentSeconds: 4}))
	copied := f.values(t, msg, "mp4")["copied"] == true
	for name, made := range map[string]string{"mp4": f.path(t, msg, "mp4"), "hls": f.join(t, msg)} {
		expectPicture(t, name, mediatest.See(t, made), duration, name == "hls", want)
		if hasSound {
			gain := monoAsStereo
			if copied && name == "mp4" {
				gain = 1
			}
			expectSound(t, name, mediatest.Hear(t, made), gain, duration, want)
		}
	}
	expectPlaylist(t, f.path(t, msg, "hls"), duration)
}

// expectSoundSteps checks the steps that use only the sound.
func (f *fixture) expectSoundSteps(t *testing.T, values map[string]any, duration float64, want happened) {
	t.Helper()
	silent, run := 0.0, 0.0
	for at := 0.5; at < duration+1; at++ {
		if _, sound := want(at); sound == mediatest.Nothing && at < duration {
			run++
			continue
		}
		if run >= 2 {
			silent += run
		}
		run = 0
	}
	if got := values["silenceShare"].(float64); math.Abs(got-silent/duration) > 0.03 {
		t.Errorf("silenceShare = %g, want %g", got, silent/duration)
	}
	waveform := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 10, Width: 100, Height: 50, Ink: color.Black}))
	var peaks struct{ Data []int }
	if err := json.Unmarshal(readAll(t, f.path(t, waveform, "peaks")), &peaks); err != nil {
		t.Fatal(err)
	}
	if got := float64(len(peaks.Data)) / 20; math.Abs(got-duration) > 0.2 {
		t.Errorf("waveform of %.1f s, want %.3f s", got, duration)
	}
	for at := 0.5; at < duration; at++ {
		_, sound := want(at)
		peak := float64(peaks.Data[2*int(at*10)+1]) / 128
		level := int(math.Round(peak/0.05)) - 1
		if level != sound {
			t.Errorf("at %.1f s: waveform of second %d, want %d", at, level, sound)
		}
	}
}

// expectPlaylist checks that the segments of a ladder are as long as the recording in total.
func expectPlaylist(t *testing.T, master string, duration float64) {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(filepath.Dir(master), "*p", "index.m3u8"))
	if err != nil || len(lists) == 0 {
		t.Fatalf("no playlists: %v", err)
	}
	for _, list := range lists {
		if total := playlistSeconds(t, list); math.Abs(total-duration) > 0.1 {
			t.Errorf("%s: segments of %.3f s in total, want %.3f s", list, total, duration)
		}
	}
}

func playlistSeconds(t *testing.T, list string) (total float64) {
	t.Helper()
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "#EXTINF:"); ok {
			total += parseFloat(t, strings.Trim(value, ",\n"))
		}
	}
	return total
}
