// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package transcript tests `postprocess transcribe` with a real engine, offline.
package transcript

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/transcript"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/engine"
)

// postprocess runs the binary, as on a workstation.
func postprocess(t *testing.T, args ...string) (log string, err error) {
	t.Helper()
	binary, err := harness.Binary("postprocess")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, append(args, "--termination-log=/none/termination-log")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A dialogue in a recording whose microphone starts late and whose network was down for a while: each word is told within half a
// second of where it was spoken, whether the sound is made by this step or by the one before it.
func TestDialogue(t *testing.T) {
	recording, words := engine.Dialogue(t, "")
	server := httptest.NewServer(engine.Handler())
	defer server.Close()
	folder := t.TempDir()
	if log, err := postprocess(t, "audio", "--source-file="+recording, "--format=wav", "--destination=file://"+folder, "--object-folder=."); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	for name, source := range map[string]string{"recording": recording, "speech": filepath.Join(folder, "speech.wav")} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			log, err := postprocess(t, "transcribe", "--source-file="+source, "--destination=file://"+out, "--object-folder=.", "--max-chunk-duration=12s",
				"--engine-url="+server.URL+"/v1/audio/transcriptions", "--engine-allow-http", "--engine-allow-private-addresses", "--language=en", "--prompt="+engine.Prompt)
			if err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			compare(t, read(t, out), words)
		})
	}
}

func read(t *testing.T, folder string) transcript.Transcript {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "transcript.json"))
	var got transcript.Transcript
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// compare looks for each word within half a second of its time.
func compare(t *testing.T, got transcript.Transcript, want []engine.Word) {
	t.Helper()
	var told []transcript.Word
	for _, segment := range got.Segments {
		told = append(told, segment.Words...)
	}
	for _, word := range want {
		nearest := math.Inf(1)
		for _, w := range told {
			if strings.EqualFold(w.Text, word.Text) {
				nearest = min(nearest, math.Abs(w.Start-word.Start))
			}
		}
		if nearest > 0.5 {
			t.Errorf("%q was spoken at %.2f s, and is told %.2f s from there", word.Text, word.Start, nearest)
		}
	}
	if len(told) > len(want)+3 || got.Duration < 25.9 || got.Duration > 26.1 {
		t.Errorf("%d words are told of %d, in %.2f s: %+v", len(told), len(want), got.Duration, told)
	}
	if t.Failed() {
		t.Logf("told: %+v\nspoken: %+v", told, want)
	}
}

// An engine that does not know the language says so, and the step tells what to change.
func TestUnknownLanguage(t *testing.T) {
	recording, _ := engine.Dialogue(t, "")
	server := httptest.NewServer(engine.Handler())
	defer server.Close()
	log, err := postprocess(t, "transcribe", "--source-file="+recording, "--destination=file://"+t.TempDir(), "--object-folder=.",
		"--engine-url="+server.URL+"/v1/audio/transcriptions", "--engine-allow-http", "--engine-allow-private-addresses", "--language=de")
	if err == nil || err.Error() != "exit status 78" || !strings.Contains(log, `unknown language "de"; this engine knows en); check --language`) {
		t.Errorf("%v\n%s", err, log)
	}
}
