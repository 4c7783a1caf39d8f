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
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func caseOf(t *testing.T, name string) (*fixture, string) {
	t.Helper()
	path := filepath.Join("testdata", "cases", name)
	return local(t, path), path
}

// expectSeconds probes a case, both ways.
func (f *fixture) expectSeconds(t *testing.T, want float64) map[string]any {
	t.Helper()
	var values map[string]any
	for _, analyze := range []bool{false, true} {
		values = f.values(t, must(t, f)(f.Probe(t.Context(), analyze)), "probe")
		if got := values["durationSeconds"].(float64); math.Abs(got-want) > 0.05 {
			t.Errorf("durationSeconds = %g, want %g", got, want)
		}
	}
	return values
}

func TestCaseAudioGap(t *testing.T) {
	f, _ := caseOf(t, "audio-gap.webm")
	if got := f.expectSeconds(t, 12)["silenceShare"].(float64); math.Abs(got-1.0/3) > 0.01 {
		t.Errorf("silenceShare = %g", got)
	}
	audio := must(t, f)(f.Audio(t.Context(), formats(t, "aac", "opus", "wav")))
	for _, name := range []string{"aac", "opus", "wav"} {
		heard := mediatest.Hear(t, f.path(t, audio, name))
		if math.Abs(heard.Seconds()-12) > 0.1 {
			t.Errorf("%s: %.3f s", name, heard.Seconds())
		}
		for at := 0.5; at < 12; at += 0.5 {
			if silent := heard.At(at) < 0.01; silent != (at > 3.1 && at < 6.9) && math.Abs(at-3) > 0.2 && math.Abs(at-7) > 0.2 {
				t.Errorf("%s: at %.1f s: silent %v", name, at, silent)
			}
		}
	}
	waveform := must(t, f)(f.Waveform(t.Context(), media.WaveformOptions{PixelsPerSecond: 20, Width: 100, Height: 50, Ink: color.Black}))
	if got := f.values(t, waveform, "peaks")["durationSeconds"].(float64); math.Abs(got-12) > 0.05 {
		t.Errorf("waveform of %g s", got)
	}
}

// A picture that is shown from each of these times on, until the next.
func TestCaseSparseFrames(t *testing.T) {
	f, path := caseOf(t, "sparse-frames.webm")
	f.expectSeconds(t, 33)
	msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{HLS: true, Preset: web(t), SegmentSeconds: 6}))
	made := mediatest.See(t, f.join(t, msg))
	original := mediatest.See(t, path)
	changes := made.Changes(16)
	var late []float64
	for _, at := range changes {
		if at > 3.5 {
			late = append(late, at)
		}
	}
	if len(late) != 6 {
		t.Errorf("the picture changes at %.2f, its frames are at %.2f", changes, original.Times())
	}
	for i, at := range late {
		if want := float64(5 * (i + 1)); math.Abs(at-want) > 0.05 {
			t.Errorf("the picture of %g s is shown at %.3f s", want, at)
		}
	}
	if total := playlistSeconds(t, filepath.Join(filepath.Dir(f.path(t, msg, "hls")), "90p", "index.m3u8")); math.Abs(total-33) > 0.1 {
		t.Errorf("segments of %.3f s", total)
	}
}

func TestCaseTwoTracks(t *testing.T) {
	f, _ := caseOf(t, "two-tracks.mkv")
	if got := f.expectSeconds(t, 12)["audioTracks"]; got != 2 {
		t.Errorf("audioTracks = %v", got)
	}
	audio := must(t, f)(f.Audio(t.Context(), formats(t, "wav")))
	heard := mediatest.Hear(t, f.path(t, audio, "wav"))
	if math.Abs(heard.Seconds()-12) > 0.1 || heard.At(2) < 0.01 || heard.At(10) < 0.01 || heard.At(2) < 1.1*heard.At(10) {
		t.Errorf("%.3f s; level of both tracks %.3f, of one %.3f", heard.Seconds(), heard.At(2), heard.At(10))
	}
}

func TestCaseTrailingNewline(t *testing.T) {
	for _, name := range []string{"trailing-newline.mp4", "whole.mp4"} {
		f, _ := caseOf(t, name)
		f.expectSeconds(t, 4)
		sheet := picture(t, f.path(t, must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 64})), "contact-sheet"))
		if got, want := sheet.Bounds().Dx()/4, 128; got != want || sheet.Bounds().Dy() != 4*72 {
			t.Errorf("%s: contact sheet of %v, want 16 pictures", name, sheet.Bounds())
		}
	}
}

func TestCaseStartsAt100s(t *testing.T) {
	f, _ := caseOf(t, "starts-at-100s.mkv")
	f.expectSeconds(t, 4)
	msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, HLS: true, Preset: web(t), SegmentSeconds: 6}))
	for _, made := range []string{f.path(t, msg, "mp4"), f.join(t, msg)} {
		if heard, seen := mediatest.Hear(t, made), mediatest.See(t, made).Times(); math.Abs(heard.Seconds()-4) > 0.1 || seen[0] > 0.05 || math.Abs(seen[len(seen)-1]-3.95) > 0.1 {
			t.Errorf("%s: sound to %.3f s, picture from %.3f to %.3f s", made, heard.Seconds(), seen[0], seen[len(seen)-1])
		}
	}
}

func TestCaseLongLastFrame(t *testing.T) {
	f, _ := caseOf(t, "long-last-frame.mp4")
	f.expectSeconds(t, 22)
	msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, HLS: true, Preset: web(t), SegmentSeconds: 6}))
	expectPlaylist(t, f.path(t, msg, "hls"), 22)
	if times := mediatest.See(t, f.join(t, msg)).Times(); math.Abs(times[len(times)-1]-22) > 0.1 {
		t.Errorf("the last frame is shown at %.3f s", times[len(times)-1])
	}
	if info := inspect(t, f.path(t, msg, "mp4")); math.Abs(info.Duration-22) > 0.05 {
		t.Errorf("MP4 of %g s", info.Duration)
	}
}

// A track without packets is no audio, in every step, whatever the container.
func TestCaseEmptyAudioTrack(t *testing.T) {
	webm := filepath.Join("testdata", "cases", "empty-audio-track.webm")
	paths := map[string]string{
		"WebM":       webm,
		"Matroska":   mediatest.Make(t, "a.mkv", "-i", webm, "-map", "0", "-c", "copy"),
		"MP4":        mediatest.Make(t, "a.mp4", mediatest.Join(clocks(3, 3), h264, []string{"-bsf:a", "noise=drop=1"})...),
		"fragmented": mediatest.Make(t, "a.mp4", mediatest.Join(clocks(3, 3), h264, []string{"-bsf:a", "noise=drop=1", "-movflags", "+frag_keyframe+empty_moov"})...),
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			f := local(t, path)
			if values := f.expectSeconds(t, 3); values["hasAudio"] != false || values["audioTracks"] != 0 {
				t.Errorf("%v", values)
			}
			for step, run := range steps(t, f) {
				_, err := run()
				switch needs := step == "audio" || step == "speech" || step == "waveform"; {
				case needs && (sysexits.Code(err) != sysexits.DataErr || !strings.Contains(fmt.Sprint(err), "the recording has no audio")):
					t.Errorf("%s: %v", step, err)
				case !needs && err != nil:
					t.Errorf("%s: %v", step, err)
				}
			}
		})
	}
}

func TestCaseCutFastStart(t *testing.T) {
	f, _ := caseOf(t, "cut-faststart.mp4")
	for step, run := range steps(t, f) {
		_, err := run()
		if sysexits.Code(err) != sysexits.DataErr || !strings.Contains(fmt.Sprint(err), "source is a truncated recording") {
			t.Errorf("%s: %v", step, err)
		}
	}
}

// Voices on the left and the right are as loud in the mono mix as they are in stereo.
func TestCaseStereoPanned(t *testing.T) {
	f, _ := caseOf(t, "stereo-panned.m4a")
	f.expectSeconds(t, 6)
	audio := must(t, f)(f.Audio(t.Context(), formats(t, "aac", "wav")))
	for _, name := range []string{"aac", "wav"} {
		made := local(t, f.path(t, audio, name))
		got := made.values(t, must(t, made)(made.Probe(t.Context(), true)), "probe")["loudnessLUFS"].(float64)
		if math.Abs(got+16) > 0.5 {
			t.Errorf("%s has %g LUFS, want -16", name, got)
		}
	}
}

// Pictures of a high dynamic range are shown neither grey nor burnt out: white stays white, and black stays black.
func TestHighDynamicRange(t *testing.T) {
	for name, transfer := range map[string]string{"PQ": "smpte2084", "HLG": "arib-std-b67"} {
		t.Run(name, func(t *testing.T) {
			tags := []string{"-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"}
			bars := "color=black:s=64x36:r=25:d=2,drawbox=x=32:w=32:h=36:t=fill:c=white,zscale=tin=bt709:min=bt709:pin=bt709:t=" + transfer + ":m=2020_ncl:p=2020,format=yuv420p10le"
			path := mediatest.Make(t, "hdr.mp4", mediatest.Join([]string{"-f", "lavfi", "-i", bars}, tags,
				[]string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:colorprim=bt2020:transfer=" + transfer + ":colormatrix=bt2020nc"})...)
			f := local(t, path)
			msg := must(t, f)(f.Transcode(t.Context(), media.TranscodeOptions{MP4: true, Preset: web(t)}))
			info := inspect(t, f.path(t, msg, "mp4"))
			if info.Video.IsHDR() || info.Video.PixelFormat != "yuv420p" {
				t.Errorf("%+v", info.Video)
			}
			made := must(t, f)(f.Thumbnail(t.Context(), media.ThumbnailOptions{Size: 64}))
			poster := picture(t, f.path(t, made, "poster"))
			dark, _, _, _ := poster.At(8, 18).RGBA()
			bright, _, _, _ := poster.At(56, 18).RGBA()
			if dark>>8 > 40 || bright>>8 < 150 {
				t.Errorf("black is %d, white is %d of 255", dark>>8, bright>>8)
			}
		})
	}
}
