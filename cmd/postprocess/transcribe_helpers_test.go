// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/speech"
)

const transcriptFolder = "abcd-efgh-ijkl/0123456789abcdef01234567/1/media/"

// standIn is an engine that notes what it is asked. answer gets the number of the request, from 0.
type standIn struct {
	*httptest.Server
	seconds []float64 // of each chunk
	form    []string  // language, prompt and model of the last request
}

func newStandIn(t *testing.T, answer func(w http.ResponseWriter, n int)) *standIn {
	t.Helper()
	e := &standIn{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, head, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		sound, err := speech.Open(file, head.Size)
		if err != nil {
			t.Error(err)
		}
		e.form = []string{r.FormValue("language"), r.FormValue("prompt"), r.FormValue("model"), r.Header.Get("Authorization")}
		e.seconds = append(e.seconds, sound.Seconds())
		answer(w, len(e.seconds)-1)
	}))
	t.Cleanup(e.Close)
	return e
}

// said answers that something was said from 0.5 to 1 s of the chunk.
func said(w http.ResponseWriter, n int) {
	_, _ = fmt.Fprintf(w, `{"language":"english","text":"number %[1]d","segments":[{"start":0.5,"end":1,"text":" number %[1]d"}],
		"words":[{"word":"number","start":0.5,"end":0.75},{"word":"%[1]d","start":0.75,"end":1}]}`, n)
}

// speechLike makes a recording of 24 s with sound from 3 to 5 s and from 18 to 20 s.
func speechLike(t *testing.T) string {
	t.Helper()
	return mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("160x90", 24, 0),
		[]string{"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=24,volume=0:enable='not(between(t,3,5)+between(t,18,20))'"}, mediatest.H264())...)
}

// speechWAV is the same as the step audio leaves it, which needs no ffmpeg.
func speechWAV(t *testing.T) string {
	t.Helper()
	const seconds = 24
	samples := make([]byte, 2*seconds*speech.SampleRate)
	for i := range seconds * speech.SampleRate {
		if at := float64(i) / speech.SampleRate; at >= 3 && at < 5 || at >= 18 && at < 20 {
			binary.LittleEndian.PutUint16(samples[2*i:], uint16(int16(4000*math.Sin(at*440*2*math.Pi))))
		}
	}
	path := filepath.Join(t.TempDir(), "speech.wav")
	mediatest.Write(t, path, append(speech.Header(int64(len(samples))), samples...))
	return path
}

func newTranscribeFixture(t *testing.T, recording string, e *standIn, args ...string) *fixture {
	t.Helper()
	f := newMediaFixture(t, "transcribe", recording)
	f.args = append(f.args, "--engine-url="+e.URL+"/v1/audio/transcriptions", "--engine-allow-http", "--engine-allow-private-addresses")
	f.args = append(f.args, args...)
	return f
}

func (f *fixture) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.folder, transcriptFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (f *fixture) transcript(t *testing.T) transcript.Transcript {
	t.Helper()
	var got transcript.Transcript
	if err := json.Unmarshal([]byte(f.read(t, "transcript.json")), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// again makes the fixture ready for another run.
func (f *fixture) again(t *testing.T) {
	t.Helper()
	f.stderr.Reset()
	if err := os.WriteFile(f.terminationLog, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
