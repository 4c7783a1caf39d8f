// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func parseFloat(t *testing.T, text string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The arguments of outputs.
var (
	vp8  = []string{"-c:v", "libvpx", "-b:v", "300k", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-c:a", "libopus", "-b:a", "64k"}
	h264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", "-b:a", "96k"}
	// reordered has frames that are shown after later ones, as encoders for files make them.
	reordered = []string{"-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-bf", "3", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "-b:a", "96k"}
)

// clocks returns ffmpeg's arguments for a picture and a sound of so many seconds.
func clocks(picture, sound float64) []string {
	return mediatest.Join(mediatest.ClockPicture(25, picture), mediatest.ClockSound(sound))
}

// Every kind of recording keeps its time axis in everything that is made of it.
func TestKindsKeepTheAxis(t *testing.T) {
	tidy := func(s float64) (int, int) { return second(s), second(s) }
	// hold is a picture that stays from a second on.
	hold := func(last int) happened {
		return func(s float64) (int, int) { return min(second(s), last), second(s) }
	}
	delayed := func(args ...string) []string { // the second input, by an offset
		return mediatest.Join(mediatest.ClockPicture(25, 8), args, mediatest.ClockSound(8))
	}
	lateSound := func(s float64) (int, int) {
		sound := mediatest.Nothing
		if s >= 3 {
			sound = second(s - 3)
		}
		return min(int(s), 7), sound
	}
	later := func(s float64) (int, int) { // by 2.7 s, the sound
		sound := mediatest.Nothing
		if s >= 2.7 {
			sound = second(s - 2.7)
		}
		return min(int(s), 7), sound
	}
	laterPicture := func(s float64) (int, int) {
		picture := mediatest.Nothing
		if s >= 2.7 {
			picture = second(s - 2.7)
		}
		return picture, between(s, 0, 8)
	}
	// before puts an offset before the picture.
	before := func(offset string, args []string) []string {
		return mediatest.Join([]string{"-itsoffset", offset}, clocks(8, 8), args, []string{"-fps_mode", "passthrough"})
	}
	gap := func(s float64) (int, int) {
		if s >= 3 && s < 6 {
			return second(s), mediatest.Nothing
		}
		return second(s), second(s)
	}
	// dropSound copies a recording without its packets of sound from 3 s to 6 s. They can be dropped by their times only where they
	// have those of a container.
	dropSound := func(args []string) []string {
		whole := mediatest.Make(t, "whole.mkv", mediatest.Join(clocks(9, 9), args)...)
		gap := mediatest.Make(t, "gap.mkv", "-i", whole, "-c", "copy", "-bsf:a", "noise=drop='gte(pts*tb,3)*lt(pts*tb,6)'")
		return []string{"-i", gap, "-c", "copy"}
	}
	tests := map[string]struct {
		name     string
		args     []string
		duration float64
		want     happened
	}{
		"tidy WebM":                {"a.webm", mediatest.Join(clocks(6, 6), vp8), 6, tidy},
		"tidy MP4":                 {"a.mp4", mediatest.Join(clocks(6, 6), h264), 6, tidy},
		"MP4 of reordered frames":  {"a.mp4", mediatest.Join(clocks(6, 6), reordered), 6, tidy},
		"MOV":                      {"a.mov", mediatest.Join(clocks(6, 6), reordered, []string{"-c:a", "pcm_s16le"}), 6, tidy},
		"fragmented MP4":           {"a.mp4", mediatest.Join(clocks(6, 6), h264, []string{"-movflags", "+frag_keyframe+empty_moov"}), 6, tidy},
		"MPEG-TS":                  {"a.ts", mediatest.Join(clocks(6, 6), reordered), 6, tidy},
		"live WebM":                {"a.webm", mediatest.Join(clocks(6, 6), vp8, []string{"-live", "1"}), 6, tidy},
		"late sound, MKV":          {"a.mkv", mediatest.Join(delayed("-itsoffset", "3"), h264), 11, lateSound},
		"late sound, MP4":          {"a.mp4", mediatest.Join(delayed("-itsoffset", "3"), reordered), 11, lateSound},
		"late sound, TS":           {"a.ts", mediatest.Join(delayed("-itsoffset", "3"), h264), 11, lateSound},
		"sound 2.7 s late, MP4":    {"a.mp4", mediatest.Join(delayed("-itsoffset", "2.7"), h264), 10.7, later},
		"sound 2.7 s late, WebM":   {"a.webm", mediatest.Join(delayed("-itsoffset", "2.7"), vp8), 10.7, later},
		"sound 2.7 s late, TS":     {"a.ts", mediatest.Join(delayed("-itsoffset", "2.7"), reordered), 10.7, later},
		"picture 2.7 s late, MP4":  {"a.mp4", before("2.7", h264), 10.7, laterPicture},
		"picture 2.7 s late, WebM": {"a.webm", before("2.7", vp8), 10.7, laterPicture},
		"picture 2.7 s late, MKV":  {"a.mkv", before("2.7", reordered), 10.7, laterPicture},
		"picture 2.7 s late, TS":   {"a.ts", before("2.7", h264), 10.7, laterPicture},
		"clock wraps, TS":          {"a.ts", mediatest.Join(clocks(6, 6), h264, []string{"-output_ts_offset", "95440"}), 6, tidy},
		"starts at 7 s, MP4":       {"a.mp4", mediatest.Join(clocks(6, 6), reordered, []string{"-output_ts_offset", "7"}), 6, tidy},
		"FLV":                      {"a.flv", mediatest.Join(clocks(6, 6), reordered, []string{"-ar", "44100"}), 6, tidy},
		"VFR":                      {"a.mkv", mediatest.Join(clocks(6, 6), []string{"-vf", `select=lt(mod(n*7\,11)\,4)+not(mod(n\,25))`, "-fps_mode", "vfr"}, reordered), 6, tidy},
		"gaps in both": {"a.webm", mediatest.Join(dropSound(vp8), []string{"-c:v", "libvpx", "-b:v", "300k", "-deadline", "realtime", "-vf", `select=lt(t\,2)+gte(t\,5)`, "-fps_mode", "vfr"}), 9, func(s float64) (int, int) {
			picture, sound := second(s), second(s)
			if s >= 2 && s < 5 {
				picture = 1
			}
			if s >= 3 && s < 6 {
				sound = mediatest.Nothing
			}
			return picture, sound
		}},
		"early sound": {"a.webm", mediatest.Join([]string{"-itsoffset", "3"}, clocks(8, 8), vp8), 11, func(s float64) (int, int) {
			if s < 3 {
				return mediatest.Nothing, second(s)
			}
			return second(s - 3), between(s, 0, 8)
		}},
		"early sound, MP4": {"a.mp4", mediatest.Join([]string{"-itsoffset", "3"}, clocks(8, 8), reordered, []string{"-fps_mode", "passthrough"}), 11, func(s float64) (int, int) {
			if s < 3 {
				return mediatest.Nothing, second(s)
			}
			return second(s - 3), between(s, 0, 8)
		}},
		"gap in the sound, WebM":       {"a.webm", dropSound(vp8), 9, gap},
		"gap in the sound, MP4":        {"a.mp4", dropSound(h264), 9, gap},
		"gap in the sound, fragmented": {"a.mp4", mediatest.Join(dropSound(h264), []string{"-movflags", "+frag_keyframe+empty_moov"}), 9, gap},
		"gap in the picture": {"a.webm", mediatest.Join(clocks(9, 9), []string{"-vf", `select=lt(t\,3)+gte(t\,6)`, "-fps_mode", "vfr"}, vp8), 9, func(s float64) (int, int) {
			if s >= 3 && s < 6 {
				return 2, second(s)
			}
			return second(s), second(s)
		}},
		"sparse frames": {"a.mkv", mediatest.Join(clocks(13, 13), []string{"-vf", `select=lt(t\,2)+not(mod(n\,100))`, "-fps_mode", "vfr"}, h264), 13, func(s float64) (int, int) {
			if s < 2 {
				return second(s), second(s)
			}
			return []int{1, 4, 8, 2}[int(s)/4], second(s)
		}},
		"a frame a second":            {"a.webm", mediatest.Join(mediatest.ClockPicture(1, 7), mediatest.ClockSound(7), vp8), 7, tidy},
		"picture ends first":          {"a.webm", mediatest.Join(clocks(4, 9), vp8), 9, hold(3)},
		"picture ends first, MP4":     {"a.mp4", mediatest.Join(clocks(4, 9), reordered), 9, hold(3)},
		"sound ends first":            {"a.mp4", mediatest.Join(clocks(9, 4), h264), 9, func(s float64) (int, int) { return second(s), between(s, 0, 4) }},
		"starts at 100 s":             {"a.mkv", mediatest.Join(clocks(5, 5), h264, []string{"-output_ts_offset", "100"}), 5, tidy},
		"starts at 100 s, late sound": {"a.mkv", mediatest.Join(delayed("-itsoffset", "3"), vp8, []string{"-output_ts_offset", "100"}), 11, lateSound},
		"odd size":                    {"a.webm", mediatest.Join(clocks(4, 4), []string{"-vf", "scale=161:91"}, vp8), 4, tidy},
		"turned":                      {"a.mp4", []string{"-i", mediatest.Make(t, "plain.mp4", mediatest.Join(clocks(4, 4), h264)...), "-c", "copy", "-metadata:s:v:0", "rotate=90"}, 4, tidy},
		"one frame":                   {"a.mkv", mediatest.Join(clocks(6, 6), []string{"-vf", `select=eq(n\,0)`, "-fps_mode", "vfr"}, h264), 6, hold(0)},
		"no sound":                    {"a.webm", mediatest.Join(mediatest.ClockPicture(25, 5), vp8), 5, func(s float64) (int, int) { return second(s), mediatest.Nothing }},
		"only sound, Ogg":             {"a.ogg", mediatest.Join(mediatest.ClockSound(5), []string{"-c:a", "libopus"}), 5, func(s float64) (int, int) { return mediatest.Nothing, second(s) }},
		"only sound, m4a":             {"a.m4a", mediatest.Join(mediatest.ClockSound(5), []string{"-c:a", "aac"}), 5, func(s float64) (int, int) { return mediatest.Nothing, second(s) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expectAxis(t, mediatest.Make(t, test.name, test.args...), test.duration, test.want)
		})
	}
}

// A clock that starts again in the middle of a file is taken for what it is: the recording goes on.
func TestRestartedClock(t *testing.T) {
	first := mediatest.Make(t, "a.ts", mediatest.Join(clocks(5, 5), h264)...)
	second2 := mediatest.Make(t, "a.ts", mediatest.Join(clocks(4, 4), h264, []string{"-output_ts_offset", "0"})...)
	path := filepath.Join(t.TempDir(), "joined.ts")
	mediatest.Write(t, path, append(readAll(t, first), readAll(t, second2)...))
	expectAxis(t, path, 9, func(s float64) (int, int) {
		if s < 5 {
			return second(s), second(s)
		}
		return second(s - 5), second(s - 5)
	})
}

// A clock that jumps ahead by hours while nothing is recorded was set: nothing is shown or heard for hours.
func TestClockThatJumpsAhead(t *testing.T) {
	tidy := mediatest.Make(t, "a.mkv", mediatest.Join(clocks(6, 6), h264)...)
	jumps := `setts=ts=TS+1e7*gte(TS\,4000)` // in milliseconds
	path := mediatest.Make(t, "jumps.mkv", "-copyts", "-i", tidy, "-c", "copy", "-bsf:v", jumps, "-bsf:a", jumps)
	if end := mediatest.Packets(t, path, "v:0"); end[len(end)-1] < 10000 {
		t.Fatalf("the clock does not jump: %v", end[len(end)-1])
	}
	expectAxis(t, path, 6, func(s float64) (int, int) { return second(s), second(s) })
}

// Several tracks are mixed at their times, whatever their layouts and rates, or one is chosen.
func TestAudioTracks(t *testing.T) {
	path := mediatest.Make(t, "a.mkv", mediatest.Join(mediatest.ClockPicture(25, 9), mediatest.ClockSound(3), []string{"-itsoffset", "5"}, mediatest.ClockSound(4),
		[]string{"-map", "0:v", "-map", "1:a", "-map", "2:a"}, h264, []string{"-ar:a:0", "22050", "-ac:a:1", "2"})...)
	type chosen struct {
		tracks media.AudioTracks
		used   int
		want   func(float64) int
	}
	late := func(s float64) int {
		if s < 5 {
			return mediatest.Nothing
		}
		return second(s - 5)
	}
	for name, test := range map[string]chosen{
		"mix":   {media.AudioTracks{}, 2, func(s float64) int { return max(between(s, 0, 3), late(s)) }},
		"first": {media.AudioTracks{One: 1}, 1, func(s float64) int { return between(s, 0, 3) }},
	} {
		t.Run(name, func(t *testing.T) {
			f := local(t, path)
			f.Tracks = test.tracks
			waveform := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 10, Width: 100, Height: 50, Ink: color.Black}))
			var peaks struct{ Data []int }
			if err := json.Unmarshal(readAll(t, f.path(t, waveform, "peaks")), &peaks); err != nil {
				t.Fatal(err)
			}
			for at := 0.5; at < 9; at++ {
				heard, want := float64(peaks.Data[2*int(at*10)+1])/128 > 0.02, test.want(at)
				if heard != (want != mediatest.Nothing) {
					t.Errorf("at %.1f s: sound %v, want second %d", at, heard, want)
				}
			}
			audio := must(t, f)(f.Audio(t.Context(), formats(t, "wav")))
			if got := f.values(t, audio, "wav")["audioTracks"]; got != test.used {
				t.Errorf("audioTracks = %v, want %d", got, test.used)
			}
		})
	}
	f := local(t, path)
	f.Tracks = media.AudioTracks{One: 3}
	_, err := f.Audio(t.Context(), formats(t, "wav"))
	f.expect(t, err, sysexits.DataErr, "the recording has no audio track 3; it has 2 audio tracks; choose one with --audio-tracks")
}

// A file that was cut ends every step, wherever it was cut.
func TestCutFiles(t *testing.T) {
	kinds := map[string]struct {
		name string
		args []string
		cuts []float64 // shares that stay; above 1: bytes that go
	}{
		"index at the front": {"a.mp4", mediatest.Join(clocks(4, 4), h264, []string{"-movflags", "+faststart"}), []float64{0.02, 0.5, 0.9, 0.99, 2}},
		"index at the end":   {"a.mp4", mediatest.Join(clocks(4, 4), h264), []float64{0.02, 0.5, 0.9, 0.99, 2}},
		"fragments":          {"a.mp4", mediatest.Join(clocks(4, 4), h264, []string{"-movflags", "+frag_keyframe+empty_moov"}), []float64{0.5, 0.9, 0.99, 2}},
		"MOV":                {"a.mov", mediatest.Join(clocks(4, 4), reordered), []float64{0.5, 0.9, 0.99}},
		"Matroska":           {"a.mkv", mediatest.Join(clocks(4, 4), reordered), []float64{0.5, 0.9, 0.99}},
		"WebM":               {"a.webm", mediatest.Join(clocks(4, 4), vp8), []float64{0.5, 0.9, 0.99, 2}},
		"live WebM":          {"a.webm", mediatest.Join(clocks(4, 4), vp8, []string{"-live", "1"}), []float64{0.5, 0.95, 2}},
		"MPEG-TS":            {"a.ts", mediatest.Join(clocks(4, 4), h264), []float64{2}},
		"Ogg":                {"a.ogg", mediatest.Join(mediatest.ClockSound(4), []string{"-c:a", "libopus"}), []float64{0.5, 2}},
		"WAV":                {"a.wav", mediatest.ClockSound(4), []float64{0.5, 2}},
	}
	for name, kind := range kinds {
		whole := readAll(t, mediatest.Make(t, kind.name, kind.args...))
		for _, cut := range kind.cuts {
			rest := len(whole) - int(cut) + 1
			if cut < 1 {
				rest = int(float64(len(whole)) * cut)
			}
			path := filepath.Join(t.TempDir(), kind.name)
			mediatest.Write(t, path, whole[:rest])
			f := local(t, path)
			for step, run := range steps(t, f) {
				_, err := run()
				if sysexits.Code(err) != sysexits.DataErr || !strings.Contains(fmt.Sprint(err), "truncated recording") {
					t.Errorf("%s of %d bytes cut to %d, %s: %v", name, len(whole), rest, step, err)
				}
			}
		}
	}
}

// steps are all steps that look into a recording.
func steps(t *testing.T, f *fixture) map[string]func() (outputs.Message, error) {
	t.Helper()
	ctx := t.Context()
	return map[string]func() (outputs.Message, error){
		"probe":    func() (outputs.Message, error) { return f.Probe(ctx, false) },
		"analysis": func() (outputs.Message, error) { return f.Probe(ctx, true) },
		"audio":    func() (outputs.Message, error) { return f.Audio(ctx, formats(t, "aac")) },
		"speech":   func() (outputs.Message, error) { return f.Audio(ctx, formats(t, "wav")) },
		"waveform": func() (outputs.Message, error) {
			return f.Waveform(ctx, media.WaveformOptions{PixelsPerSecond: 10, Width: 100, Height: 50, Ink: color.Black})
		},
		"thumbnail": func() (outputs.Message, error) { return f.Thumbnail(ctx, media.ThumbnailOptions{Size: 64}) },
		"transcode": func() (outputs.Message, error) {
			return f.Transcode(ctx, media.TranscodeOptions{MP4: true, HLS: true, Preset: web(t), SegmentSeconds: 4})
		},
	}
}

// What follows a complete file does not matter.
func TestTrailingBytes(t *testing.T) {
	tails := map[string]string{"newline": "\n", "ID3": "TAG" + string(make([]byte, 125)), "free box": "\x00\x00\x00\x08free", "half a box": "\x00\x00\x10\x00mdat"}
	kinds := map[string][]string{
		"a.mp4":     mediatest.Join(clocks(2, 2), h264),
		"front.mp4": mediatest.Join(clocks(2, 2), h264, []string{"-movflags", "+faststart"}),
		"a.webm":    mediatest.Join(clocks(2, 2), vp8),
		"a.ts":      mediatest.Join(clocks(2, 2), h264),
	}
	for name, args := range kinds {
		whole := readAll(t, mediatest.Make(t, name, args...))
		for what, tail := range tails {
			t.Run(name+", "+what, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), name)
				mediatest.Write(t, path, append(append([]byte(nil), whole...), tail...))
				f := local(t, path)
				values := f.values(t, must(t, f)(f.Probe(t.Context(), false)), "probe")
				if got := values["durationSeconds"].(float64); got < 1.9 || got > 2.1 {
					t.Errorf("durationSeconds = %g", got)
				}
			})
		}
	}
}

// A recording of an instant is whole, in everything that is made of it.
func TestShortRecordings(t *testing.T) {
	for name, args := range map[string][]string{
		"a.mp4": h264, "reordered.mp4": reordered, "a.webm": vp8, "a.mkv": h264, "a.ts": h264,
	} {
		t.Run(name, func(t *testing.T) {
			f := local(t, mediatest.Make(t, name, mediatest.Join(clocks(0.3, 0.3), args)...))
			for step, run := range steps(t, f) {
				msg := must(t, f)(run())
				switch step {
				case "probe", "analysis":
					if got := f.values(t, msg, "probe")["durationSeconds"].(float64); math.Abs(got-0.3) > 0.1 {
						t.Errorf("durationSeconds = %g", got)
					}
				case "speech":
					if got := mediatest.Hear(t, f.path(t, msg, "wav")).Seconds(); math.Abs(got-0.3) > 0.1 {
						t.Errorf("speech of %.3f s", got)
					}
				case "transcode":
					for _, made := range []string{f.path(t, msg, "mp4"), f.join(t, msg)} {
						if seen := mediatest.See(t, made); seen.Clock(0.1) != 0 {
							t.Errorf("%s: picture of second %d", made, seen.Clock(0.1))
						}
					}
					expectPlaylist(t, f.path(t, msg, "hls"), 0.3)
				}
			}
		})
	}
}

// Sound of any layout gets the loudness that it is to have, in mono and stereo, at its time.
func TestLayouts(t *testing.T) {
	for _, layout := range []string{"mono", "stereo", "5.1", "7.1"} {
		t.Run(layout, func(t *testing.T) {
			channels := map[string]int{"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}[layout]
			tones := make([]string, channels)
			for i := range tones {
				tones[i] = fmt.Sprintf("0.1*sin(2*PI*%d*t)*gte(t\\,2)", 300+40*i)
			}
			source := fmt.Sprintf("aevalsrc=exprs='%s':c=%s:s=48000:d=6", strings.Join(tones, "|"), layout)
			f := local(t, mediatest.Make(t, "a.mkv", mediatest.Join(mediatest.ClockPicture(25, 6), []string{"-f", "lavfi", "-i", source}, h264, []string{"-c:a", "pcm_s16le"})...))
			msg := must(t, f)(f.Audio(t.Context(), formats(t, "aac", "opus", "wav")))
			web := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, Preset: web(t)}))
			for name, path := range map[string]string{"aac": f.path(t, msg, "aac"), "opus": f.path(t, msg, "opus"), "wav": f.path(t, msg, "wav"), "mp4": f.path(t, web, "mp4")} {
				heard := mediatest.Hear(t, path)
				if math.Abs(heard.Seconds()-6) > 0.1 || heard.At(1.5) > 0.005 || heard.At(2.5) < 0.02 || heard.At(5.5) < 0.02 {
					t.Errorf("%s: %.3f s, levels %.3f, %.3f, %.3f", name, heard.Seconds(), heard.At(1.5), heard.At(2.5), heard.At(5.5))
				}
				if name == "mp4" {
					continue
				}
				made := local(t, path)
				if got := made.values(t, must(t, made)(made.Probe(t.Context(), true)), "probe")["loudnessLUFS"].(float64); math.Abs(got+16) > 1 {
					t.Errorf("%s has %g LUFS", name, got)
				}
			}
		})
	}
}
