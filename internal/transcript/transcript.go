// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package transcript makes transcripts of what engines for speech recognition answer: it reads the answers, places them on
// the recording's time axis and writes them as JSON, WebVTT, SubRip and plain text. It is pure: engine talks to engines,
// speech decides which parts of the sound they get.
package transcript

import (
	"encoding/json"
	"math"
	"strings"
	"unicode"
)

// Schema is the version of the JSON document. Members may be added within it.
const Schema = "recording.meetingops.dev/transcript/v1"

// Transcript is what was said in a recording. Times are seconds from the recording's first instant.
type Transcript struct {
	Schema string `json:"schema"`
	// Language is the one that was asked for, or that the engine detected; empty when neither is known.
	Language string `json:"language,omitempty"`
	// Duration is the recording's, in seconds.
	Duration float64   `json:"durationSeconds"`
	Segments []Segment `json:"segments"`
}

// Segment is a passage, about a sentence. Segments are in the order of their start times.
type Segment struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
	// Words are there when the engine gave their times. Together they are Text.
	Words []Word `json:"words,omitempty"`
}

// Word is a word with the punctuation around it.
type Word struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
}

// JSON returns the document.
func (t Transcript) JSON() ([]byte, error) {
	t.Schema = Schema
	segments := make([]Segment, 0, len(t.Segments)) // [], not null
	for _, s := range t.Segments {
		words := make([]Word, 0, len(s.Words))
		for _, w := range s.Words {
			words = append(words, Word{milliseconds(w.Start), milliseconds(w.End), w.Text})
		}
		segments = append(segments, Segment{milliseconds(s.Start), milliseconds(s.End), s.Text, words})
	}
	t.Segments, t.Duration = segments, milliseconds(t.Duration)
	text, err := json.Marshal(t)
	return append(text, '\n'), err
}

// milliseconds rounds seconds to what players can show.
func milliseconds(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// CountWords returns the number of words, those that have no times among them.
func (t Transcript) CountWords() int {
	n := 0
	for _, s := range t.Segments {
		n += len(strings.Fields(s.Text))
	}
	return n
}

// shift returns a segment that begins so many seconds later.
func (s Segment) shift(seconds float64) Segment {
	words := make([]Word, 0, len(s.Words))
	for _, w := range s.Words {
		words = append(words, Word{w.Start + seconds, w.End + seconds, w.Text})
	}
	return Segment{s.Start + seconds, s.End + seconds, s.Text, words}
}

// Part is what was said in one chunk of the recording.
type Part struct {
	// Start is where the chunk begins in the recording, in seconds.
	Start    float64   `json:"start"`
	Language string    `json:"language,omitempty"`
	Segments []Segment `json:"segments"` // times from the chunk's start
	// LeftOut is the number of segments that lay outside the chunk.
	LeftOut int `json:"leftOut,omitempty"`
}

// Join puts parts, in the order of their chunks, on the recording's time axis.
func Join(parts []Part, language string, duration float64) Transcript {
	t := Transcript{Schema: Schema, Language: language, Duration: duration}
	for _, part := range parts {
		if t.Language == "" && len(part.Segments) > 0 {
			t.Language = part.Language
		}
		for _, s := range part.Segments {
			t.Segments = append(t.Segments, s.shift(part.Start))
		}
	}
	return t
}

// clean makes one line of what an engine says: no control characters, white space as single spaces. Text of JSON is valid
// UTF-8 already.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\ufeff':
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
