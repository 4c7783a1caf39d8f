// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

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
