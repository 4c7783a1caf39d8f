// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Prompt has the words of the dialogue among as many others, some of which sound alike.
const Prompt = `good morning everyone please open budget report seven engineers october project begins monday thank you very much and goodbye
the we need new in on afternoon nobody close holiday letter eleven managers september contract ends thursday sorry welcome`

// Word is a word of the dialogue, and when it was spoken, in seconds of the recording.
type Word struct {
	Text  string
	Start float64
}

// line is what is said without a pause.
type line struct {
	at    float64 // seconds of the recording
	pitch int     // tells the speakers apart
	text  string
}

// dialogue is of two people. The microphone starts three seconds after the camera, and from 11.5 to 15.5 s the network is down.
var dialogue = []line{
	{4, 55, "please open the budget report"},
	{8, 40, "we need seven new engineers in october"},
	{16.5, 55, "the project begins on monday"},
	{20.5, 40, "thank you very much"},
}

const (
	voiceRate   = 22050 // of espeak-ng
	lateStart   = 3.0
	gapStart    = 11.5
	gapEnd      = 15.5
	pictureEnd  = 26.0
	soundLength = 21.0
)

// Dialogue makes a recording in which a dialogue is spoken: 26 s of pictures, the sound of which begins after 3 s and has no packets from 11.5 to
// 15.5 s. picture is an image to show, or else there is a test pattern. It returns the words with the times at which they were spoken.
func Dialogue(t testing.TB, picture string) (string, []Word) {
	t.Helper()
	dir := t.TempDir()
	var words []Word
	sound := make([]int16, int(soundLength*voiceRate))
	for _, l := range dialogue {
		spoken := speak(t, dir, l.text, l.pitch)
		copy(sound[int((l.at-lateStart)*voiceRate):], spoken)
		fields := strings.Fields(l.text)
		for i, field := range fields {
			start := l.at
			if i > 0 { // after what comes before it
				start += float64(len(speak(t, dir, strings.Join(fields[:i], " "), l.pitch))) / voiceRate
			}
			words = append(words, Word{field, start})
		}
	}
	raw := filepath.Join(dir, "sound.raw")
	if err := os.WriteFile(raw, encode(sound), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, recording := filepath.Join(dir, "whole.webm"), filepath.Join(dir, "dialogue.webm")
	pictures := []string{"-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15"}
	if picture != "" {
		pictures = []string{"-loop", "1", "-framerate", "15", "-i", picture}
	}
	ffmpeg := []string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y"}
	run(t, "ffmpeg", slices.Concat(ffmpeg, pictures, []string{"-itsoffset", fmt.Sprint(lateStart), "-f", "s16le", "-ar", fmt.Sprint(voiceRate), "-ac", "1", "-i", raw,
		"-map", "0:v", "-map", "1:a", "-t", fmt.Sprint(pictureEnd), "-pix_fmt", "yuv420p", "-c:v", "libvpx", "-b:v", "200k", "-deadline", "realtime",
		"-cpu-used", "8", "-g", "30", "-c:a", "libopus", "-b:a", "48k", whole})...)
	// Packets can be dropped by their times only where they have those of a container.
	run(t, "ffmpeg", slices.Concat(ffmpeg, []string{"-i", whole, "-c", "copy", "-bsf:a", fmt.Sprintf("noise=drop='gte(pts*tb,%g)*lt(pts*tb,%g)'", gapStart, gapEnd), recording})...)
	return recording, words
}

// speak returns the samples of a text, without the silence around it.
func speak(t testing.TB, dir, text string, pitch int) []int16 {
	t.Helper()
	path := filepath.Join(dir, "spoken.wav")
	run(t, "espeak-ng", "-v", "en-us+klatt", "-s", "160", "-p", fmt.Sprint(pitch), "-w", path, text)
	content, err := os.ReadFile(path)
	if err != nil || len(content) < 44 {
		t.Fatalf("espeak-ng wrote %d bytes: %v", len(content), err)
	}
	content = content[44:] // its header
	var samples []int16
	for ; len(content) >= 2; content = content[2:] {
		samples = append(samples, int16(binary.LittleEndian.Uint16(content)))
	}
	loud := func(sample int16) bool { return math.Abs(float64(sample)) > 300 }
	for len(samples) > 0 && !loud(samples[0]) {
		samples = samples[1:]
	}
	for len(samples) > 0 && !loud(samples[len(samples)-1]) {
		samples = samples[:len(samples)-1]
	}
	return samples
}

func encode(samples []int16) []byte {
	raw := make([]byte, 0, 2*len(samples))
	for _, sample := range samples {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(sample))
	}
	return raw
}

func run(t testing.TB, program string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is missing: `make packages` installs it", program)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}
