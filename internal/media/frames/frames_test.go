// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package frames_test

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/media/frames"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
)

func TestInterval(t *testing.T) {
	tests := []struct {
		duration, wanted, interval float64
		count                      int
	}{
		{0.2, 0, 1, 1}, {30, 0, 1, 30}, {30, 7, 7, 5}, {30, 0.1, 1, 30}, {100.5, 0, 2, 51}, {3600, 0, 36, 100}, {3600, 10, 36, 100}, {86400, 0, 864, 100}, {0, 0, 1, 1},
	}
	for _, test := range tests {
		interval := frames.Interval(test.duration, test.wanted)
		if count := frames.Count(test.duration, interval); interval != test.interval || count != test.count {
			t.Errorf("%g s, %g wanted: %d at %g, want %d at %g", test.duration, test.wanted, count, interval, test.count, test.interval)
		}
	}
}

func track(t *testing.T, args ...string) *mp4.Track {
	t.Helper()
	content, err := os.ReadFile(mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("64x36", 6, 0), mediatest.H264(), args)...))
	if err != nil {
		t.Fatal(err)
	}
	index, err := mp4.ReadIndex(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return index.Video()
}

func TestPickSamples(t *testing.T) {
	pick, ok := frames.PickSamples(track(t, "-g", "30"), 0, 6, 1)
	if !ok || len(pick.Samples) != 3 || !slices.Equal(pick.Of, []int{0, 1, 1, 2, 2, 2}) { // at 0, 2 and 4 s
		t.Errorf("%+v, %v", pick, ok)
	}
	if _, ok := frames.PickSamples(track(t, "-g", "1000"), 0, 6, 1); !ok {
		t.Error("a picture for 6 s does do")
	}
	if late, ok := frames.PickSamples(track(t, "-g", "30"), 3, 9, 1); !ok || late.Samples[0].Time != 3 || !slices.Equal(late.Of, []int{0, 0, 0, 0, 1, 1, 2, 2, 2}) {
		t.Errorf("3 s late: %+v, %v", late, ok)
	}
	if _, ok := frames.PickSamples(track(t, "-g", "1000", "-vf", "setpts=4*PTS"), 0, 24, 1); ok {
		t.Error("one picture for 24 s is too little")
	}
}

func TestNearestTimes(t *testing.T) {
	if got := frames.NearestTimes([]float64{0, 1, 2.6, 9}, 5, 1); !slices.Equal(got, []int{0, 1, 2, 2, 2}) {
		t.Errorf("%v", got)
	}
}

// filled is a picture of one grey, of which every other column differs by contrast.
func filled(grey, contrast uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, 32, 18))
	for i := range img.Pix {
		img.Pix[i] = grey + uint8(i%4)*contrast/3
	}
	return img
}

func TestChoosePoster(t *testing.T) {
	black, white, dim, rich := filled(0, 0), filled(255, 0), filled(16, 3), filled(60, 90)
	text := filled(0, 0).(*image.Gray)
	text.SetGray(3, 3, color.Gray{Y: 255})
	tests := map[string]struct {
		pictures []image.Image
		want     int
		black    bool
	}{
		"black first":          {[]image.Image{black, dim, rich, rich}, 2, false},
		"one colour first":     {[]image.Image{white, rich}, 1, false},
		"all black":            {[]image.Image{black, text, black}, 1, true},
		"only one colour":      {[]image.Image{black, white}, 1, false},
		"one":                  {[]image.Image{black}, 0, true},
		"nothing in a picture": {[]image.Image{image.NewGray(image.Rect(0, 0, 0, 0)), rich}, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var looks []frames.Look
			for _, img := range test.pictures {
				looks = append(looks, frames.LookAt(img))
			}
			if got := frames.ChoosePoster(looks); got != test.want || looks[got].Black() != test.black {
				t.Errorf("picture %d, black %v, of %+v", got, looks[got].Black(), looks)
			}
		})
	}
	if frames.ChoosePoster(nil) != 0 {
		t.Error("none")
	}
}

// A thumbnail has even sides, is in its square, and has the picture's shape as far as pixels go.
func TestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 8000).Draw(t, "width"), rapid.IntRange(1, 8000).Draw(t, "height")
		square := rapid.IntRange(32, 1024).Draw(t, "square")
		w, h := frames.Fit(width, height, square)
		if w%2 != 0 || h%2 != 0 || w < 2 || h < 2 || w > square || h > square || w > max(width, 2) || h > max(height, 2) {
			t.Fatalf("%d x %d", w, h)
		}
	})
	if w, h := frames.Fit(1920, 1080, 160); w != 160 || h != 90 {
		t.Errorf("%d x %d", w, h)
	}
}

func TestSheetAndTrack(t *testing.T) {
	sheet := frames.NewSheet(12, frames.SpriteColumns, image.Pt(4, 2))
	sheet.Put(11, filled(200, 0))
	if got := sheet.Image().Bounds(); got != image.Rect(0, 0, 40, 4) {
		t.Errorf("sheet of %v", got)
	}
	for at, want := range map[image.Point]uint32{{X: 4, Y: 2}: 200, {X: 7, Y: 3}: 200, {X: 8, Y: 2}: 0, {X: 4, Y: 1}: 0} {
		if got, _, _, _ := sheet.Image().At(at.X, at.Y).RGBA(); got>>8 != want {
			t.Errorf("at %v: %d, want %d", at, got>>8, want)
		}
	}
	track := frames.Track(sheet, "thumbnails.jpg", 3661.5*12, 3661.5)
	for _, want := range []string{
		"WEBVTT\n\n00:00:00.000 --> 01:01:01.500\nthumbnails.jpg#xywh=0,0,4,2\n",
		"\n\n11:11:16.500 --> 12:12:18.000\nthumbnails.jpg#xywh=4,2,4,2\n",
	} {
		if !strings.Contains(track, want) {
			t.Errorf("no %q in\n%s", want, track)
		}
	}
	if got := frames.Track(frames.NewSheet(1, 10, image.Pt(2, 2)), "a", 0, 1); !strings.Contains(got, "00:00:00.000 --> 00:00:00.001") {
		t.Errorf("a cue must last: %s", got)
	}
}

func TestContactSheet(t *testing.T) {
	tests := map[int]struct {
		shown   []int
		columns int
	}{
		1:   {[]int{0}, 1},
		3:   {[]int{0, 1, 2}, 2},
		100: {[]int{3, 9, 15, 21, 28, 34, 40, 46, 53, 59, 65, 71, 78, 84, 90, 96}, 4},
	}
	for count, want := range tests {
		shown, columns := frames.ContactSheet(count)
		if diff := cmp.Diff(want.shown, shown); diff != "" || columns != want.columns {
			t.Errorf("%d pictures: %d columns, (-want +got)\n%s", count, columns, diff)
		}
	}
}
