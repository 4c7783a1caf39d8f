// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"strings"
	"unicode/utf8"
)

const (
	// lineRunes and cueRunes are what broadcasters keep to: two lines of 42 characters.
	lineRunes = 42
	cueRunes  = 2 * lineRunes
	// cueSeconds is the longest that a caption is shown, and cuePause the pause within one.
	cueSeconds = 7.0
	cuePause   = 1.5
	// leastSeconds is the shortest that a caption is shown: players drop those without a duration.
	leastSeconds = 0.2
)

// Cue is one caption.
type Cue struct {
	Start, End float64
	Lines      []string // one or two
	// Words are those of the lines, if the engine gave their times.
	Words []Word
}

// Cues returns the captions: segments, cut where they are too long to be read at once.
func (t Transcript) Cues() []Cue {
	var all []Cue
	for _, s := range t.Segments {
		var open []Word
		length := 0
		for _, w := range s.units() {
			n := utf8.RuneCountInString(w.Text)
			if len(open) > 0 && breaks(open, length, w, n) {
				all = append(all, cue(open, s))
				open, length = nil, 0
			}
			open = append(open, w)
			length += n + 1
		}
		if len(open) > 0 {
			all = append(all, cue(open, s))
		}
	}
	return all
}

// breaks reports whether a caption of these words must end before the next one.
func breaks(open []Word, length int, next Word, runes int) bool {
	last := open[len(open)-1]
	return length+runes > cueRunes || next.End-open[0].Start > cueSeconds || next.Start-last.End > cuePause ||
		length > lineRunes && endsSentence(last.Text)
}

// cue makes a caption of some of a segment's units.
func cue(units []Word, of Segment) Cue {
	text := units[0].Text
	for _, w := range units[1:] {
		text += space(text, w.Text) + w.Text
	}
	start, end := units[0].Start, units[len(units)-1].End
	c := Cue{Start: start, End: max(end, start+leastSeconds), Lines: wrap(text)}
	if len(of.Words) > 0 {
		c.Words = units
	}
	return c
}

// space returns what is between two pieces of a text: nothing where one is of a script without spaces.
func space(before, after string) string {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	if isSpaceless(last) || isSpaceless(next) {
		return ""
	}
	return " "
}

// wrap makes two lines of about the same length of a text that is too long for one.
func wrap(text string) []string {
	if utf8.RuneCountInString(text) <= lineRunes {
		return []string{text}
	}
	best, distance := -1, len(text)
	for i, r := range text {
		if d := max(i-len(text)/2, len(text)/2-i); r == ' ' && d < distance {
			best, distance = i, d
		}
	}
	if best < 0 {
		runes := []rune(text)
		return []string{string(runes[:len(runes)/2]), string(runes[len(runes)/2:])}
	}
	return []string{text[:best], text[best+1:]}
}

// units are what captions can be cut between: words, with times in proportion to their length where the engine gave none.
func (s Segment) units() []Word {
	if len(s.Words) > 0 {
		return s.Words
	}
	var pieces []string
	for _, field := range strings.Fields(s.Text) {
		pieces = append(pieces, slice(field)...)
	}
	total := 0
	for _, p := range pieces {
		total += utf8.RuneCountInString(p)
	}
	words := make([]Word, 0, len(pieces))
	done := 0
	at := func(runes int) float64 { return s.Start + (s.End-s.Start)*float64(runes)/float64(total) }
	for _, p := range pieces {
		begin := done
		done += utf8.RuneCountInString(p)
		words = append(words, Word{at(begin), at(done), p})
	}
	return words
}

// slice cuts a text that has no spaces, such as Chinese, to pieces.
func slice(text string) []string {
	const most, piece = 30, 10
	runes := []rune(text)
	var pieces []string
	for len(runes) > most {
		pieces = append(pieces, string(runes[:piece]))
		runes = runes[piece:]
	}
	return append(pieces, string(runes))
}
