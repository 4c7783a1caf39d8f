// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

func formats(t *testing.T, names ...string) []plan.AudioFormat {
	t.Helper()
	formats, err := plan.FindAudioFormats(names)
	if err != nil {
		t.Fatal(err)
	}
	return formats
}

func TestAudio(t *testing.T) {
	f := newFixture(t, mediatest.Recording(t, 8), false)
	msg := must(t, f)(f.Audio(t.Context(), formats(t, "aac", "opus", "wav")))
	for name, want := range map[string]struct {
		codec          string
		rate, channels int
	}{"aac": {"aac", 48000, 2}, "opus": {"opus", 48000, 2}, "wav": {"pcm_s16le", 16000, 1}} {
		path := f.path(t, msg, name)
		info := inspect(t, path)
		if info.Video != nil || info.Audio.Codec != want.codec || info.Audio.SampleRate != want.rate || info.Audio.Channels != want.channels ||
			math.Abs(info.Duration-8) > 0.1 {
			t.Errorf("%s: %+v of %+v", name, info.Audio, info)
		}
		again := newFixture(t, path, true)
		loudness := again.values(t, must(t, again)(again.Probe(t.Context(), true)), "probe")["loudnessLUFS"].(float64)
		if math.Abs(loudness+16) > 1 {
			t.Errorf("%s has %g LUFS", name, loudness)
		}
	}
	if values := f.values(t, msg, "aac"); values["silent"] != false || math.Abs(values["inputLoudnessLUFS"].(float64)+21.8) > 0.5 {
		t.Errorf("%v", values)
	}
}

func TestAudioOfSilence(t *testing.T) {
	f := newFixture(t, mediatest.Make(t, "a.m4a", mediatest.Tone(4, 10)...), false)
	msg := must(t, f)(f.Audio(t.Context(), formats(t, "aac", "wav")))
	if info := inspect(t, f.path(t, msg, "wav")); math.Abs(info.Duration-4) > 0.1 || f.values(t, msg, "wav")["silent"] != true {
		t.Errorf("%+v", info)
	}
}

func TestWaveform(t *testing.T) {
	f := newFixture(t, mediatest.Recording(t, 8), false)
	msg := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 10, Width: 400, Height: 100, Ink: color.Black}))
	img := picture(t, f.path(t, msg, "waveform"))
	if got := img.Bounds(); got.Dx() != 400 || got.Dy() != 100 {
		t.Errorf("picture of %v", got)
	}
	text, err := os.ReadFile(f.path(t, msg, "peaks"))
	if err != nil {
		t.Fatal(err)
	}
	var peaks struct {
		Version, Channels, Bits, Length int
		SampleRate                      int `json:"sample_rate"`
		SamplesPerPixel                 int `json:"samples_per_pixel"`
		Data                            []int
	}
	if err := json.Unmarshal(text, &peaks); err != nil {
		t.Fatal(err)
	}
	if peaks.Version != 2 || peaks.Bits != 8 || peaks.Length < 80 || peaks.Length > 81 || len(peaks.Data) != 2*peaks.Length || peaks.SampleRate/peaks.SamplesPerPixel != 10 {
		t.Errorf("%s", text)
	}
	for i, at := range map[int]string{5: "silence", 50: "tone"} { // 0.5 s and 5 s
		loud := peaks.Data[2*i+1]-peaks.Data[2*i] > 10
		if loud != (at == "tone") {
			t.Errorf("at %s: %d to %d", at, peaks.Data[2*i], peaks.Data[2*i+1])
		}
	}
	if _, _, _, alpha := img.At(50, 30).RGBA(); alpha != 0 {
		t.Error("silence is drawn")
	}
}

func web(t *testing.T) plan.Preset {
	t.Helper()
	preset, ok := plan.FindPreset("web")
	if !ok {
		t.Fatal("no preset web")
	}
	return preset
}

// expectWeb opens a file that was made, decodes all of it, and checks that every browser plays it.
func expectWeb(t *testing.T, path string, width, height int, seconds float64) {
	t.Helper()
	info := inspect(t, path)
	if info.Video == nil || info.Video.Codec != "h264" || info.Video.PixelFormat != "yuv420p" || info.Video.Width != width || info.Video.Height != height ||
		math.Abs(info.Duration-seconds) > 0.2 || info.Audio != nil && info.Audio.Codec != "aac" {
		t.Errorf("%s: %+v, %+v, %+v", path, info, info.Video, info.Audio)
	}
	tools := ffmpeg.Tools{FFmpeg: "ffmpeg", Dir: t.TempDir()}
	if err := tools.Run(t.Context(), ffmpeg.Command{Args: append(append([]string{"-xerror"}, ffmpeg.Input(path)...), "-f", "null", "-")}); err != nil {
		t.Error(err)
	}
}

func TestTranscode(t *testing.T) {
	pictures := func(size string) []string { return mediatest.Picture(size, 4, 0) }
	tone := mediatest.Tone(4, 0)
	tests := map[string]struct {
		name          string
		args          []string
		options       media.TranscodeOptions
		width, height int
		copied        bool
	}{
		"as it is":     {"a.mp4", mediatest.Join(pictures("320x180"), tone, mediatest.H264()), media.TranscodeOptions{}, 320, 180, true},
		"asked to":     {"a.mp4", mediatest.Join(pictures("320x180"), tone, mediatest.H264()), media.TranscodeOptions{Reencode: true}, 320, 180, false},
		"no audio":     {"a.mp4", mediatest.Join(pictures("320x180"), mediatest.H264()), media.TranscodeOptions{}, 320, 180, true},
		"10 bits":      {"a.mp4", mediatest.Join(pictures("320x180"), tone, mediatest.H264(), []string{"-pix_fmt", "yuv420p10le"}), media.TranscodeOptions{}, 320, 180, false},
		"odd sides":    {"a.mp4", mediatest.Join(pictures("321x181"), tone, mediatest.H264(), []string{"-pix_fmt", "yuv444p"}), media.TranscodeOptions{}, 320, 180, false},
		"max height":   {"a.mp4", mediatest.Join(pictures("320x180"), mediatest.H264()), media.TranscodeOptions{MaxHeight: 90}, 160, 90, false},
		"VP8 and Opus": {"a.webm", mediatest.Join(pictures("320x180"), tone, []string{"-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-live", "1"}), media.TranscodeOptions{}, 320, 180, false},
		"extra":        {"a.mp4", mediatest.Join(pictures("320x180"), mediatest.H264()), media.TranscodeOptions{Extra: []string{"-crf", "40", "-metadata", "title=x"}}, 320, 180, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, mediatest.Make(t, test.name, test.args...), false)
			test.options.MP4, test.options.Preset = true, web(t)
			msg := must(t, f)(f.Transcode(t.Context(), test.options))
			path := f.path(t, msg, "mp4")
			expectWeb(t, path, test.width, test.height, 4)
			if got := f.values(t, msg, "mp4")["copied"]; got != test.copied {
				t.Errorf("copied %v", got)
			}
			expectFastStart(t, path)
		})
	}
}

// expectFastStart checks that the index comes before the data.
func expectFastStart(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if moov, mdat := strings.Index(string(content), "moov"), strings.Index(string(content), "mdat"); moov < 0 || moov > mdat {
		t.Errorf("moov at %d, mdat at %d", moov, mdat)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := mp4.ReadIndex(file, int64(len(content))); err != nil {
		t.Error(err)
	}
}

func TestHLS(t *testing.T) {
	tests := map[string]struct {
		size    string
		tone    []string
		options media.TranscodeOptions
		want    map[string][2]int
		files   int
	}{
		"fMP4":            {"640x360", mediatest.Tone(5, 0), media.TranscodeOptions{}, map[string][2]int{"360p": {640, 360}, "240p": {426, 240}}, 2*(1+1+3) + 1},
		"TS":              {"640x360", mediatest.Tone(5, 0), media.TranscodeOptions{TS: true}, map[string][2]int{"360p": {640, 360}, "240p": {426, 240}}, 2*(1+3) + 1},
		"no audio":        {"640x360", nil, media.TranscodeOptions{Heights: []int{240}}, map[string][2]int{"240p": {426, 240}}, 1 + 1 + 3 + 1},
		"small and odd":   {"321x181", mediatest.Tone(5, 0), media.TranscodeOptions{}, map[string][2]int{"181p": {320, 180}}, 1 + 1 + 3 + 1},
		"with extra, MP4": {"321x181", nil, media.TranscodeOptions{MP4: true, Extra: []string{"-g", "7"}}, map[string][2]int{"181p": {320, 180}}, 1 + 1 + 3 + 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			args := mediatest.Join(mediatest.Picture(test.size, 5, 0), test.tone, mediatest.H264(), []string{"-pix_fmt", "yuv444p"})
			f := newFixture(t, mediatest.Make(t, "a.mp4", args...), false)
			test.options.HLS, test.options.Preset, test.options.SegmentSeconds = true, web(t), 2
			msg := must(t, f)(f.Transcode(t.Context(), test.options))
			f.expectHLS(t, msg, test.want, test.files)
			if test.options.MP4 {
				expectWeb(t, f.path(t, msg, "mp4"), 320, 180, 5)
			}
		})
	}
}

// expectHLS reads the playlists as a player does, and opens each rendition's segments.
func (f *fixture) expectHLS(t *testing.T, msg outputs.Message, want map[string][2]int, files int) {
	t.Helper()
	path := f.path(t, msg, "hls")
	master, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]int{}
	for _, match := range regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:BANDWIDTH=(\d+),.*RESOLUTION=(\d+)x(\d+),.*\n(\S+)/index.m3u8$`).FindAllStringSubmatch(string(master), -1) {
		var bandwidth, width, height int
		if _, err := fmt.Sscan(strings.Join(match[1:4], " "), &bandwidth, &width, &height); err != nil || bandwidth < 100_000 {
			t.Errorf("%s: %v", match[0], err)
		}
		got[match[4]] = [2]int{width, height}
		f.expectRendition(t, filepath.Join(filepath.Dir(path), match[4]), width, height)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, master)
	}
	sums, err := os.ReadFile(f.path(t, msg, "hls-checksums"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(sums), "\n"); n != files || f.values(t, msg, "hls")["files"] != files {
		t.Errorf("%d files, want %d\n%s", n, files, sums)
	}
}

func (f *fixture) expectRendition(t *testing.T, folder string, width, height int) {
	t.Helper()
	playlist, err := os.ReadFile(filepath.Join(folder, "index.m3u8"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(playlist), "#EXT-X-ENDLIST\n") || !strings.Contains(string(playlist), "#EXT-X-PLAYLIST-TYPE:VOD") {
		t.Errorf("playlist:\n%s", playlist)
	}
	var whole []byte
	if init := regexp.MustCompile(`#EXT-X-MAP:URI="(\S+)"`).FindStringSubmatch(string(playlist)); init != nil {
		whole = readAll(t, filepath.Join(folder, init[1]))
	}
	for line := range strings.SplitSeq(string(playlist), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			whole = append(whole, readAll(t, filepath.Join(folder, line))...)
		}
	}
	joined := filepath.Join(t.TempDir(), "joined")
	mediatest.Write(t, joined, whole)
	expectWeb(t, joined, width, height, 5)
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
