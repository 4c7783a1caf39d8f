// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

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
