// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Answers as engines give them, and what is made of each for a chunk of 10 s.
func TestSegments(t *testing.T) {
	tests := map[string]struct {
		body string
		want []Segment
		lost Misplaced
	}{
		"OpenAI: words beside the segments, without punctuation": {
			`{"task":"transcribe","language":"english","duration":10.0,"text":"Hello, Aisha. “It's” on.",
			"segments":[{"id":0,"start":0.5,"end":2,"text":" Hello, Aisha."},{"id":1,"start":3,"end":4,"text":" “It's” on."}],
			"words":[{"word":"Hello","start":0.5,"end":1},{"word":"Aisha","start":1.1,"end":2},{"word":"It's","start":3,"end":3.5},{"word":"on","start":3.5,"end":4}]}`,
			[]Segment{
				{0.5, 2, "Hello, Aisha.", []Word{{0.5, 1, "Hello,"}, {1.1, 2, "Aisha."}}},
				{3, 4, "“It's” on.", []Word{{3, 3.5, "“It's”"}, {3.5, 4, "on."}}},
			}, Misplaced{},
		},
		"whisper.cpp: pieces of words within the segments": {
			`{"text":" engineers, yes","segments":[{"start":1,"end":3,"text":" engineers, yes","words":[
			{"word":"[_BEG_]","start":1,"end":1},{"word":" engin","start":1,"end":1.5},{"word":"eers","start":1.5,"end":2},{"word":",","start":2,"end":2},{"word":" yes","start":2.2,"end":3}]}]}`,
			[]Segment{{1, 3, "engineers, yes", []Word{{1, 2, "engineers,"}, {2.2, 3, "yes"}}}}, Misplaced{},
		},
		"segments only": {
			`{"text":"a b","segments":[{"start":0,"end":1,"text":"a"},{"start":1,"end":2,"text":"b"}]}`,
			[]Segment{{Start: 0, End: 1, Text: "a"}, {Start: 1, End: 2, Text: "b"}}, Misplaced{},
		},
		"words only": {
			`{"text":"a b. c","words":[{"text":"a","start":0,"end":1},{"text":"b.","start":1,"end":2},{"text":"c","start":2,"end":3}]}`,
			[]Segment{{0, 2, "a b.", []Word{{0, 1, "a"}, {1, 2, "b."}}}, {2, 3, "c", []Word{{2, 3, "c"}}}}, Misplaced{},
		},
		"text only":                  {`{"text":" a\nb "}`, []Segment{{Start: 0, End: 10, Text: "a b"}}, Misplaced{}},
		"segments without times":     {`{"text":"a b","segments":[{"start":0,"end":1,"text":"a"},{"text":"b"}]}`, []Segment{{Start: 0, End: 10, Text: "a b"}}, Misplaced{}},
		"nothing was said":           {`{"text":""}`, []Segment{}, Misplaced{}},
		"no segments":                {`{"text":" ","segments":[],"words":null}`, []Segment{}, Misplaced{}},
		"Chinese has no spaces":      {`{"text":"你好","segments":[{"start":0,"end":1,"text":"你好"}],"words":[{"word":"你","start":0,"end":0.5},{"word":"好","start":0.5,"end":1}]}`, []Segment{{0, 1, "你好", []Word{{0, 0.5, "你"}, {0.5, 1, "好"}}}}, Misplaced{}},
		"before the chunk":           {`{"text":"a","segments":[{"start":-5,"end":-1,"text":"a"}]}`, []Segment{{Start: 0, End: 0, Text: "a"}}, Misplaced{}},
		"beyond the chunk":           {`{"text":"a","segments":[{"start":8,"end":1e300,"text":"a"}]}`, []Segment{{Start: 8, End: 10, Text: "a"}}, Misplaced{}},
		"the end before the start":   {`{"text":"a","segments":[{"start":8,"end":3,"text":"a"}]}`, []Segment{{Start: 8, End: 8, Text: "a"}}, Misplaced{}},
		"out of order":               {`{"text":"b a","segments":[{"start":5,"end":6,"text":"b"},{"start":1,"end":2,"text":"a"}]}`, []Segment{{Start: 1, End: 2, Text: "a"}, {Start: 5, End: 6, Text: "b"}}, Misplaced{}},
		"repeats after the chunk":    {`{"text":"x","segments":[{"start":1,"end":2,"text":"Bye."},{"start":10,"end":12,"text":"Bye."},{"start":12,"end":14,"text":"bye."},{"start":14,"end":16,"text":"Bye."}]}`, []Segment{{Start: 1, End: 2, Text: "Bye."}}, Misplaced{3, 10}},
		"invented after the chunk":   {`{"text":"x","segments":[{"start":1,"end":2,"text":"That is all for today."},{"start":11,"end":12,"text":"Thanks!"}]}`, []Segment{{Start: 1, End: 2, Text: "That is all for today."}}, Misplaced{1, 11}},
		"words that are not there":   {`{"text":"a b","segments":[{"start":0,"end":2,"text":"a b"}],"words":[{"word":"q","start":0,"end":1},{"word":"b","start":1,"end":2}]}`, []Segment{{0, 2, "a b", []Word{{1, 2, "a b"}}}}, Misplaced{}},
		"words that go back":         {`{"text":"a b","segments":[{"start":0,"end":2,"text":"a b"}],"words":[{"word":"a","start":1.5,"end":2},{"word":"b","start":0.2,"end":1}]}`, []Segment{{0, 2, "a b", []Word{{1.5, 2, "a"}, {1.5, 1.5, "b"}}}}, Misplaced{}},
		"invalid UTF-8":              {"{\"text\":\"a\xff\xfeb\"}", []Segment{{Start: 0, End: 10, Text: "a\ufffd\ufffdb"}}, Misplaced{}},
		"control characters":         {`{"text":"a\u0000\u001b[31m\u2028b"}`, []Segment{{Start: 0, End: 10, Text: "a[31m b"}}, Misplaced{}},
		"a dotted capital I shrinks": {`{"text":"İİ ok","segments":[{"start":0,"end":1,"text":"İİ ok"}],"words":[{"word":"ok","start":0.5,"end":1}]}`, []Segment{{0, 1, "İİ ok", []Word{{0.5, 1, "İİ ok"}}}}, Misplaced{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer, err := Parse([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			got, lost, err := answer.Segments(10)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || lost != test.lost {
				t.Errorf("%+v\n(-want +got)\n%s", lost, diff)
			}
		})
	}
}

// An engine whose times are of another unit, or of another audio, is not believed.
func TestSegmentsOutside(t *testing.T) {
	milliseconds := make([]string, 0, 20)
	for i := range 20 {
		milliseconds = append(milliseconds, fmt.Sprintf(`{"start":%d,"end":%d,"text":"sentence %d"}`, i*500, i*500+400, i))
	}
	for name, segments := range map[string]string{
		"milliseconds":  strings.Join(milliseconds, ","),
		"another audio": `{"start":100,"end":101,"text":"elsewhere"}`,
	} {
		answer, err := Parse([]byte(`{"text":"x","segments":[` + segments + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, lost, err := answer.Segments(10); !errors.Is(err, ErrOutside) || lost.First < 10 {
			t.Errorf("%s: %v, %+v, %v", name, got, lost, err)
		}
	}
}

func TestParseFails(t *testing.T) {
	for body, want := range map[string]string{
		"":                      "nothing",
		"<!DOCTYPE html><html>": "an HTML page",
		"  <html><body>502":     "an HTML page",
		"<?xml version='1.0'?>": "XML or HTML",
		"WEBVTT\n\n":            "WebVTT",
		"hello there":           "text that is not JSON",
		`{"text":`:              "JSON that is malformed",
		`{"text":7}`:            "JSON that is malformed, or has members of other types",
		`{"text":"a","segments":[{"start":"1"}]}`: "JSON that is malformed, or has members of other types",
		`["text"]`:                              "JSON that is malformed",
		`{}`:                                    `JSON without the member "text"`,
		`{"text":null}`:                         `JSON without the member "text"`,
		`{"error":"failed to read WAV file"}`:   "an error: failed to read WAV file",
		`{"error":{"message":"no\nmodel"}}`:     "an error: no model",
		`{"detail":[{"msg":"field required"}]}`: `an error: [{"msg":"field required"}]`,
	} {
		if _, err := Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	if got := ErrorText([]byte(`{"message":"` + strings.Repeat("ä", 500) + `"}`)); len(got) > 210 || !strings.HasSuffix(got, "...") {
		t.Errorf("%q", got)
	}
}

// seconds draws what an engine may return as a time.
func seconds() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(0, 12), rapid.SampledFrom([]float64{-1, 0, 10, 1e300, -1e300}))
}

// Whatever an engine answers, the transcript has nothing outside the recording, keeps the text, and is well-formed in every
// format.
func TestAnyAnswer(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[a-zé ,.'<&>-]{0,30}`), rapid.SampledFrom([]string{"-->", "<v x>", "你好。", "a\n\nb", "\u0000"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		type item struct {
			Start float64 `json:"start"`
			End   float64 `json:"end"`
			Text  string  `json:"text,omitempty"`
			Word  string  `json:"word,omitempty"`
		}
		var body struct {
			Text     string `json:"text"`
			Segments []item `json:"segments"`
			Words    []item `json:"words"`
		}
		for range rapid.IntRange(0, 5).Draw(t, "segments") {
			s := item{Start: seconds().Draw(t, "start"), End: seconds().Draw(t, "end"), Text: text.Draw(t, "text")}
			body.Text += s.Text
			body.Segments = append(body.Segments, s)
			for field := range strings.FieldsSeq(s.Text) {
				if rapid.Bool().Draw(t, "timed") {
					body.Words = append(body.Words, item{Start: seconds().Draw(t, "start"), End: seconds().Draw(t, "end"), Word: field})
				}
			}
		}
		wire, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Parse(wire)
		if err != nil {
			t.Fatal(err)
		}
		segments, _, err := answer.Segments(10)
		if errors.Is(err, ErrOutside) {
			return
		}
		if !slices.IsSortedFunc(segments, func(a, b Segment) int { return int(math.Copysign(1, a.Start-b.Start)) * btoi(a.Start != b.Start) }) {
			t.Fatalf("out of order: %+v", segments)
		}
		for _, s := range segments {
			if s.Start < 0 || s.End < s.Start || s.End > 10 || s.Text == "" {
				t.Fatalf("%+v", s)
			}
			var joined strings.Builder
			for _, w := range s.Words {
				if w.Start < 0 || w.End < w.Start || w.End > 10 || w.Text == "" {
					t.Fatalf("%+v", s)
				}
				joined.WriteString(w.Text)
			}
			if without := strings.ReplaceAll(s.Text, " ", ""); len(s.Words) > 0 && strings.ReplaceAll(joined.String(), " ", "") != without {
				t.Fatalf("the words are %q, the text %q", joined.String(), without)
			}
		}
		checkFormats(t, Join([]Part{{Start: 5, Segments: segments}}, "", 20))
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wordTime is a word's time in a caption.
var wordTime = regexp.MustCompile(`<\d\d:\d\d:\d\d\.\d{3}>`)

// checkFormats reads each format back.
func checkFormats(t *rapid.T, made Transcript) {
	text, err := made.JSON()
	if err != nil || !json.Valid(text) {
		t.Fatalf("%s: %v", text, err)
	}
	cues := made.Cues()
	for name, file := range map[string]string{"VTT": strings.TrimPrefix(string(made.VTT()), "WEBVTT\n\n"), "SRT": string(made.SRT())} {
		blocks := strings.Split(strings.TrimSpace(file), "\n\n")
		if len(cues) == 0 {
			continue
		}
		if len(blocks) != len(cues) {
			t.Fatalf("%s has %d blocks for %d cues:\n%s", name, len(blocks), len(cues), file)
		}
		for i, block := range blocks {
			lines := strings.Split(block, "\n")
			if name == "SRT" {
				lines = lines[1:]
			}
			if name == "VTT" {
				for i := 1; i < len(lines); i++ {
					lines[i] = wordTime.ReplaceAllString(lines[i], "")
				}
			}
			if !strings.Contains(lines[0], " --> ") || len(lines) != 1+len(cues[i].Lines) || strings.Contains(strings.Join(lines[1:], ""), "-->") ||
				strings.ContainsAny(strings.Join(lines[1:], ""), "<>") {
				t.Fatalf("%s: block %q", name, block)
			}
		}
	}
	for _, c := range cues {
		if c.End <= c.Start || c.Start < 5 {
			t.Fatalf("%+v", c)
		}
	}
}

// FuzzParse looks for answers that break the parser.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"text":"a","segments":[{"start":0,"end":1,"text":"a","words":[{"word":"a","start":0,"end":1}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := Parse(body)
		if err != nil {
			return
		}
		segments, _, err := answer.Segments(10)
		if err == nil {
			Join([]Part{{Segments: segments}}, "", 10).VTT()
		}
	})
}
