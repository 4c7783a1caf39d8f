// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine is a real engine for speech recognition behind POST /v1/audio/transcriptions, and a dialogue for it, both offline: Debian's
// pocketsphinx and espeak-ng, which `make packages` installs.
//
// Pocketsphinx does not understand a synthetic voice well enough to choose among the 130,000 words of its dictionary. As other engines do
// with a prompt, it therefore takes the words of the request's prompt as those that are likely: it looks for any sequence of these.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxSoundBytes is the size of ten minutes of sound.
const maxSoundBytes = 20 << 20

// Handler answers POST /v1/audio/transcriptions.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/transcriptions", func(w http.ResponseWriter, r *http.Request) {
		answer, status, err := transcribe(w, r)
		if err != nil {
			answer = map[string]any{"error": map[string]any{"message": err.Error()}}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the client may be gone
	})
	return mux
}

func transcribe(w http.ResponseWriter, r *http.Request) (any, int, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxSoundBytes)
	file, _, err := r.FormFile("file")
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read the file: %w", err)
	}
	defer func() { _ = file.Close() }()
	if language := r.FormValue("language"); language != "" && language != "en" {
		return nil, http.StatusBadRequest, fmt.Errorf("unknown language %q; this engine knows en", language)
	}
	segments, err := recognise(r.Context(), file, r.FormValue("prompt"))
	if err != nil {
		return nil, http.StatusInternalServerError, err
	}
	return verbose(segments), http.StatusOK, nil
}

// word is a word with its times in seconds.
type word struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// verbose is an answer in the format verbose_json.
func verbose(segments [][]word) any {
	type segment struct {
		ID    int     `json:"id"`
		Start float64 `json:"start"`
		End   float64 `json:"end"`
		Text  string  `json:"text"`
	}
	told := struct {
		Task     string    `json:"task"`
		Language string    `json:"language"`
		Text     string    `json:"text"`
		Segments []segment `json:"segments"`
		Words    []word    `json:"words"`
	}{Task: "transcribe", Language: "english"}
	for i, words := range segments {
		var texts []string
		for _, w := range words {
			texts = append(texts, w.Word)
		}
		s := segment{i, words[0].Start, words[len(words)-1].End, " " + strings.Join(texts, " ")}
		told.Text += s.Text
		told.Segments = append(told.Segments, s)
		told.Words = append(told.Words, words...)
	}
	return told
}

// recognise returns what is said, by utterance.
func recognise(ctx context.Context, sound io.Reader, prompt string) ([][]word, error) {
	dir, err := os.MkdirTemp("", "engine-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "sound.wav")
	content, err := io.ReadAll(sound)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		return nil, err
	}
	args := []string{"-infile", path, "-time", "yes", "-logfn", filepath.Join(dir, "log")}
	if words := regexp.MustCompile(`[a-z']+`).FindAllString(strings.ToLower(prompt), -1); len(words) > 0 {
		grammar := filepath.Join(dir, "words.jsgf")
		text := "#JSGF V1.0;\ngrammar words;\n<word> = " + strings.Join(words, " | ") + ";\npublic <utterance> = <word>+;\n"
		if err := os.WriteFile(grammar, []byte(text), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-jsgf", grammar)
	}
	out, err := exec.CommandContext(ctx, "pocketsphinx_continuous", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("pocketsphinx_continuous, which `make packages` installs: %w", err)
	}
	return parse(string(out)), nil
}

// timed is a line of pocketsphinx: a word, its number among the pronunciations, start, end, probability.
var timed = regexp.MustCompile(`^([a-z'.-]+)(?:\(\d+\))? (\d+\.\d+) (\d+\.\d+) \S+$`)

// marker is a line for what is no word: silence, noise, and joints of the grammar.
var marker = regexp.MustCompile(`^\S+ \d+\.\d+ \d+\.\d+ \S+$`)

// parse reads the words of each utterance, whose text, a line without times, comes before them.
func parse(out string) [][]word {
	var all [][]word
	begun := false
	for line := range strings.SplitSeq(out, "\n") {
		found := timed.FindStringSubmatch(line)
		if found == nil {
			begun = begun && marker.MatchString(line)
			continue
		}
		start, _ := strconv.ParseFloat(found[2], 64) // the pattern takes numbers only
		end, _ := strconv.ParseFloat(found[3], 64)
		if !begun {
			all, begun = append(all, nil), true
		}
		all[len(all)-1] = append(all[len(all)-1], word{found[1], start, end})
	}
	return all
}
