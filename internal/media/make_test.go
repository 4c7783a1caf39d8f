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
	"github.com/meetingops/meeting-recording-operator/internal/media/frames"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// expectThumbnails decodes every picture that was made of a recording of this size, whose first seconds are black.
func (f *fixture) expectThumbnails(t *testing.T, msg outputs.Message, width, height, count int) {
	t.Helper()
	poster := picture(t, f.path(t, msg, "poster"))
	if got := poster.Bounds(); got.Dx() != width/2*2 || got.Dy() != height/2*2 {
		t.Errorf("poster of %v", got)
	}
	if frames.LookAt(poster).Black() || f.values(t, msg, "poster")["black"] != false {
		t.Error("the poster is black")
	}
	w, h := frames.Fit(width, height, 160)
	sprite := picture(t, f.path(t, msg, "sprite"))
	if got := sprite.Bounds(); got.Dx() != w*min(count, 10) || got.Dy() != h*((count+9)/10) {
		t.Errorf("sprite of %v", got)
	}
	picture(t, f.path(t, msg, "contact-sheet"))
	track, err := os.ReadFile(f.path(t, msg, "thumbnails"))
	if err != nil {
		t.Fatal(err)
	}
	cues := regexp.MustCompile(`(?m)^thumbnails\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)$`).FindAllStringSubmatch(string(track), -1)
	if len(cues) != count || f.values(t, msg, "thumbnails")["count"] != count {
		t.Errorf("%d cues, want %d\n%s", len(cues), count, track)
	}
	for _, cue := range cues {
		var x, y, dx, dy int
		if _, err := fmt.Sscan(strings.Join(cue[1:], " "), &x, &y, &dx, &dy); err != nil || x+dx > sprite.Bounds().Dx() || y+dy > sprite.Bounds().Dy() {
			t.Errorf("cue %v is not in the sprite of %v", cue, sprite.Bounds())
		}
	}
	// What is black in the recording is black in the sprite, and nothing else is: the pictures are in their places.
	for i := range count {
		r, g, b, _ := sprite.At(i%10*w+w/2, i/10*h+h/3).RGBA()
		if black := max(r, g, b)>>8 < 40; black != (i < 2) {
			t.Errorf("thumbnail %d: black %v", i, black)
		}
	}
	if !strings.HasPrefix(string(track), "WEBVTT\n") {
		t.Errorf("track:\n%s", track)
	}
}

// The pictures are right whether single frames are fetched or all is, and single frames are little.
func TestThumbnail(t *testing.T) {
	noise := []string{"-f", "lavfi", "-i", "testsrc=size=640x360:rate=15:duration=12,noise=alls=40:allf=t,drawbox=t=fill:c=black:enable='lt(t,2)'"}
	path := mediatest.Make(t, "recording.mp4", mediatest.Join(noise, mediatest.Tone(12, 0), mediatest.H264())...)
	for name, whole := range map[string]bool{"parts": false, "whole": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, path, whole)
			msg := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160}))
			f.expectThumbnails(t, msg, 640, 360, 12)
			sent, total := f.wire.Load(), size(t, path)
			t.Logf("fetched %d of %d bytes (%.1f %%)", sent, total, 100*float64(sent)/float64(total))
			if !whole && sent > total/3 {
				t.Errorf("fetched %d of %d bytes", sent, total)
			}
		})
	}
}

func TestThumbnailKinds(t *testing.T) {
	tests := map[string]struct {
		name          string
		width, height int
		args          []string
	}{
		"no audio":           {"a.mp4", 320, 180, mediatest.H264()},
		"reordered frames":   {"a.mp4", 320, 180, append(mediatest.H264(), "-bf", "3", "-preset", "medium")},
		"one key frame":      {"a.mp4", 320, 180, append(mediatest.H264(), "-g", "1000", "-keyint_min", "1000", "-sc_threshold", "0")},
		"10 bits":            {"a.mp4", 320, 180, append(mediatest.H264(), "-pix_fmt", "yuv420p10le")},
		"odd sides":          {"a.mp4", 321, 181, append(mediatest.H264(), "-pix_fmt", "yuv444p")},
		"upright":            {"a.mp4", 180, 320, mediatest.H264()},
		"fragments":          {"a.mp4", 320, 180, append(mediatest.H264(), "-movflags", "+frag_keyframe+empty_moov")},
		"WebM as from a tab": {"a.webm", 320, 180, []string{"-c:v", "libvpx", "-deadline", "realtime", "-live", "1"}},
		"HEVC":               {"a.mp4", 320, 180, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=15"}},
		"motion JPEG":        {"a.mov", 320, 180, []string{"-c:v", "mjpeg"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := mediatest.Picture(fmt.Sprintf("%dx%d", test.width, test.height), 6, 2)
			f := newFixture(t, mediatest.Make(t, test.name, mediatest.Join(source, test.args)...), false)
			if name == "one key frame" { // a thumbnail in the middle of it needs all frames before
				f.expectThumbnailsOfOneFrame(t)
				return
			}
			msg := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160}))
			f.expectThumbnails(t, msg, test.width, test.height, 6)
		})
	}
}

// A recording of a few seconds may have one frame that can be decoded alone, which is black here.
func (f *fixture) expectThumbnailsOfOneFrame(t *testing.T) {
	t.Helper()
	msg := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160}))
	if poster := picture(t, f.path(t, msg, "poster")); frames.LookAt(poster).Black() {
		t.Error("the poster is black, though the recording is not")
	}
}

// A turned recording, as phones make it, is shown as it is to be seen.
func TestThumbnailOfTurned(t *testing.T) {
	plain := mediatest.Make(t, "plain.mp4", mediatest.Join(mediatest.Picture("320x180", 6, 2), mediatest.H264())...)
	turned := mediatest.Make(t, "turned.mp4", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90")
	f := newFixture(t, turned, false)
	msg := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160}))
	f.expectThumbnails(t, msg, 180, 320, 6)
}

func TestThumbnailOfBlack(t *testing.T) {
	f := newFixture(t, mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("320x180", 3, 3), mediatest.H264())...), false)
	msg := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160, Interval: 10}))
	if values := f.values(t, msg, "poster"); values["black"] != true || f.values(t, msg, "thumbnails")["count"] != 1 {
		t.Errorf("%v", values)
	}
	if !strings.Contains(f.log.String(), "Every picture is black") {
		t.Errorf("log:\n%s", f.log)
	}
}

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

// Each step says what is wrong with a recording that it cannot work on, and stores nothing.
func TestStepsFail(t *testing.T) {
	steps := map[string]func(*testing.T, *fixture) (outputs.Message, error){
		"thumbnail": func(t *testing.T, f *fixture) (outputs.Message, error) {
			return f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 160})
		},
		"audio": func(t *testing.T, f *fixture) (outputs.Message, error) {
			return f.Audio(t.Context(), formats(t, "wav"))
		},
		"waveform": func(t *testing.T, f *fixture) (outputs.Message, error) {
			return f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 1, Width: 16, Height: 16})
		},
		"transcode": func(t *testing.T, f *fixture) (outputs.Message, error) {
			return f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, Preset: web(t)})
		},
	}
	video := mediatest.Make(t, "v.mp4", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.H264())...)
	audio := mediatest.Make(t, "a.m4a", mediatest.Tone(3, 0)...)
	tests := map[string]struct {
		path string
		text map[string]string // by step; "": of all others
	}{
		"empty":     {file(t, ""), map[string]string{"": "source is an empty file"}},
		"text":      {file(t, "no video at all"), map[string]string{"": "source is not a recording that can be read"}},
		"HTML":      {file(t, "<!doctype html>"), map[string]string{"": "source is an HTML page"}},
		"playlist":  {file(t, "#EXTM3U\nfile:///etc/passwd"), map[string]string{"": "source is a playlist (HLS), which only names other files"}},
		"truncated": {cut(t, mediatest.Recording(t, 8), 0.6), map[string]string{"": "source is a truncated recording"}},
		"no audio": {video, map[string]string{
			"audio": "the recording has no audio, which this step needs; leave the step out for such recordings, by `postprocess probe` and its value hasAudio", "waveform": "has no audio",
		}},
		"no video":                 {audio, map[string]string{"thumbnail": "has no video", "transcode": "has no video, which this step needs"}},
		"no video, no parts known": {mediatest.Make(t, "a.wav", mediatest.Tone(3, 0)...), map[string]string{"thumbnail": "has no video", "transcode": "has no video"}},
	}
	for name, test := range tests {
		for step, do := range steps {
			text, ok := test.text[step]
			if !ok {
				if text, ok = test.text[""]; !ok {
					continue
				}
			}
			t.Run(name+", "+step, func(t *testing.T) {
				f := newFixture(t, test.path, false)
				_, err := do(t, f)
				f.expect(t, err, sysexits.DataErr, text)
			})
		}
	}
}

// What is wrong with the machine is reported as such, and may pass.
func TestMachineFails(t *testing.T) {
	tests := map[string]struct {
		change func(*fixture)
		code   int
		text   string
	}{
		"no scratch folder": {func(f *fixture) { f.Scratch = "/none" }, sysexits.IOErr, "cannot write to the scratch folder /none; mount a volume there"},
		"no room":           {func(f *fixture) { f.Recording.Free = func(string) (int64, error) { return 1, nil } }, sysexits.IOErr, "give it more room, by a larger volume or --scratch-dir"},
		"no ffmpeg":         {func(f *fixture) { f.Tools.FFmpeg = "/none/ffmpeg" }, sysexits.Config, "/none/ffmpeg is not installed"},
		"no ffprobe":        {func(f *fixture) { f.Tools.FFprobe = "/none/ffprobe" }, sysexits.Config, "/none/ffprobe is not installed"},
		"no memory":         {func(f *fixture) { f.Tools.MaxMemory = 100 << 20 }, sysexits.TempFail, "memory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, mediatest.Recording(t, 8), false)
			test.change(f)
			_, err := f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, HLS: true, SegmentSeconds: 2, Preset: web(t)})
			if err == nil || sysexits.Code(err) != test.code || !strings.Contains(err.Error(), test.text) {
				t.Errorf("err = %v (%d), want %d and %q", err, sysexits.Code(err), test.code, test.text)
			}
		})
	}
}

// Arguments that were added are blamed when ffmpeg does not take them.
func TestExtraArgumentsFail(t *testing.T) {
	f := newFixture(t, mediatest.Recording(t, 8), false)
	_, err := f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, Preset: web(t), Extra: []string{"-tune", "none-such"}})
	f.expect(t, err, sysexits.DataErr, "or not with -tune none-such of --ffmpeg-arg")
}
