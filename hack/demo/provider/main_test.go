// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
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
	keys, err := videosdk.NewFileKeys([]string{filepath.Join(dir, "public.pem")}, videosdk.FileKeysOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got videosdk.Event
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = videosdk.NewVerifier(keys).Verify(r.Context(), body, r.Header.Get(videosdk.SignatureHeader))
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
