// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/speech"
)

// Everything that an engine can do wrong: what the exit code and the message are, and that no transcript is stored.
func TestTranscribeFails(t *testing.T) {
	answers := func(code int, body string) func(http.ResponseWriter, int) {
		return func(w http.ResponseWriter, _ int) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := map[string]struct {
		answer func(http.ResponseWriter, int)
		args   []string
		code   int
		text   string
	}{
		"401":              {answers(401, ""), nil, 77, "answered 401 Unauthorized; give its API key by --api-key-file"},
		"413":              {answers(413, ""), nil, 78, "lower --max-chunk-bytes or --max-chunk-duration"},
		"429":              {func(w http.ResponseWriter, _ int) { w.Header().Set("Retry-After", "86400"); w.WriteHeader(429) }, []string{"--retries=3"}, 75, "it takes no more requests for now, and asks to wait 24h0m0s"},
		"500":              {answers(500, ""), nil, 69, "answered 500 Internal Server Error"},
		"HTML":             {answers(200, "<html>"), nil, 76, "answered an HTML page, not a transcript in JSON"},
		"nothing":          {answers(200, ""), nil, 69, "answered nothing"},
		"closed":           {func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, nil, 69, "closed the connection without an answer"},
		"unknown language": {answers(400, `{"error":"unknown language 'gsw'"}`), []string{"--language=gsw"}, 78, "(unknown language 'gsw'); check --language"},
		"milliseconds": {answers(200, `{"text":"a b c","segments":[{"start":0,"end":900,"text":"a"},{"start":900,"end":1500,"text":"b"},{"start":1500,"end":2000,"text":"c"}]}`), nil, 76,
			"returned times that do not fit the sound: most of it lies outside the audio (2.5 s long, a segment at 900.0 s); times must be seconds"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newTranscribeFixture(t, speechWAV(t), newStandIn(t, test.answer), test.args...)
			if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
				t.Errorf("exit code %d, message %q, want %d and %q", code, f.message(t), test.code, test.text)
			}
			f.expectNothingStored(t)
		})
	}
	t.Run("hang", func(t *testing.T) {
		held := make(chan struct{})
		e := newStandIn(t, func(http.ResponseWriter, int) { <-held })
		f := newTranscribeFixture(t, speechWAV(t), e, "--attempt-timeout=100ms")
		if code := f.run(t); code != 69 || !strings.Contains(f.message(t), "did not answer within 100ms") {
			t.Errorf("exit code %d, %s", code, f.message(t))
		}
		close(held)
		f.expectNothingStored(t)
	})
	t.Run("repeats after the end", func(t *testing.T) {
		f := newTranscribeFixture(t, speechWAV(t), newStandIn(t, answers(200, `{"text":"x","segments":[{"start":1,"end":2,"text":"Bye."},{"start":3,"end":4,"text":"Bye."},{"start":5,"end":6,"text":"Bye."}]}`)))
		if code := f.run(t); code != 0 || len(f.transcript(t).Segments) != 2 || !strings.Contains(f.message(t), `"leftOut":4`) || !strings.Contains(f.stderr.String(), "Dropped segments after the end of the sound") {
			t.Errorf("exit code %d, %s\n%s", code, f.message(t), &f.stderr)
		}
	})
}

// What a file holds that is no whole recording, and what a command line may have wrong.
func TestTranscribeBadInput(t *testing.T) {
	whole, err := os.ReadFile(speechLike(t))
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		mediatest.Write(t, path, content)
		return path
	}
	wav := append(speech.Header(100_000), make([]byte, 50_000)...)
	empty := file("key", nil)
	tests := map[string]struct {
		recording string
		args      []string
		code      int
		text      string
	}{
		"truncated":         {file("a.mp4", whole[:len(whole)/2]), nil, 65, "truncated"},
		"truncated WAV":     {file("a.wav", wav), nil, 65, "truncated recording"},
		"encrypted":         {file("a.mp4", scramble(whole)), nil, 65, "not a recording that can be read; if it is encrypted, decrypt it first"},
		"no recording":      {file("a.mp4", []byte("this is no recording")), nil, 65, "not a recording that can be read"},
		"no such file":      {"", []string{"--source-file=/none.mp4"}, 66, "/none.mp4 does not exist"},
		"no such language":  {"", []string{"--language=klingonese"}, 64, "--language=klingonese is not a language's ISO 639 code, such as en"},
		"unknown language":  {"", []string{"--language=xx"}, 64, "--language=xx is not a language's ISO 639 code"},
		"no key":            {"", []string{"--api-key-file=/none/key"}, 78, "cannot read --api-key-file; check that the Secret is mounted there"},
		"empty key":         {"", []string{"--api-key-file=" + empty}, 78, "does not have a key"},
		"key of two lines":  {"", []string{"--api-key-file=" + file("key", []byte("a\nb"))}, 78, "does not have a key"},
		"no engine":         {"", []string{"--engine-url="}, 64, "no engine: set --engine-url, or give a command after --"},
		"two engines":       {"", []string{"--", "sh", "{file}"}, 64, "are both given"},
		"no such command":   {"", []string{"--engine-url=", "--", "/none", "{file}"}, 78, "/none is not installed"},
		"no placeholder":    {"", []string{"--engine-url=", "--", "sh"}, 64, "has no argument {file}"},
		"key of a command":  {"", []string{"--engine-url=", "--api-key-file=x", "--", "sh", "{file}"}, 64, "--api-key-file is for --engine-url"},
		"argument":          {"", []string{"a.mp4"}, 64, `unknown command "a.mp4"`},
		"format":            {"", []string{"--format=doc"}, 64, "--format=doc is not one of json, vtt, srt, txt"},
		"no format":         {"", []string{"--format="}, 64, "--format is empty"},
		"response format":   {"", []string{"--response-format=text"}, 64, "--response-format=text is not one of verbose_json, json"},
		"short chunks":      {"", []string{"--max-chunk-duration=1s"}, 64, "--max-chunk-duration must be from 5s to 3h0m0s"},
		"small chunks":      {"", []string{"--max-chunk-bytes=10k"}, 64, "--max-chunk-bytes must be 160044 or more"},
		"attempt's time":    {"", []string{"--attempt-timeout=0s"}, 64, "--attempt-timeout must be more than 0"},
		"prompt":            {"", []string{"--prompt=" + strings.Repeat("x", 10_000)}, 64, "--prompt has 10000 bytes"},
		"prompt not UTF-8":  {"", []string{"--prompt=\xff"}, 64, "--prompt and --model must be UTF-8"},
		"http":              {"", []string{"--engine-allow-http=false"}, 77, "or --engine-allow-http for one in the cluster"},
		"two sources":       {"", []string{"--source-output=wav", "--source-file=a"}, 64, "--source-output is given beside"},
		"private addresses": {speechWAV(t), []string{"--engine-allow-private-addresses=false"}, 77, "use --engine-allow-private-addresses"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newTranscribeFixture(t, test.recording, newStandIn(t, said), test.args...)
			if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
				t.Errorf("exit code %d, message %q, want %d and %q", code, f.message(t), test.code, test.text)
			}
			f.expectNothingStored(t)
		})
	}
}

// scramble does what a cipher does to a file.
func scramble(content []byte) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, len(content))
	for i, b := range content {
		out[i] = b ^ byte(random.Uint32())
	}
	return out
}
