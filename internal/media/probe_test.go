// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// large makes a recording whose sound and pictures are many times what a probe needs.
func large(t *testing.T, args ...string) string {
	t.Helper()
	noise := []string{"-f", "lavfi", "-i", "testsrc=size=640x360:rate=15:duration=20,noise=alls=60:allf=t"}
	return mediatest.Make(t, "recording.mp4", mediatest.Join(noise, mediatest.Tone(20, 0), mediatest.H264(), []string{"-crf", "30"}, args)...)
}

// The values are the same whether all of the file is fetched or only what is needed, which is little.
func TestProbeFetchesLittle(t *testing.T) {
	for name, args := range map[string][]string{"index at the end": nil, "index at the front": {"-movflags", "+faststart"}} {
		t.Run(name, func(t *testing.T) {
			path := large(t, args...)
			f := newFixture(t, path, false)
			little := must(t, f)(f.Probe(t.Context(), false))
			all := newFixture(t, path, true)
			whole := must(t, all)(all.Probe(t.Context(), false))
			if diff := cmp.Diff(all.values(t, whole, "probe"), f.values(t, little, "probe")); diff != "" {
				t.Errorf("(-whole +parts)\n%s", diff)
			}
			sent, total := f.wire.Load(), size(t, path)
			t.Logf("fetched %d of %d bytes (%.1f %%)", sent, total, 100*float64(sent)/float64(total))
			if sent > total/5 {
				t.Errorf("fetched %d of %d bytes", sent, total)
			}
			if got := all.wire.Load(); got < total {
				t.Errorf("a source without parts sent %d of %d bytes", got, total)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	f := newFixture(t, mediatest.Recording(t, 8), false)
	msg := must(t, f)(f.Probe(t.Context(), true))
	values := f.values(t, msg, "probe")
	for name, want := range map[string]any{
		"container": "mp4", "hasVideo": true, "hasAudio": true, "videoCodec": "h264", "audioCodec": "aac", "width": 320, "height": 180,
		"frameRate": 15.0, "audioChannels": 1, "audioSampleRate": 48000, "pixelFormat": "yuv420p", "blackShare": 0.25,
	} {
		if values[name] != want {
			t.Errorf("%s = %v (%T), want %v", name, values[name], values[name], want)
		}
	}
	for name, want := range map[string]float64{"durationSeconds": 8, "silenceShare": 0.25, "loudnessLUFS": -21.8, "truePeakDBFS": -18} {
		if got, ok := values[name].(float64); !ok || math.Abs(got-want) > 0.05*math.Abs(want) {
			t.Errorf("%s = %v, want about %g", name, values[name], want)
		}
	}
	text, err := os.ReadFile(f.path(t, msg, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	var report probe.Report
	if err := json.Unmarshal(text, &report); err != nil || report.Video.Height != 180 || *report.Analysis.BlackShare != 0.25 {
		t.Errorf("%v\n%s", err, text)
	}
}

// Without a destination the values are reported all the same.
func TestProbeWithoutDestination(t *testing.T) {
	f := newFixture(t, mediatest.Recording(t, 8), false)
	f.Destination = nil
	msg := must(t, f)(f.Probe(t.Context(), false))
	if len(msg.Outputs) != 1 || msg.Outputs[0].URL != "" || f.values(t, msg, "probe")["videoCodec"] != "h264" {
		t.Errorf("%+v", msg)
	}
}

func TestProbeKinds(t *testing.T) {
	tests := map[string]struct {
		name string
		args []string
		want map[string]any
	}{
		"no audio":  {"a.mp4", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.H264()), map[string]any{"hasAudio": false, "hasVideo": true, "durationSeconds": 3.0}},
		"no video":  {"a.m4a", mediatest.Join(mediatest.Tone(3, 0), mediatest.H264()), map[string]any{"hasAudio": true, "hasVideo": false, "container": "mp4"}},
		"10 bits":   {"a.mp4", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.H264(), []string{"-pix_fmt", "yuv420p10le"}), map[string]any{"pixelFormat": "yuv420p10le"}},
		"odd sides": {"a.mp4", mediatest.Join(mediatest.Picture("321x181", 3, 0), mediatest.H264(), []string{"-pix_fmt", "yuv444p"}), map[string]any{"width": 321, "height": 181}},
		"WebM": {
			"a.webm", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.Tone(3, 0), []string{"-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"}),
			map[string]any{"container": "webm", "videoCodec": "vp8", "audioCodec": "opus"},
		},
		"WebM as browsers record it": {
			"a.webm", mediatest.Join(mediatest.Picture("320x180", 3, 0), []string{"-c:v", "libvpx", "-deadline", "realtime", "-live", "1"}),
			map[string]any{"container": "webm", "durationSeconds": 3.0},
		},
		"fragments": {
			"a.mp4", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.H264(), []string{"-movflags", "+frag_keyframe+empty_moov"}),
			map[string]any{"container": "mp4", "durationSeconds": 3.0},
		},
		"transport stream": {"a.ts", mediatest.Join(mediatest.Picture("320x180", 3, 0), mediatest.H264()), map[string]any{"container": "mpegts"}},
		"WAV":              {"a.wav", mediatest.Tone(3, 0), map[string]any{"container": "wav", "audioCodec": "pcm_s16le", "durationSeconds": 3.0}},
		"silence":          {"a.m4a", mediatest.Tone(3, 10), map[string]any{"hasAudio": true}},
	}
	for name, test := range tests {
		for level, analyze := range map[string]bool{"headers": false, "full": true} {
			t.Run(name+", "+level, func(t *testing.T) {
				f := newFixture(t, mediatest.Make(t, test.name, test.args...), false)
				values := f.values(t, must(t, f)(f.Probe(t.Context(), analyze)), "probe")
				for key, want := range test.want {
					got, isNumber := values[key].(float64)
					if wanted, ok := want.(float64); ok && isNumber && math.Abs(got-wanted) < 0.1 {
						continue // not all say where the last frame ends
					}
					if values[key] != want {
						t.Errorf("%s = %v, want %v, of %v", key, values[key], want, values)
					}
				}
				if _, ok := values["silenceShare"]; ok != (analyze && values["hasAudio"] == true) {
					t.Errorf("silenceShare = %v", values["silenceShare"])
				}
			})
		}
	}
}

func TestProbeFails(t *testing.T) {
	recording := mediatest.Recording(t, 8)
	front := mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("320x180", 8, 0), mediatest.Tone(8, 0), mediatest.H264(), []string{"-movflags", "+faststart"})...)
	webm := mediatest.Make(t, "a.webm", mediatest.Join(mediatest.Picture("320x180", 8, 0), []string{"-c:v", "libvpx", "-deadline", "realtime"})...)
	tests := map[string]struct{ path, text string }{
		"empty":                         {file(t, ""), "source is an empty file"},
		"text":                          {file(t, "no video at all, only text"), "source is not a recording that can be read"},
		"zeros":                         {file(t, string(make([]byte, 100_000))), "source is not a recording that can be read"},
		"HTML":                          {file(t, "<html>Please sign in</html>"), "source is an HTML page, not a recording"},
		"playlist of a secret":          {file(t, "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), "source is a playlist"},
		"picture":                       {mediatest.Make(t, "a.png", append(mediatest.Picture("64x36", 1, 0), "-frames:v", "1")...), "source is not a recording that can be read"},
		"cut, index at the end":         {cut(t, recording, 0.6), "source is a truncated recording; the recorder did not finish it"},
		"cut, index at the front":       {cut(t, front, 0.6), "source is a truncated recording"},
		"cut within the index":          {cut(t, front, 0.001), "source is a truncated recording"},
		"cut WebM":                      {cut(t, webm, 0.5), "the file is truncated: it ends at byte"},
		"index alone, nothing recorded": {cut(t, recording, 40.0/float64(size(t, recording))), "source is a truncated recording"},
	}
	for name, test := range tests {
		for level, analyze := range map[string]bool{"headers": false, "full": true} {
			t.Run(name+", "+level, func(t *testing.T) {
				f := newFixture(t, test.path, false)
				_, err := f.Probe(t.Context(), analyze)
				f.expect(t, err, sysexits.DataErr, test.text)
			})
		}
	}
}
