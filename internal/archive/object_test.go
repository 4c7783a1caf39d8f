// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

var usual = Recording{
	Name: "rec", Namespace: "prod", MeetingID: "abcd-efgh-ijkl", SessionID: "0123456789abcdef01234567",
	Segment: "2", State: "Stopped", FileName: "a.mp4",
}

func TestObjectName(t *testing.T) {
	with := func(change func(*Recording)) Recording {
		r := usual
		change(&r)
		return r
	}
	tests := map[string]struct {
		template  string
		recording Recording
		want      string
	}{
		"default":        {DefaultObjectName, usual, "abcd-efgh-ijkl/0123456789abcdef01234567/2/a.mp4"},
		"all fields":     {"{{.Namespace}}/{{.Name}}-{{.State}}", usual, "prod/rec-Stopped"},
		"no fields":      {"latest.mp4", usual, "latest.mp4"},
		"conditional":    {"x{{with .SessionID}}/{{.}}{{end}}", Recording{}, "x"},
		"climbing id":    {"{{.MeetingID}}/x", with(func(r *Recording) { r.MeetingID = "../../etc" }), "..%2F..%2Fetc/x"},
		"only dots":      {"{{.MeetingID}}/{{.SessionID}}", with(func(r *Recording) { r.MeetingID, r.SessionID = "..", "." }), "%2E%2E/%2E"},
		"absolute id":    {"{{.MeetingID}}", with(func(r *Recording) { r.MeetingID = "/etc/passwd" }), "%2Fetc%2Fpasswd"},
		"percent":        {"{{.FileName}}", with(func(r *Recording) { r.FileName = "%2F.mp4" }), "%252F.mp4"},
		"space, Unicode": {"{{.FileName}}", with(func(r *Recording) { r.FileName = "é x.mp4" }), "%C3%A9%20x.mp4"},
		"control":        {"{{.FileName}}", with(func(r *Recording) { r.FileName = "a\x00\n.mp4" }), "a%00%0A.mp4"},
		"backslash":      {"{{.FileName}}", with(func(r *Recording) { r.FileName = `..\a` }), "..%5Ca"},
		"template in id": {"{{.MeetingID}}", with(func(r *Recording) { r.MeetingID = "{{.Name}}" }), "%7B%7B.Name%7D%7D"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object, err := ParseObjectName(test.template)
			if err != nil {
				t.Fatal(err)
			}
			got, err := object.For(test.recording)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestObjectNameFails(t *testing.T) {
	tests := map[string]struct {
		template  string
		recording Recording
		text      string
	}{
		"malformed":        {"{{.MeetingID", usual, "is not a template over .Name .Namespace"},
		"unknown field":    {"{{.Meeting}}", usual, "is not a template over .Name .Namespace"},
		"unknown function": {"{{upper .Name}}", usual, "is not a template over"},
		"empty":            {"", usual, "is empty"},
		"unset": {DefaultObjectName, Recording{Segment: "1", FileName: "a"},
			"has an empty part; set RECORDING_MEETING_ID, RECORDING_SESSION_ID"},
		"similar field":   {"{{.Namespace}}/{{.Segment}}", Recording{Namespace: "a"}, "has an empty part; set RECORDING_SEGMENT"},
		"absolute":        {"/{{.Name}}", usual, "has an empty part"},
		"ends in a slash": {"{{.Name}}/", usual, "has an empty part"},
		"climbing":        {"../{{.Name}}", usual, `has the part ".."`},
		"dot":             {"./{{.Name}}", usual, `has the part "."`},
		"dots joined":     {".{{slice .State 0 0}}./x", usual, `has the part ".."`},
		"control":         {"a\n{{.Name}}", usual, "control characters"},
		"invalid UTF-8":   {"a\xff{{.Name}}", usual, "invalid UTF-8"},
		"long":            {strings.Repeat("a", 1025), usual, "longer than 1024 bytes"},
		"driver's suffix": {"{{.Name}}.attrs", usual, ".attrs"},
		"short value":     {"{{slice .Name 0 3}}", Recording{Name: "ab"}, "cannot be filled in"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object, err := ParseObjectName(test.template)
			if err == nil {
				_, err = object.For(test.recording)
			}
			if sysexits.Code(err) != sysexits.Usage || !strings.Contains(err.Error(), test.text) {
				t.Errorf("err = %v, want %q", err, test.text)
			}
		})
	}
}

// No value leaves its place in the name, none fails, and different ones never meet.
func TestObjectNameHolds(t *testing.T) {
	object, err := ParseObjectName(DefaultObjectName)
	if err != nil {
		t.Fatal(err)
	}
	value := rapid.OneOf(
		rapid.StringN(1, 300, 1000),
		rapid.StringMatching(`[./%\\A-F0-9]{1,8}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 400), func(b []byte) string { return string(b) }),
	).Filter(func(s string) bool { return s != "" })
	draw := func(t *rapid.T, label string) Recording {
		return Recording{
			MeetingID: value.Draw(t, label+" meeting"), SessionID: value.Draw(t, label+" session"),
			Segment: value.Draw(t, label+" segment"), FileName: "f-" + value.Draw(t, label+" file") + ".mp4",
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		one, two := draw(t, "one"), draw(t, "two")
		first, err := object.For(one)
		if err != nil {
			t.Fatal(err)
		}
		second, err := object.For(two)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(first, "/") != 3 || !filepath.IsLocal(first) || filepath.Clean(first) != first {
			t.Fatalf("name = %q", first)
		}
		if (first == second) != (one == two) {
			t.Fatalf("%+v and %+v have the names %q and %q", one, two, first, second)
		}
	})
}

func TestEscapeCuts(t *testing.T) {
	tests := map[string]struct{ value, ext string }{
		"long id":       {strings.Repeat("a", 300), ""},
		"long file":     {strings.Repeat("a", 300) + ".mp4", ".mp4"},
		"long ext":      {"a." + strings.Repeat("b", 300), ""},
		"escaped":       {strings.Repeat("é", 150) + ".webm", ".webm"},
		"escaped, by 1": {"x" + strings.Repeat("é", 150) + ".webm", ".webm"},
		"escaped, by 2": {"xy" + strings.Repeat("é", 150) + ".webm", ".webm"},
		"escaped ext":   {strings.Repeat("a", 300) + ".é", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := escape(test.value)
			if len(got) > maxValueBytes || len(got) < maxValueBytes-2 || !strings.HasSuffix(got, test.ext) {
				t.Errorf("escape = %q (%d bytes)", got, len(got))
			}
			for i, part := range strings.Split(got, "%") {
				if i > 0 && (len(part) < 2 || strings.Trim(part[:2], "0123456789ABCDEF") != "") {
					t.Errorf("escape = %q has half an escape", got)
				}
			}
			if got == escape(test.value+"x") {
				t.Error("two values have one name")
			}
		})
	}
}

func TestFileName(t *testing.T) {
	tests := []struct{ path, url, want string }{
		{"recordings/x/a.mp4", "https://h/b.mp4", "a.mp4"},
		{"a.mp4", "", "a.mp4"},
		{"a/", "", "a"},
		{"", "https://h/x/b.mp4?sig=1#f", "b.mp4"},
		{"", "https://h/x/b%20c.mp4", "b c.mp4"},
		{"/", "https://h/", "recording"},
		{"", "https://h", "recording"},
		{"", "://", "recording"},
		{"a/..", "", ".."},
	}
	for _, test := range tests {
		if got := FileName(test.path, test.url); got != test.want {
			t.Errorf("FileName(%q, %q) = %q, want %q", test.path, test.url, got, test.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	tests := []struct{ contentType, file, want string }{
		{"video/mp4", "a.webm", "video/mp4"},
		{"Video/MP4; codecs=\"avc1\"", "a", "video/mp4"},
		{"", "a.mp4", "video/mp4"},
		{"", "x/a.WEBM", "video/webm"},
		{"application/octet-stream", "a.mp3", "audio/mpeg"},
		{"binary/octet-stream", "a.mp4", "video/mp4"},
		{"garbage", "a.mp4", "video/mp4"},
		{";;", "a", "application/octet-stream"},
		{"video/" + strings.Repeat("x", 122), "a.mp4", "video/mp4"},
		{"", "", "application/octet-stream"},
		{"text/html", "a.mp4", "video/mp4"},
		{"image/svg+xml", "a", "application/octet-stream"},
		{"application/javascript", "a.js", "application/octet-stream"},
		{"audio/x-m4a", "a", "audio/x-m4a"},
	}
	for _, test := range tests {
		if got := mediaType(test.contentType, test.file); got != test.want {
			t.Errorf("mediaType(%q, %q) = %q, want %q", test.contentType, test.file, got, test.want)
		}
	}
}
