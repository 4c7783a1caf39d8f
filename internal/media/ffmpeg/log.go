// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg

import (
	"bytes"
	"regexp"
	"strings"
)

// maxLineBytes is where a line that does not end is cut.
const maxLineBytes = 8 << 10

// lineWriter calls line for each line that is written to it, without its end, be that \n or \r.
type lineWriter struct {
	line func(string)
	rest []byte
}

// Write implements io.Writer; it never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\r\n")
		if end < 0 {
			w.rest = append(w.rest, p...)
			if len(w.rest) > maxLineBytes {
				w.flush()
			}
			return n, nil
		}
		w.rest = append(w.rest, p[:end]...)
		w.flush()
		p = p[end+1:]
	}
	return n, nil
}

// flush ends a last line that has no end.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.line(string(w.rest[:min(len(w.rest), maxLineBytes)]))
		w.rest = w.rest[:0]
	}
}

// level is the one that ffmpeg writes before each message: "[mov @ 0x55] [error] moov atom not found".
var level = regexp.MustCompile(`^(?:\[[^]]* @ 0x[0-9a-f]+\] )*\[(panic|fatal|error|warning|info|verbose|debug)\] ?`)

// levelOf returns a line's level; empty when it has none, because it goes on with the message of an earlier line.
func levelOf(line string) string {
	if match := level.FindStringSubmatch(line); match != nil {
		return match[1]
	}
	return ""
}

// clean returns a line's message without level and addresses.
func clean(line string) string {
	return strings.TrimSpace(level.ReplaceAllString(line, ""))
}

// tail keeps the last few errors, in few bytes.
type tail struct {
	lines []string
}

func (t *tail) add(line string) {
	const most, longest = 3, 200
	if len(line) > longest {
		line = line[:longest] + "..."
	}
	if len(t.lines) > 0 && t.lines[len(t.lines)-1] == line {
		return
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > most {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string { return strings.Join(t.lines, "; ") }
