// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mediatest makes recordings for tests, with ffmpeg's own test sources.
package mediatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var (
	mu   sync.Mutex
	made = map[string][]byte{}
)

// Make runs ffmpeg with the arguments and returns the path of the file that it wrote, of that name, in a folder of the
// test's own. The same arguments are run once in a test binary.
func Make(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	mu.Lock()
	defer mu.Unlock()
	key := fmt.Sprintf("%q", append(args, filepath.Ext(name)))
	if content, ok := made[key]; ok {
		Write(t, path, content)
		return path
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is missing: `make packages` installs it")
	}
	args = append(append([]string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y"}, args...), path)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %q: %v\n%s", args, err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	made[key] = content
	return path
}

// Write writes a file.
func Write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Picture returns ffmpeg's arguments for an input of moving pictures, the first blackSeconds of which are black.
func Picture(size string, seconds, blackSeconds float64) []string {
	graph := fmt.Sprintf("testsrc=size=%s:rate=15:duration=%g,drawbox=t=fill:c=black:enable='lt(t,%g)'", size, seconds, blackSeconds)
	return []string{"-f", "lavfi", "-i", graph}
}

// Tone returns ffmpeg's arguments for an input of sound, the first silentSeconds of which are silent.
func Tone(seconds, silentSeconds float64) []string {
	graph := fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%g,volume=0:enable='lt(t,%g)'", seconds, silentSeconds)
	return []string{"-f", "lavfi", "-i", graph}
}

// H264 returns ffmpeg's arguments for an output as a recorder writes it, with a frame that can be decoded alone each
// second.
func H264() []string {
	return []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac"}
}

// Recording makes an MP4 file of 320 by 180: 2 s black and silent, then pictures and a tone, with the index at its end, as
// recorders that write while they record leave it.
func Recording(t testing.TB, seconds float64) string {
	t.Helper()
	return Make(t, "recording.mp4", Join(Picture("320x180", seconds, 2), Tone(seconds, 2), H264())...)
}

// Join joins arguments.
func Join(parts ...[]string) []string {
	var all []string
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}
