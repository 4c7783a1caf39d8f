// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package frames

import (
	"image"
	"math"
)

const (
	// darkLuma is how bright, of 255, a pixel is that still counts as black: the broadcast range's black is 16.
	darkLuma = 32
	// blackShare is how much of a black picture is dark.
	blackShare = 0.98
	// goodEnough is how much of the richest picture's detail the poster has at least.
	goodEnough = 0.85
)

// Look is what a picture looks like.
type Look struct {
	// Detail is the entropy of its brightness in bits: 0 for a picture of one colour, 8 at most.
	Detail float64
	// Dark is the share of its pixels that are dark.
	Dark float64
}

// Black reports whether there is next to nothing to see.
func (l Look) Black() bool { return l.Dark >= blackShare }

// LookAt evaluates a picture.
func LookAt(img image.Image) Look {
	var histogram [256]int
	bounds := img.Bounds()
	dark, total := 0, bounds.Dx()*bounds.Dy()
	if total == 0 {
		return Look{Dark: 1}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			luma := (299*r + 587*g + 114*b) / 1000 >> 8
			histogram[luma]++
			if luma < darkLuma {
				dark++
			}
		}
	}
	var detail float64
	for _, n := range histogram {
		if n > 0 {
			p := float64(n) / float64(total)
			detail -= p * math.Log2(p)
		}
	}
	return Look{Detail: detail, Dark: float64(dark) / float64(total)}
}

// ChoosePoster returns the index of the picture to show for all: the first that is not black and has nearly as much detail
// as the richest one, so that it shows the beginning rather than what was on screen for a moment. When all are black it is
// the least dark one. It returns 0 for none.
func ChoosePoster(looks []Look) int {
	most := -1.0
	for _, look := range looks {
		if !look.Black() {
			most = max(most, look.Detail)
		}
	}
	least := 0
	for i, look := range looks {
		if most >= 0 && !look.Black() && look.Detail >= most*goodEnough {
			return i
		}
		if look.Dark < looks[least].Dark {
			least = i
		}
	}
	return least
}
