// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/frames"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
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
