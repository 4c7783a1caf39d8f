// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// joinTS writes transport streams one after the other, each of which begins where the last one ends.
func joinTS(t *testing.T, parts ...string) string {
	t.Helper()
	var all []byte
	for _, part := range parts {
		all = append(all, readAll(t, part)...)
	}
	path := filepath.Join(t.TempDir(), "joined.ts")
	mediatest.Write(t, path, all)
	return path
}

// part makes a transport stream of 4 s that begins at a second.
func part(t *testing.T, begin int, args ...string) string {
	t.Helper()
	return mediatest.Make(t, fmt.Sprintf("part%d.ts", begin), mediatest.Join(clocks(4, 4), h264, args, []string{"-output_ts_offset", fmt.Sprint(begin)})...)
}

func fourSeconds(s float64) (picture, sound int) {
	return second(math.Mod(s, 4)), second(math.Mod(s, 4))
}

// A picture that changes its size, as when a participant's network gets slow, stays on the axis, in one size.
func TestPictureChangesItsSize(t *testing.T) {
	expectAxis(t, joinTS(t, part(t, 0), part(t, 4, "-vf", "scale=128:72"), part(t, 8, "-vf", "scale=32:18")), 12, fourSeconds)
}

// Sound that changes its rate or its channels stays on the axis, in everything that is made of it.
func TestSoundChangesItsFormat(t *testing.T) {
	mono, stereo := []string{"-ac", "1", "-ar", "44100"}, []string{"-ac", "2", "-ar", "48000"}
	for name, test := range map[string]struct {
		begins [3]int // of the parts, by the file's clock
		change [2][]string
	}{
		"rate":                              {[3]int{0, 4, 8}, [2][]string{mono, {"-ac", "1", "-ar", "48000"}}},
		"channels":                          {[3]int{0, 4, 8}, [2][]string{stereo, {"-ac", "1", "-ar", "48000"}}},
		"both":                              {[3]int{0, 4, 8}, [2][]string{mono, stereo}},
		"both, and the clock starts again":  {[3]int{0, 0, 0}, [2][]string{mono, stereo}},
		"both, and the clock goes far back": {[3]int{5000, 1000, 0}, [2][]string{mono, stereo}},
		"both, and the clock jumps ahead":   {[3]int{0, 3000, 6000}, [2][]string{stereo, mono}},
	} {
		t.Run(name, func(t *testing.T) {
			begins, change := test.begins, test.change
			f := local(t, joinTS(t, part(t, begins[0], change[0]...), part(t, begins[1], change[1]...), part(t, begins[2], change[0]...)))
			msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, HLS: true, Preset: web(t), SegmentSeconds: 4, Reencode: true}))
			for name, made := range map[string]string{"mp4": f.path(t, msg, "mp4"), "hls": f.join(t, msg)} {
				expectPicture(t, name, mediatest.See(t, made), 12, true, fourSeconds)
				expectSound(t, name, mediatest.Hear(t, made), monoAsStereo, 12, fourSeconds)
			}
			expectPlaylist(t, f.path(t, msg, "hls"), 12)
			waveform := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 10, Width: 100, Height: 50, Ink: color.Black}))
			if got := f.values(t, waveform, "peaks")["durationSeconds"].(float64); math.Abs(got-12) > 0.1 {
				t.Errorf("waveform of %g s", got)
			}
			audio := must(t, f)(f.Audio(t.Context(), formats(t, "wav")))
			heard := mediatest.Hear(t, f.path(t, audio, "wav"))
			for at := 1.5; at < 12; at++ {
				if louder := heard.At(at) > heard.At(at-1); louder != (int(at)%4 != 0) {
					t.Errorf("wav at %.1f s: louder than a second before: %v", at, louder)
				}
			}
			values := f.values(t, must(t, f)(f.Probe(t.Context(), true)), "probe")
			if got := values["durationSeconds"].(float64); math.Abs(got-12) > 0.1 || values["audioCodec"] != "aac" || values["container"] != "mpegts" || values["silenceShare"] != 0.0 {
				t.Errorf("%v", values)
			}
		})
	}
}

// A recording with common encryption is refused before it is decoded.
func TestEncryptedRecording(t *testing.T) {
	encryption := []string{
		"-encryption_scheme", "cenc-aes-ctr", "-encryption_key", strings.Repeat("76", 16), "-encryption_kid", strings.Repeat("a7", 16),
	}
	for name, args := range map[string][]string{
		"plain":      mediatest.Join(clocks(2, 2), h264, encryption),
		"fast start": mediatest.Join(clocks(2, 2), h264, encryption, []string{"-movflags", "+faststart"}),
		"fragmented": mediatest.Join(clocks(2, 2), h264, encryption, []string{"-movflags", "+frag_keyframe+empty_moov"}),
		"only sound": mediatest.Join(mediatest.ClockSound(2), []string{"-c:a", "aac"}, encryption),
	} {
		for _, whole := range []bool{false, true} {
			f := newFixture(t, mediatest.Make(t, "a.mp4", args...), whole)
			for step, run := range steps(t, f) {
				t.Run(fmt.Sprintf("%s, whole %v, %s", name, whole, step), func(t *testing.T) {
					_, err := run()
					f.expect(t, err, sysexits.DataErr, "source is an encrypted recording, which cannot be decoded; decrypt it first")
				})
			}
		}
	}
}

// Half an hour without sound takes little memory, at the beginning and in the middle, and the sound goes on in time.
func TestLongGapsTakeLittleMemory(t *testing.T) {
	const gap = 1800
	still := []string{"-f", "lavfi", "-i", fmt.Sprintf("color=gray:s=16x16:r=1:d=%d", gap+6), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le"}
	tidy := mediatest.Make(t, "a.mkv", mediatest.Join(mediatest.ClockSound(6), still)...)
	for name, from := range map[string]float64{"beginning": 0, "middle": 3} {
		t.Run(name, func(t *testing.T) {
			path := mediatest.Make(t, "gap.mkv", "-copyts", "-i", tidy, "-c", "copy", "-bsf:a", fmt.Sprintf(`setts=ts=TS+%d*gte(TS\,%g)`, gap*1000, from*1000))
			axis := timeline.New([]timeline.Stream{
				{Index: 0, Kind: timeline.Video, End: gap + 6}, {Index: 1, Start: 0, End: gap + 6, Gaps: []timeline.Gap{{From: from, To: gap + from}}},
			})
			if from == 0 {
				axis = timeline.New([]timeline.Stream{{Index: 0, Kind: timeline.Video, End: gap + 6}, {Index: 1, Start: gap, End: gap + 6}})
			}
			sound := timeline.Sound{Axis: axis, Tracks: []int{1}, Rate: 48000, Layout: "stereo"}
			out := filepath.Join(t.TempDir(), "a.flac")
			// Half an hour of such sound has 690 MB, of which ffmpeg would hold two.
			tools := ffmpeg.Tools{FFmpeg: "ffmpeg", Dir: filepath.Dir(out), MaxMemory: 1 << 30}
			args := mediatest.Join(axis.InputArgs(), timeline.KeepGraph(), ffmpeg.Input(path), []string{"-filter_complex", sound.Graph("s"), "-map", "[s]", out})
			if err := tools.Run(t.Context(), ffmpeg.Command{Args: args}); err != nil {
				t.Fatal(err)
			}
			heard := mediatest.Hear(t, out)
			for _, at := range []float64{0.5, 1.5, 2.5, 3.5, 100, gap, gap + 0.5, gap + 2.5, gap + 3.5, gap + 5.5} {
				want := mediatest.Nothing
				switch {
				case at < from:
					want = second(at)
				case at >= gap+from:
					want = second(at - gap)
				}
				if got := heard.Clock(at, monoAsStereo); got != want && at != gap {
					t.Errorf("at %.1f s: sound of second %d, want %d", at, got, want)
				}
			}
			if math.Abs(heard.Seconds()-gap-6) > 0.05 {
				t.Errorf("sound of %.3f s", heard.Seconds())
			}
			f := local(t, path)
			waveform := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 1, Width: 100, Height: 50, Ink: color.Black}))
			if got := f.values(t, waveform, "peaks")["durationSeconds"].(float64); math.Abs(got-gap-6) > 0.1 {
				t.Errorf("waveform of %g s", got)
			}
		})
	}
}
