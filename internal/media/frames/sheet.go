// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package frames

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"time"
)

// SpriteColumns is how many thumbnails are in a row of a sprite.
const SpriteColumns = 10

// Fit returns the largest size of a picture's shape within a square, of even sides, and never larger than the picture but
// for sides of 2.
func Fit(width, height, square int) (w, h int) {
	scale := min(float64(square)/float64(max(width, height, 1)), 1)
	even := func(side int) int { return max(int(math.Round(float64(side)*scale))/2*2, 2) }
	return even(width), even(height)
}

// Sheet is a grid of pictures of one size.
type Sheet struct {
	tile    image.Point
	columns int
	image   *image.RGBA
}

// NewSheet returns a sheet for count pictures in so many columns, or fewer when there are fewer pictures.
func NewSheet(count, columns int, tile image.Point) *Sheet {
	columns = max(min(columns, count), 1)
	rows := (count + columns - 1) / columns
	s := &Sheet{tile: tile, columns: columns, image: image.NewRGBA(image.Rect(0, 0, columns*tile.X, rows*tile.Y))}
	draw.Draw(s.image, s.image.Bounds(), image.NewUniform(color.Black), image.Point{}, draw.Src)
	return s
}

// At returns where picture i is.
func (s *Sheet) At(i int) image.Rectangle {
	corner := image.Pt(i%s.columns*s.tile.X, i/s.columns*s.tile.Y)
	return image.Rectangle{Min: corner, Max: corner.Add(s.tile)}
}

// Put draws picture i.
func (s *Sheet) Put(i int, img image.Image) {
	draw.Draw(s.image, s.At(i), img, img.Bounds().Min, draw.Src)
}

// Image returns the sheet.
func (s *Sheet) Image() image.Image { return s.image }

// MaxContacts is how many pictures a contact sheet has at most.
const MaxContacts = 16

// ContactSheet returns which of count pictures a contact sheet shows, spread evenly, and in how many columns.
func ContactSheet(count int) (shown []int, columns int) {
	n := min(count, MaxContacts)
	for i := range n {
		shown = append(shown, (2*i+1)*count/(2*n))
	}
	return shown, int(math.Ceil(math.Sqrt(float64(n))))
}

// Track returns a WebVTT track (W3C) that tells players which part of the sprite to show when: a media fragment (#xywh)
// for each interval, the last of which ends with the recording.
func Track(sprite *Sheet, spriteName string, duration, interval float64) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for i := range Count(duration, interval) {
		start, end := float64(i)*interval, min(float64(i+1)*interval, duration)
		at := sprite.At(i)
		fmt.Fprintf(&b, "\n%s --> %s\n%s#xywh=%d,%d,%d,%d\n",
			timestamp(start), timestamp(max(end, start+0.001)), spriteName, at.Min.X, at.Min.Y, at.Dx(), at.Dy())
	}
	return b.String()
}

// timestamp writes a time as WebVTT does: hours, minutes, seconds and milliseconds.
func timestamp(seconds float64) string {
	ms := time.Duration(math.Round(seconds * 1000))
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
