// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/engine"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// scripted answers each attempt with the next error, and then with a text.
type scripted struct {
	errs []error
	made []time.Time
}

func (s *scripted) String() string { return "the engine" }

func (s *scripted) Attempt(context.Context, engine.Audio) (transcript.Answer, error) {
	s.made = append(s.made, time.Now())
	if n := len(s.made); n <= len(s.errs) {
		return transcript.Answer{}, s.errs[n-1]
	}
	return transcript.Answer{Text: "hello"}, nil
}

func (s *scripted) waits() []time.Duration {
	var waits []time.Duration
	for i := 1; i < len(s.made); i++ {
		waits = append(waits, s.made[i].Sub(s.made[i-1]))
	}
	return waits
}

var (
	busy    = sysexits.New(sysexits.Unavailable, nil, "busy")
	wrong   = sysexits.New(sysexits.Config, nil, "wrong")
	patient = engine.Options{Retries: 3, AttemptTimeout: time.Minute}
)

// What may pass is tried again, later each time; what may not is not.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &scripted{errs: []error{busy, busy}}
		answer, err := engine.Ask(t.Context(), e, audio(), patient, discard())
		if waits := e.waits(); err != nil || answer.Text != "hello" || len(waits) != 2 || waits[0] < 500*time.Millisecond || waits[0] > 1500*time.Millisecond ||
			waits[1] < time.Second || waits[1] > 3*time.Second {
			t.Errorf("%q, %v, after %s", answer.Text, err, waits)
		}
		e = &scripted{errs: []error{busy, busy, busy, busy, busy}}
		if _, err = engine.Ask(t.Context(), e, audio(), patient, discard()); len(e.made) != 4 || err.Error() != "gave up after 4 attempts: busy" || sysexits.Code(err) != sysexits.Unavailable {
			t.Errorf("%d attempts, %v", len(e.made), err)
		}
		e = &scripted{errs: []error{wrong}}
		if _, err = engine.Ask(t.Context(), e, audio(), patient, discard()); len(e.made) != 1 || !errors.Is(err, wrong) {
			t.Errorf("%d attempts, %v", len(e.made), err)
		}
	})
}

// The end of the step ends the waiting too, with the reason for it.
func TestAskInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := sysexits.New(sysexits.Unavailable, nil, "the step was not done within 700ms")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, cause)
		defer cancel()
		began := time.Now()
		if _, err := engine.Ask(ctx, &scripted{errs: []error{busy, busy, busy}}, audio(), patient, discard()); !errors.Is(err, cause) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, stop)
		if _, err := engine.Ask(ctx, &scripted{errs: []error{busy, busy, busy}}, audio(), patient, discard()); sysexits.Code(err) != sysexits.TempFail || !strings.HasPrefix(err.Error(), "interrupted") {
			t.Errorf("%v", err)
		}
	})
}

// An engine that asks to wait is not asked before; one that asks to wait longer than there is time for ends the step at once.
func TestRetryAfter(t *testing.T) {
	seconds := 1
	var asked []time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked = append(asked, time.Now()); len(asked) == 1 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write([]byte(`{"text":"hello"}`))
	}))
	defer server.Close()
	e, err := engine.NewHTTP(engine.HTTPOptions{URL: server.URL, AllowHTTP: true, AllowPrivateAddresses: true}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := engine.Ask(t.Context(), e, audio(), patient, discard()); err != nil || answer.Text != "hello" || len(asked) != 2 || asked[1].Sub(asked[0]) < time.Second {
		t.Errorf("%q, %v, asked at %s", answer.Text, err, asked)
	}
	seconds, asked = 3600, nil
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if _, err := engine.Ask(ctx, e, audio(), patient, discard()); sysexits.Code(err) != sysexits.TempFail || !strings.Contains(err.Error(), "asks to wait 1h0m0s") || len(asked) != 1 {
		t.Errorf("%v after %d attempts", err, len(asked))
	}
}

// script writes a program.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func askCommand(ctx context.Context, t *testing.T, text string, opts engine.Options) (transcript.Answer, error) {
	t.Helper()
	e, err := engine.NewCommand([]string{script(t, text), "-i", "{file}"}, opts)
	if err != nil {
		t.Fatal(err)
	}
	a := audio()
	a.Dir = t.TempDir()
	answer, err := engine.Ask(ctx, e, a, opts, discard())
	if left, _ := os.ReadDir(a.Dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	return answer, err
}

func TestCommand(t *testing.T) {
	opts := engine.Options{Language: "de", Prompt: "Aisha; rm -rf /", Model: "m", AttemptTimeout: time.Minute}
	answer, err := askCommand(t.Context(), t, `printf '{"text":"%s|%s|%s|%s"}' "$1 $(cat "$2")" "$TRANSCRIBE_LANGUAGE" "$TRANSCRIBE_PROMPT" "$TRANSCRIBE_MODEL"; echo loading >&2`, opts)
	if want := "-i " + sound + "|de|Aisha; rm -rf /|m"; err != nil || answer.Text != want {
		t.Errorf("%q, %v, want %q", answer.Text, err, want)
	}
	tests := map[string]struct {
		script string
		code   int
		text   string
	}{
		"fails":          {"echo begin >&2; echo 'no model file' >&2; exit 1", sysexits.Unavailable, "the command engine.sh ended with exit code 1: no model file"},
		"says nothing":   {"exit 3", sysexits.Unavailable, "ended with exit code 3, without a word"},
		"permanently":    {"echo 'unknown language tlh' >&2; exit 64", sysexits.Usage, "exit code 64: unknown language tlh"},
		"is killed":      {"kill -9 $$", sysexits.TempFail, "was killed"},
		"prints no JSON": {"echo hello", sysexits.Protocol, "answered text that is not JSON, not a transcript in JSON; it must print what"},
		"prints nothing": {"true", sysexits.Unavailable, "answered nothing"},
		"prints a lot":   {"head -c 50000000 /dev/zero", sysexits.Protocol, "answered more than 4 MiB"},
		"logs a lot":     {"head -c 50000000 /dev/zero >&2; exit 1", sysexits.Unavailable, "exit code 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := askCommand(t.Context(), t, test.script, engine.Options{AttemptTimeout: time.Minute}); sysexits.Code(err) != test.code || err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("code %d: %v; want %d, %q", sysexits.Code(err), err, test.code, test.text)
			}
		})
	}
	if _, err := engine.NewCommand([]string{"/none/whisper", "{file}"}, opts); sysexits.Code(err) != sysexits.Config || !strings.Contains(err.Error(), "is not installed") {
		t.Errorf("%v", err)
	}
	if _, err := engine.NewCommand([]string{"sh", "-c", "true"}, opts); sysexits.Code(err) != sysexits.Usage || !strings.Contains(err.Error(), "{file}") {
		t.Errorf("%v", err)
	}
}

// A command that hangs is ended, with what it started.
func TestCommandHangs(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	_, err := askCommand(t.Context(), t, "sleep 600 & echo $! >"+started+"; wait", engine.Options{AttemptTimeout: 500 * time.Millisecond})
	if sysexits.Code(err) != sysexits.Unavailable || !strings.Contains(err.Error(), "the command engine.sh did not answer within 500ms") {
		t.Errorf("%v", err)
	}
	pid, err := os.ReadFile(started)
	if err != nil {
		t.Fatal(err)
	}
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") || strings.Contains(string(stat), ") X ") {
			return
		}
		select {
		case <-again.C:
		case <-t.Context().Done():
			t.Fatalf("process %s still runs", pid)
		}
	}
}
