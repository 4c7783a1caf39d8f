// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outputs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

var made = outputs.Message{Outputs: []outputs.Output{{Name: "archive", URL: "file:///r/a%20b.mp4?x=<&>", SizeBytes: size(3)}}}

// sink returns a sink whose file exists and holds text, and its standard output.
func sink(t *testing.T, text string) (outputs.Sink, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "termination-log")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	return outputs.Sink{Path: path, Stdout: &stdout}, &stdout
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrite(t *testing.T) {
	s, stdout := sink(t, strings.Repeat("old", 1000))
	if err := s.Write(made); err != nil {
		t.Fatal(err)
	}
	got, err := outputs.Parse([]byte(read(t, s.Path)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if stdout.Len() != 0 {
		t.Errorf("stdout = %q, want nothing", stdout)
	}
}

func TestWriteWithoutFile(t *testing.T) {
	var stdout bytes.Buffer
	s := outputs.Sink{Path: filepath.Join(t.TempDir(), "none"), Stdout: &stdout}
	if err := s.Write(outputs.Message{}); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "{\"outputs\":[]}\n"; got != want {
		t.Errorf("stdout = %q, want %q", got, want)
	}
	if err := s.WriteError("boom"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Path); !os.IsNotExist(err) {
		t.Errorf("the file was created: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	s, _ := sink(t, "")
	var field *outputs.FieldError
	if err := s.Write(outputs.Message{Outputs: []outputs.Output{{}}}); !errors.As(err, &field) {
		t.Errorf("err = %v, want a FieldError", err)
	}
	dir := outputs.Sink{Path: t.TempDir()}
	if err := dir.Write(made); err == nil || !strings.Contains(err.Error(), "write termination message") {
		t.Errorf("err = %v", err)
	}
	if err := dir.WriteError("x"); err == nil || !strings.Contains(err.Error(), "write termination message") {
		t.Errorf("err = %v", err)
	}
}

func TestWriteError(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"short":        {"no such file", "no such file"},
		"lines":        {"a\n\tb\r\nc\n", "a b c"},
		"invalid":      {"a\xffb", "a?b"},
		"exact":        {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"long":         {strings.Repeat("x", 1025), strings.Repeat("x", 1021) + "..."},
		"between rune": {strings.Repeat("é", 600), strings.Repeat("é", 510) + "..."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, stdout := sink(t, "old")
			if err := s.WriteError(test.text); err != nil {
				t.Fatal(err)
			}
			got := read(t, s.Path)
			if got != test.want {
				t.Errorf("text = %q, want %q", got, test.want)
			}
			if len(got) > outputs.MaxErrorBytes || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
			}
			if _, err := outputs.Parse([]byte(got)); !errors.Is(err, outputs.ErrNotMessage) {
				t.Errorf("Parse: %v, want ErrNotMessage", err)
			}
			if stdout.Len() != 0 {
				t.Errorf("stdout = %q, want nothing", stdout)
			}
		})
	}
}
