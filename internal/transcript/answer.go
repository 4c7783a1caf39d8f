// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Answer is what an engine says of one chunk, as POST /v1/audio/transcriptions describes it for the response format
// verbose_json. Only Text is there in each answer.
type Answer struct {
	Text     string
	Language string
	segments []timed
	words    []timed
}

// timed is a text with the seconds that the engine gave, which may be anything.
type timed struct {
	start, end float64
	text       string
}

// wireSegment is a segment on the wire.
type wireSegment struct {
	Start *float64   `json:"start"`
	End   *float64   `json:"end"`
	Text  string     `json:"text"`
	Words []wireWord `json:"words"`
}

// wireWord is a word on the wire; its text is in Word, or in Text as some servers write it.
type wireWord struct {
	Start *float64 `json:"start"`
	End   *float64 `json:"end"`
	Word  string   `json:"word"`
	Text  string   `json:"text"`
}

// Parse reads an answer. The error says what the answer is instead, for people.
func Parse(body []byte) (Answer, error) {
	var wire struct {
		Text     *string         `json:"text"`
		Language string          `json:"language"`
		Segments []wireSegment   `json:"segments"`
		Words    []wireWord      `json:"words"`
		Error    json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return Answer{}, errors.New(describe(body))
	}
	if wire.Text == nil {
		if said := ErrorText(body); said != "" {
			return Answer{}, fmt.Errorf("an error: %s", said)
		}
		return Answer{}, errors.New(`JSON without the member "text"`)
	}
	a := Answer{Text: clean(*wire.Text), Language: clean(wire.Language)}
	words, untimed := wire.Words, false
	for _, s := range wire.Segments {
		if text := clean(s.Text); text != "" && s.Start != nil && s.End != nil {
			a.segments = append(a.segments, timed{*s.Start, *s.End, text})
		} else if text != "" {
			untimed = true
		}
		if len(wire.Words) == 0 {
			words = append(words, s.Words...)
		}
	}
	if untimed { // part of what was said would have no place
		a.segments = nil
	}
	for _, w := range words {
		text := clean(w.Word + w.Text)
		marker := strings.HasPrefix(text, "[_") && strings.HasSuffix(text, "]") // whisper.cpp's own, such as [_BEG_]
		if text != "" && !marker && w.Start != nil && w.End != nil {
			a.words = append(a.words, timed{*w.Start, *w.End, text})
		}
	}
	return a, nil
}

// describe says what a body is that is not the JSON that was asked for.
func describe(body []byte) string {
	head := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 512)]))
	switch {
	case len(head) == 0:
		return "nothing"
	case bytes.HasPrefix(head, []byte("<!doctype html")), bytes.HasPrefix(head, []byte("<html")):
		return "an HTML page"
	case head[0] == '<':
		return "XML or HTML"
	case bytes.HasPrefix(head, []byte("webvtt")):
		return "WebVTT"
	case head[0] == '{', head[0] == '[':
		return "JSON that is malformed, or has members of other types"
	}
	return "text that is not JSON"
}

// ErrorText returns what a JSON document says in its member "error", "message" or "detail", as engines report errors; empty
// when there is none. It is one line of at most 200 bytes.
func ErrorText(body []byte) string {
	var wire map[string]any
	if json.Unmarshal(body, &wire) != nil {
		return ""
	}
	for _, name := range []string{"error", "message", "detail"} {
		switch value := wire[name].(type) {
		case string:
			return shorten(clean(value))
		case map[string]any:
			if text, ok := value["message"].(string); ok {
				return shorten(clean(text))
			}
		case []any: // as FastAPI says what is wrong with a request
			text, err := json.Marshal(value)
			if err == nil {
				return shorten(clean(string(text)))
			}
		}
	}
	return ""
}

func shorten(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// Misplaced says how much of an answer lies outside the chunk.
type Misplaced struct {
	// Dropped is the number of segments that were left out.
	Dropped int
	// First is the start of the first of them, in seconds.
	First float64
}

// ErrOutside is returned for an answer most of which is not about the chunk's time, as that of an engine that gives
// milliseconds instead of seconds.
var ErrOutside = errors.New("most of it lies outside the audio")

// Segments returns what was said in a chunk of so many seconds. Times are brought into the chunk; what begins after its
// end is dropped, since engines are known to repeat themselves there, unless that is most of what was said: then the error
// is ErrOutside. A text without times gets the whole chunk.
func (a Answer) Segments(duration float64) ([]Segment, Misplaced, error) {
	var lost Misplaced
	var inside []timed
	said := map[string]bool{}
	kept, left := 0, 0 // characters
	for _, s := range a.timedSegments(duration) {
		repeated := said[strings.ToLower(s.text)]
		said[strings.ToLower(s.text)] = true
		if s.start < duration {
			inside = append(inside, s.within(duration))
			kept += len(s.text)
			continue
		}
		if lost.Dropped == 0 {
			lost.First = s.start
		}
		lost.Dropped++
		if !repeated {
			left += len(s.text)
		}
	}
	if left > kept {
		return nil, lost, ErrOutside
	}
	slices.SortStableFunc(inside, byStart)
	var words []timed
	for _, w := range a.words {
		if w.start < duration {
			words = append(words, w.within(duration))
		}
	}
	return align(inside, words), lost, nil
}

// timedSegments returns the engine's segments; in their place its words, or all of its text.
func (a Answer) timedSegments(duration float64) []timed {
	switch {
	case len(a.segments) > 0:
		return a.segments
	case len(a.words) > 0:
		return sentences(a.words)
	case a.Text != "":
		return []timed{{0, duration, a.Text}}
	}
	return nil
}

// within brings times into 0 to duration, in their order. The start is below duration already.
func (t timed) within(duration float64) timed {
	start := max(t.start, 0)
	return timed{start, max(start, min(t.end, duration)), t.text}
}

func byStart(a, b timed) int {
	switch {
	case a.start < b.start:
		return -1
	case a.start > b.start:
		return 1
	}
	return 0
}

// sentences joins words to segments, which end with a sentence or before a pause.
func sentences(words []timed) []timed {
	const pause, longest = 1.0, 200 // seconds, bytes
	var all []timed
	for _, w := range words {
		if n := len(all); n > 0 && w.start-all[n-1].end < pause && len(all[n-1].text) < longest && !endsSentence(all[n-1].text) {
			last := &all[n-1]
			last.end = max(last.end, w.end)
			last.text += " " + w.text
			continue
		}
		all = append(all, w)
	}
	return all
}

func endsSentence(text string) bool {
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "。")
}
