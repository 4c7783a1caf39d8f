// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// TestSend: what is sent is what the sidecar takes, signed with the key that keygen made.
func TestSend(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{"keygen", "-dir", dir}, io.Discard); err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(filepath.Join(dir, "public.pem"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := videosdk.ParsePublicKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	var got videosdk.Event
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = videosdk.NewVerifier(videosdk.StaticKeys(keys)).Verify(r.Context(), body, r.Header.Get(videosdk.SignatureHeader))
		}
		if err == nil {
			got, err = videosdk.Parse(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"result":"recorded"}`)
	}))
	defer server.Close()

	var out bytes.Buffer
	key := filepath.Join(dir, "private.pem")
	err = run([]string{"send", "-key", key, "-url", server.URL, "-type", "recording-stopped", "-meeting", "m", "-session", "s",
		"-file-path", "/a.mp4", "-file-url", "https://cdn.example.com/a.mp4"}, &out)
	if err != nil || out.String() != "200 {\"result\":\"recorded\"}\n" {
		t.Fatalf("%v, %q", err, out.String())
	}
	want := videosdk.Event{Type: videosdk.RecordingStopped, MeetingID: "m", SessionID: "s", FilePath: "/a.mp4", FileURL: "https://cdn.example.com/a.mp4"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := run([]string{"send", "-key", key, "-url", server.URL, "-meeting", ""}, io.Discard); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("a webhook that was refused: %v", err)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "private.pem")
	if err := os.WriteFile(noPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no command":      {nil, "say what to do: keygen, serve or send"},
		"unknown command": {[]string{"receive"}, `unknown command "receive"`},
		"no key":          {[]string{"send", "-key", noPEM + ".missing"}, "no such file"},
		"no PEM":          {[]string{"send", "-key", noPEM}, "make a key with: provider keygen"},
		"no folder":       {[]string{"keygen", "-dir", noPEM + ".missing"}, "no such file"},
		"bad address":     {[]string{"serve", "-listen", "127.0.0.1:notaport"}, "notaport"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(test.args, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestServe: files are served, and what is posted becomes a line of its own, where that was asked for.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.mp4"), []byte("film"), 0o600); err != nil {
		t.Fatal(err)
	}
	events := filepath.Join(t.TempDir(), "events")
	server := httptest.NewServer(handler(dir, events))
	defer server.Close()
	deaf := httptest.NewServer(handler(dir, ""))
	defer deaf.Close()
	if got := ask(t, http.MethodGet, server.URL+"/a.mp4", ""); got != "200 film" {
		t.Errorf("the file was answered %q", got)
	}
	for _, body := range []string{"{\"one\":1}\n", "{\"two\":2}"} {
		if got := ask(t, http.MethodPost, server.URL+"/events", body); got != "204 " {
			t.Errorf("%q was answered %q", body, got)
		}
	}
	if got := ask(t, http.MethodPost, server.URL+"/events", strings.Repeat("x", maxEvent+1)); !strings.HasPrefix(got, "400 ") {
		t.Errorf("too much was answered %q", got)
	}
	if got := ask(t, http.MethodPost, deaf.URL+"/events", "{}"); !strings.HasPrefix(got, "404 ") {
		t.Errorf("without -events, one was answered %q", got)
	}
	kept, err := os.ReadFile(events)
	if want := "{\"one\":1}\n{\"two\":2}\n"; err != nil || string(kept) != want {
		t.Errorf("kept %q, %v; want %q", kept, err, want)
	}
}

// ask returns the status and body of an answer.
func ask(t *testing.T, method, url, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, answer)
}
