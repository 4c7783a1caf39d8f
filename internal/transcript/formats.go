// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"fmt"
	"math"
	"strings"
)

// vttEscapes are what WebVTT reads as markup in a text, so that nothing that was said becomes any.
var vttEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// VTT returns the captions as WebVTT. Where the engine returned words, each is preceded by its time, so that players and the
// page can show which is said.
func (t Transcript) VTT() []byte {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for _, c := range t.Cues() {
		fmt.Fprintf(&b, "\n%s --> %s\n%s\n", clock(c.Start, '.'), clock(c.End, '.'), c.vtt())
	}
	return []byte(b.String())
}

// vtt returns a caption's text.
func (c Cue) vtt() string {
	if len(c.Words) == 0 {
		return vttEscapes.Replace(strings.Join(c.Lines, "\n"))
	}
	var b strings.Builder
	written, last := 0, milliseconds(c.Start) // bytes of the text, time
	for i, w := range c.Words {
		gap := ""
		if i > 0 {
			gap = space(c.Words[i-1].Text, w.Text)
			written += len(gap)
		}
		if gap != "" && written == len(c.Lines[0])+len(gap) {
			gap = "\n"
		}
		b.WriteString(gap)
		// A time must come after the one before it, and within the caption.
		if at := milliseconds(w.Start); at > last && at < milliseconds(c.End) {
			fmt.Fprintf(&b, "<%s>", clock(at, '.'))
			last = at
		}
		b.WriteString(vttEscapes.Replace(w.Text))
		written += len(w.Text)
	}
	return b.String()
}

// srtEscapes take the place of escapes, which SubRip does not have: players show tags as markup, and an arrow begins a caption.
var srtEscapes = strings.NewReplacer("<", "‹", ">", "›")

// SRT returns the captions as SubRip.
func (t Transcript) SRT() []byte {
	var b strings.Builder
	for i, c := range t.Cues() {
		fmt.Fprintf(&b, "%d\n%s --> %s\n%s\n\n", i+1, clock(c.Start, ','), clock(c.End, ','), srtEscapes.Replace(strings.Join(c.Lines, "\n")))
	}
	return []byte(b.String())
}

// clock writes seconds as 01:02:03.004, with the separator that the format wants.
func clock(seconds float64, separator byte) string {
	ms := int64(math.Round(max(seconds, 0) * 1000))
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, separator, ms%1000)
}

// Text returns what was said, without times: a paragraph ends with a longer pause.
func (t Transcript) Text() []byte {
	const pause = 2.0 // seconds
	var b strings.Builder
	for i, s := range t.Segments {
		switch {
		case i == 0:
		case s.Start-t.Segments[i-1].End >= pause:
			b.WriteString("\n\n")
		default:
			b.WriteByte(' ')
		}
		b.WriteString(s.Text)
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
