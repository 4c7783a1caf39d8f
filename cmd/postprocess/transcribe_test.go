// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
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

// What is said is on the recording's time axis, in four files, and silence is sent to nobody.
func TestTranscribe(t *testing.T) {
	e := newStandIn(t, said)
	key := filepath.Join(t.TempDir(), "key")
	mediatest.Write(t, key, []byte("sk-topsecret\n"))
	f := newTranscribeFixture(t, speechLike(t), e, "--language=eng", "--prompt=Aisha", "--model=m", "--api-key-file="+key)
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	if len(e.seconds) != 2 || e.seconds[0] < 2 || e.seconds[0] > 3 || e.seconds[1] < 2 || e.seconds[1] > 3 {
		t.Errorf("the engine got chunks of %v s, want two of 2.5", e.seconds)
	}
	if diff := cmp.Diff([]string{"en", "Aisha", "m", "Bearer sk-topsecret"}, e.form); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got := f.transcript(t)
	if len(got.Segments) != 2 || got.Language != "en" || got.Duration < 23.9 || got.Duration > 24.1 {
		t.Fatalf("%+v", got)
	}
	// A chunk begins a quarter of a second before the sound does.
	for i, want := range []float64{3.25, 18.25} {
		s := got.Segments[i]
		if s.Text != fmt.Sprintf("number %d", i) || s.Start < want-0.1 || s.Start > want+0.1 || len(s.Words) != 2 || s.Words[1].Start < s.Start+0.2 {
			t.Errorf("%+v, want it from %g s on", s, want)
		}
	}
	if vtt, srt, text := f.read(t, "captions.vtt"), f.read(t, "captions.srt"), f.read(t, "transcript.txt"); !strings.HasPrefix(vtt, "WEBVTT\n\n00:00:03.") ||
		!strings.Contains(srt, "2\n00:00:18,") || text != "number 0\n\nnumber 1\n" {
		t.Errorf("%s\n%s\n%s", vtt, srt, text)
	}
	message, err := outputs.Parse([]byte(f.message(t)))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, output := range message.Outputs {
		told = append(told, output.Name+" "+filepath.Base(output.URL)+" "+output.MediaType)
	}
	want := []string{"transcript transcript.json application/json", "captions captions.vtt text/vtt", "subtitles captions.srt application/x-subrip", "text transcript.txt text/plain"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if values := message.Outputs[0].Values; values["words"] != int64(4) || values["language"] != "en" || values["leftOut"] != int64(0) {
		t.Errorf("values %v", values)
	}
	if _, err := os.Stat(filepath.Join(f.folder, transcriptFolder, "transcript.state.json")); err == nil {
		t.Error("the state was left behind")
	}
}

// A run that ended in the middle goes on with the next chunk; with other options, or another sound, it begins again.
func TestTranscribeResumes(t *testing.T) {
	fail := true
	e := newStandIn(t, func(w http.ResponseWriter, n int) {
		if fail && n == 1 {
			http.Error(w, `{"error":{"message":"out of memory"}}`, http.StatusInternalServerError)
			return
		}
		said(w, n)
	})
	f := newTranscribeFixture(t, speechWAV(t), e, "--format=json")
	if code := f.run(t); code != 69 || !strings.Contains(f.message(t), "cannot transcribe chunk 2 of 2 (from 18 to 20 s): the engine "+e.Listener.Addr().String()+" answered 500") {
		t.Fatalf("exit code %d, %s", code, f.message(t))
	}
	if state := f.read(t, "transcript.state.json"); !strings.Contains(state, `"number 0"`) || strings.Contains(state, e.URL) {
		t.Errorf("the state is %s", state)
	}
	state := f.read(t, "transcript.state.json")
	fail = false
	f.again(t)
	if code := f.run(t); code != 0 || len(e.seconds) != 3 {
		t.Fatalf("exit code %d, %d requests\n%s", code, len(e.seconds), &f.stderr)
	}
	if got := f.transcript(t).Segments; len(got) != 2 || got[0].Text != "number 0" || got[1].Text != "number 2" {
		t.Errorf("%+v", got)
	}
	path := filepath.Join(f.folder, transcriptFolder, "transcript.state.json")
	args := slices.Clone(f.args)
	for name, test := range map[string]struct {
		state string
		args  []string
	}{
		"another language": {state, []string{"--language=de"}},
		"another prompt":   {state, []string{"--prompt=Aisha"}},
		"shorter chunks":   {strings.Replace(state, `"start":2.`, `"start":1.`, 1), nil},
		"damage":           {state[:len(state)/2], nil},
		"another sound":    {strings.Replace(state, `"key":"`, `"key":"0`, 1), nil},
	} {
		mediatest.Write(t, path, []byte(test.state))
		before := len(e.seconds)
		f.args = append(slices.Clone(args), test.args...)
		f.again(t)
		if code := f.run(t); code != 0 || len(e.seconds) != before+2 {
			t.Errorf("%s: exit code %d, %d requests\n%s", name, code, len(e.seconds)-before, &f.stderr)
		}
	}
}

// A step that is stopped as the kubelet stops it keeps what it has finished.
func TestTranscribeInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	held := make(chan struct{})
	e := newStandIn(t, func(w http.ResponseWriter, n int) {
		if n == 1 {
			stop()
			<-held
		}
		said(w, n)
	})
	f := newTranscribeFixture(t, speechWAV(t), e)
	code := run(ctx, process{args: f.args, getenv: func(key string) string { return f.env[key] }, stdout: &f.stdout, stderr: &f.stderr})
	close(held)
	if code != 75 || !strings.Contains(f.message(t), "interrupted") {
		t.Errorf("exit code %d, %s", code, f.message(t))
	}
	if state := f.read(t, "transcript.state.json"); !strings.Contains(state, `"number 0"`) {
		t.Errorf("the state is %s", state)
	}
	if left, err := os.ReadDir(f.scratch()); err != nil || len(left) > 0 {
		t.Errorf("%v was left in the scratch folder, %v", left, err)
	}
}

// The sound that an earlier step made is taken where it is stored, in a folder or in a bucket.
func TestTranscribeSourceOutput(t *testing.T) {
	for _, place := range []string{"file", "s3"} {
		t.Run(place, func(t *testing.T) {
			recording := speechLike(t)
			f := newMediaFixture(t, "audio", recording)
			if place == "s3" {
				f.toS3(t)
			}
			f.args = append(f.args, "--format=wav")
			if code := f.run(t); code != 0 {
				t.Fatalf("exit code %d\n%s", code, &f.stderr)
			}
			steps := filepath.Join(t.TempDir(), "steps.json")
			mediatest.Write(t, steps, []byte(`{"steps":{"speech":{"state":"Succeeded",`+strings.TrimPrefix(strings.TrimSpace(f.message(t)), "{")+`}}`))
			e := newStandIn(t, said)
			g := newTranscribeFixture(t, "", e, "--source-output=speech/wav")
			g.env["ARCHIVE_DESTINATION"], g.folder, g.env["STEP_OUTPUTS_FILE"] = f.env["ARCHIVE_DESTINATION"], f.folder, steps
			g.server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the recording was fetched") })
			if code := g.run(t); code != 0 || len(e.seconds) != 2 {
				t.Fatalf("exit code %d, %d requests\n%s", code, len(e.seconds), &g.stderr)
			}
			if got := g.transcript(t).Segments; len(got) != 2 || got[1].Start < 18.1 || got[1].Start > 18.4 {
				t.Errorf("%+v", got)
			}
			if _, err := os.Stat(filepath.Join(g.folder, transcriptFolder, "transcript.state.json")); err == nil {
				t.Error("the state was left behind")
			}
			for source, want := range map[string]string{"mp3": "no earlier step made the output --source-output=mp3; have this step need (needs)", "audio/wav": "no earlier step made"} {
				g.again(t)
				g.args[len(g.args)-1] = "--source-output=" + source
				if code := g.run(t); code != 64 || !strings.Contains(g.message(t), want) {
					t.Errorf("%s: exit code %d, %s", source, code, g.message(t))
				}
			}
			g.again(t)
			g.args[len(g.args)-1] = "--source-output=wav"
			g.env["ARCHIVE_DESTINATION"] = "file://" + t.TempDir()
			if code := g.run(t); code != 64 || !strings.Contains(g.message(t), "give both steps the same --destination") {
				t.Errorf("exit code %d, %s", code, g.message(t))
			}
		})
	}
}

// A recording in which nobody speaks has an empty transcript, and the engine is not asked to invent one.
func TestTranscribeNothing(t *testing.T) {
	for name, recording := range map[string]string{
		"silence":  mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("160x90", 4, 0), mediatest.Tone(4, 4), mediatest.H264())...),
		"no sound": mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("160x90", 4, 0), mediatest.H264())...),
	} {
		e := newStandIn(t, said)
		f := newTranscribeFixture(t, recording, e)
		if code := f.run(t); code != 0 || len(e.seconds) != 0 {
			t.Fatalf("%s: exit code %d, %d requests\n%s", name, code, len(e.seconds), &f.stderr)
		}
		if got := f.transcript(t); len(got.Segments) != 0 || got.Duration < 3.9 || got.Duration > 4.1 || f.read(t, "captions.vtt") != "WEBVTT\n" || f.read(t, "transcript.txt") != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	e := newStandIn(t, func(w http.ResponseWriter, _ int) { _, _ = io.WriteString(w, `{"text":"","segments":[]}`) })
	f := newTranscribeFixture(t, speechWAV(t), e)
	if code := f.run(t); code != 0 || len(f.transcript(t).Segments) != 0 || len(e.seconds) != 2 {
		t.Errorf("an engine that hears nothing: exit code %d, %d requests\n%s", code, len(e.seconds), &f.stderr)
	}
}

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
		"no key":            {"", []string{"--api-key-file=/none/key"}, 78, "cannot read --api-key-file; is the Secret mounted there?"},
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

// An engine may be a program.
func TestTranscribeCommand(t *testing.T) {
	f := newMediaFixture(t, "transcribe", speechWAV(t))
	f.args = append(f.args, "--", "sh", "-c", `test -s "$1" && echo '{"text":"hello","segments":[{"start":1,"end":2,"text":"hello"}]}'`, "engine", "{file}")
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d, %s\n%s", code, f.message(t), &f.stderr)
	}
	if got := f.transcript(t).Segments; len(got) != 2 || got[0].Text != "hello" || got[0].Start < 3.6 || got[0].Start > 3.9 {
		t.Errorf("%+v", got)
	}
}
