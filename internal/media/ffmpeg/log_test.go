// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// However the log is cut into writes, the lines are the same, and none is longer than it may be.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]{0,5}[\r\n]{0,2}){0,20}`).Draw(t, "text")
		if rapid.Bool().Draw(t, "long") {
			text += strings.Repeat("x", 3*maxLineBytes)
		}
		var got []string
		w := &lineWriter{line: func(line string) { got = append(got, line) }}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		w.flush()
		var short []string
		for _, line := range got {
			if len(line) > maxLineBytes {
				t.Fatalf("a line of %d bytes", len(line))
			}
			if !strings.HasSuffix(line, "xxxxxx") {
				short = append(short, line)
			}
		}
		want := strings.FieldsFunc(strings.TrimRight(text, "x"), func(r rune) bool { return r == '\r' || r == '\n' })
		if len(text) < maxLineBytes {
			if diff := cmp.Diff(want, short); diff != "" && len(want)+len(short) > 0 && !strings.HasSuffix(text, "x") {
				t.Fatalf("(-want +got)\n%s", diff)
			}
		}
	})
}

func TestLevel(t *testing.T) {
	for line, want := range map[string]string{
		"[info] Stream mapping:":                                             "info",
		"[error] file:x: Invalid data":                                       "error",
		"[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55f0] [error] moov atom not found":     "error",
		"[h264 @ 0x1] [mov @ 0x2] [warning] x":                               "warning",
		"    I:         -21.7 LUFS":                                          "",
		"[not @ hex] [error] x":                                              "",
		"[swscaler @ 0x55] [warning] deprecated pixel format used [error] x": "warning",
	} {
		if got := levelOf(line); got != want {
			t.Errorf("level of %q = %q, want %q", line, got, want)
		}
	}
	if got := clean("[mov @ 0x55f0] [error] moov atom not found "); got != "moov atom not found" {
		t.Errorf("%q", got)
	}
}

func TestProgressParser(t *testing.T) {
	var got []Progress
	p := progressParser{report: func(now Progress) { got = append(got, now) }}
	for line := range strings.SplitSeq("frame=0\nout_time_us=N/A\nspeed=N/A\nprogress=continue\nout_time_us=-23000\nout_time_us=1500000\n"+
		"speed= 2.5x\nprogress=continue\nrubbish\nout_time_us=3000000\nprogress=end", "\n") {
		p.line(line)
	}
	want := []Progress{{}, {OutTime: 1500 * time.Millisecond, Speed: 0}, {OutTime: 3 * time.Second, End: true}}
	want[1].Speed, want[2].Speed = 2.5, 2.5
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
