// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package view lays recordings out as text for a terminal. It is pure: what it shows and the current time are arguments.
//
// Names, messages and outputs come from the provider and from containers, so every text is stripped of control characters
// before it is shown: nothing in an object can move the cursor or hide a line.
package view

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
	"k8s.io/apimachinery/pkg/util/duration"
)

// none stands for a value that is absent, as in kubectl.
const none = "<none>"

// Clean returns the text on one line, with each control character and each invalid byte replaced by a space.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return ' '
	}, text)
}

// CleanLines cleans each line of a text.
func CleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Width returns how many columns of a terminal a text takes: two for a wide character of East Asia or an emoji, none for a mark that
// combines with the character before.
func Width(text string) int {
	columns := 0
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	switch kind := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut shortens a line to at most so many columns; an ellipsis marks what is missing. 0 means no limit.
func Cut(line string, columns int) string {
	if columns <= 0 || Width(line) <= columns {
		return line
	}
	room := columns - 1 // for the ellipsis
	for at, r := range line {
		if room -= runeWidth(r); room < 0 {
			return strings.TrimRight(line[:at], " ") + "…"
		}
	}
	return line
}

// orNone cleans a text, and names its absence.
func orNone(text string) string { return cmp.Or(Clean(text), none) }

// Age returns how long ago a time was, as kubectl writes it.
func Age(at, now time.Time) string {
	if at.IsZero() {
		return none
	}
	return duration.HumanDuration(max(now.Sub(at), 0))
}

// took returns how long something took, or has taken so far.
func took(from, to, now time.Time) string {
	if from.IsZero() {
		return ""
	}
	if to.IsZero() {
		to = now
	}
	return duration.HumanDuration(max(to.Sub(from), 0))
}

// columns are rows of cells that are laid out in columns. The last cell of a row may have any width.
type columns struct {
	rows [][]string
}

func (c *columns) add(cells ...string) {
	for i := range cells {
		cells[i] = Clean(cells[i])
	}
	c.rows = append(c.rows, cells)
}

// lines returns the rows with their cells aligned, three spaces apart.
func (c *columns) lines() []string {
	var widths []int
	for _, row := range c.rows {
		for i, cell := range row[:max(len(row)-1, 0)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	lines := make([]string, 0, len(c.rows))
	for _, row := range c.rows {
		lines = append(lines, layOut(row, widths))
	}
	return lines
}

// gap separates columns.
const gap = "   "

func layOut(row []string, widths []int) string {
	var line strings.Builder
	for i, cell := range row {
		line.WriteString(cell)
		if i == len(row)-1 {
			break
		}
		if missing := widths[i] - Width(cell); missing > 0 {
			line.WriteString(strings.Repeat(" ", missing))
		}
		line.WriteString(gap)
	}
	return strings.TrimRight(line.String(), " ")
}
