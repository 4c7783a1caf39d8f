// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// dialogue has two chunks: the second begins at an hour.
func dialogue() Transcript {
	return Join([]Part{
		{Start: 0.5, Language: "english", Segments: []Segment{
			{1, 2, "Good <morning> & welcome.", nil},
			{2, 4, "To all.", []Word{{2, 3, "To"}, {3.1, 4, "all."}}},
		}},
		{Start: 3600, Language: "german", Segments: []Segment{{0.25, 1.5, "Bye --> now.", nil}}},
	}, "", 3602.3456)
}

func TestFormats(t *testing.T) {
	text, err := dialogue().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ got, want string }{
		"JSON": {string(text), `{"schema":"recording.meetingops.dev/transcript/v1","language":"english","durationSeconds":3602.346,"segments":[` +
			`{"start":1.5,"end":2.5,"text":"Good \u003cmorning\u003e \u0026 welcome."},` +
			`{"start":2.5,"end":4.5,"text":"To all.","words":[{"start":2.5,"end":3.5,"text":"To"},{"start":3.6,"end":4.5,"text":"all."}]},` +
			`{"start":3600.25,"end":3601.5,"text":"Bye --\u003e now."}]}` + "\n"},
		"VTT": {string(dialogue().VTT()), "WEBVTT\n\n00:00:01.500 --> 00:00:02.500\nGood &lt;morning&gt; &amp; welcome.\n\n" +
			"00:00:02.500 --> 00:00:04.500\nTo <00:00:03.600>all.\n\n01:00:00.250 --> 01:00:01.500\nBye --&gt; now.\n"},
		"SRT": {string(dialogue().SRT()), "1\n00:00:01,500 --> 00:00:02,500\nGood ‹morning› & welcome.\n\n" +
			"2\n00:00:02,500 --> 00:00:04,500\nTo all.\n\n3\n01:00:00,250 --> 01:00:01,500\nBye --› now.\n\n"},
		"text": {string(dialogue().Text()), "Good <morning> & welcome. To all.\n\nBye --> now.\n"},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// A caption of two lines has its words' times in both.
func TestWordTimes(t *testing.T) {
	var words []Word
	for i, text := range strings.Fields("The quick & lazy brown fox jumps over the fence again, and nobody says why.") {
		words = append(words, Word{float64(i) / 4, float64(i+1) / 4, text})
	}
	words[2].Start = words[1].Start // of the same time as the word before
	got := string(Transcript{Segments: []Segment{{0, 4, "", words}}}.VTT())
	want := "WEBVTT\n\n00:00:00.000 --> 00:00:03.750\nThe <00:00:00.250>quick &amp; <00:00:00.750>lazy <00:00:01.000>brown <00:00:01.250>fox <00:00:01.500>jumps " +
		"<00:00:01.750>over\n<00:00:02.000>the <00:00:02.250>fence <00:00:02.500>again, <00:00:02.750>and <00:00:03.000>nobody <00:00:03.250>says <00:00:03.500>why.\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A recording without speech has files too, which say so.
func TestEmpty(t *testing.T) {
	empty := Join(nil, "en", 60)
	text, err := empty.JSON()
	if want := `{"schema":"recording.meetingops.dev/transcript/v1","language":"en","durationSeconds":60,"segments":[]}` + "\n"; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	if vtt, srt, plain := string(empty.VTT()), string(empty.SRT()), string(empty.Text()); vtt != "WEBVTT\n" || srt != "" || plain != "" {
		t.Errorf("%q, %q, %q", vtt, srt, plain)
	}
}

// Captions are short enough to be read, whether the engine returned words or a whole chunk as one text.
func TestCues(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("Nobody reads ten minutes at once, do they? ", 100))
	chinese := strings.Repeat("你好", 500)
	for name, text := range map[string]string{"one text": long, "without spaces": chinese} {
		cues := Transcript{Segments: []Segment{{Start: 10, End: 310, Text: text}}}.Cues()
		var all []string
		end := 10.0
		for _, c := range cues {
			for _, line := range c.Lines {
				if utf8.RuneCountInString(line) > 50 {
					t.Errorf("%s: a line of %d characters: %q", name, utf8.RuneCountInString(line), line)
				}
			}
			if c.Start < end-1e-6 || c.End > 310+1e-6 || c.End-c.Start > 10 {
				t.Errorf("%s: %+v after %g", name, c, end)
			}
			end = c.End
			all = append(all, c.Lines...)
		}
		if joined := strings.Join(all, ""); strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%s: the captions say %q", name, joined)
		}
		if len(cues) < 30 {
			t.Errorf("%s: %d captions for five minutes", name, len(cues))
		}
	}
	// A pause and the end of a sentence end a caption.
	cues := Transcript{Segments: []Segment{{0, 9, "", []Word{{0, 1, "one"}, {1, 2, "two"}, {5, 6, "three"}}}}}.Cues()
	if len(cues) != 2 || cues[0].End != 2 || cues[1].Start != 5 {
		t.Errorf("%+v", cues)
	}
}
