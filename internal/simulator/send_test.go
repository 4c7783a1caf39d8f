// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// TestSend: every webhook that is not lost arrives with a signature that the sidecar accepts, a session's in order.
func TestSend(t *testing.T) {
	directory := t.TempDir()
	key, err := LoadKey(directory)
	if err != nil {
		t.Fatal(err)
	}
	public := readPublic(t, directory)
	var mu sync.Mutex
	got := map[string][]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = verify(public, body, r.Header.Get(videosdk.SignatureHeader))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		event, err := videosdk.Parse(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		got[event.SessionID] = append(got[event.SessionID], string(event.Type))
	}))
	defer server.Close()

	plan := Plan(Options{Seed: 3, Sessions: 50, Recordings: 1, Lose: 0.1})
	want := map[string][]string{}
	for _, d := range plan {
		if !d.Lost {
			want[d.Session] = append(want[d.Session], d.Type)
		}
	}
	accepted := 0
	sender := Sender{URL: server.URL, Key: key, Report: func(r Result) {
		if r.Accepted() {
			accepted++
		}
	}}
	if err := sender.Send(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for session, types := range want {
		if !slices.Equal(got[session], types) {
			t.Errorf("session %s: got %v, want %v", session, got[session], types)
		}
		accepted -= len(types)
	}
	if accepted != 0 {
		t.Errorf("%d reports too many", accepted)
	}
}

// readPublic reads the public key that belongs to the private one of a directory.
func readPublic(t *testing.T, directory string) *rsa.PublicKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, PublicKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(*rsa.PublicKey)
}

// verify checks a signature as the provider describes it.
func verify(key *rsa.PublicKey, body []byte, signature string) error {
	decoded, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], decoded)
}

func TestSendEndsWithItsContext(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sender := Sender{URL: "http://127.0.0.1:1", Key: key, Report: func(Result) {}}
	if err := sender.Send(ctx, Plan(Defaults())); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLoadKey(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "new")
	first, err := LoadKey(directory)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKey(directory)
	if err != nil || !slices.Equal(first.Public(), again.Public()) {
		t.Errorf("the key changed: %v", err)
	}
	info, err := os.Stat(filepath.Join(directory, PrivateKeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key has mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(directory, PrivateKeyFile), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(directory); err == nil || !strings.Contains(err.Error(), "has no PEM block") {
		t.Errorf("got %v", err)
	}
}

func TestFileHandler(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.mp4")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(FileHandler(file))
	defer server.Close()
	for path, want := range map[string]int{"/encoded/videos/1.mp4": 206, "/other": 404, "/encoded/videos/../../etc/passwd": 404} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Range", "bytes=2-4")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != want {
			t.Errorf("%s: %d, %v; want %d", path, response.StatusCode, err, want)
		}
		if want == 206 && string(body) != "234" {
			t.Errorf("%s: %q", path, body)
		}
	}
	generated := httptest.NewRecorder()
	FileHandler("").ServeHTTP(generated, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/encoded/videos/1.mp4", http.NoBody))
	if generated.Code != 200 || generated.Header().Get("Content-Type") != "video/mp4" || !bytes.Equal(generated.Body.Bytes(), sample) || CheckFile("") != nil {
		t.Errorf("the sample: %d %v", generated.Code, generated.Header())
	}
	if err := CheckFile(filepath.Dir(file)); err == nil {
		t.Error("a directory is accepted as a file")
	}
}

func TestDirHandler(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "a.mp4"), []byte("film"), 0o600); err != nil {
		t.Fatal(err)
	}
	notifications := filepath.Join(t.TempDir(), "notifications")
	server := httptest.NewServer(DirHandler(directory, notifications))
	defer server.Close()
	without := httptest.NewServer(DirHandler(directory, ""))
	defer without.Close()
	for _, test := range []struct {
		method, url, body string
		status            int
	}{
		{http.MethodGet, server.URL + "/a.mp4", "", http.StatusOK},
		{http.MethodPost, server.URL + "/events", "{\"one\":1}\n", http.StatusNoContent},
		{http.MethodPost, server.URL + "/events", "{\"two\":2}", http.StatusNoContent},
		{http.MethodPost, server.URL + "/events", strings.Repeat("x", maxNotification+1), http.StatusBadRequest},
		{http.MethodPost, without.URL + "/events", "{}", http.StatusNotFound},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, test.url, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != test.status {
			t.Errorf("%s %s: %d, %v; want %d", test.method, test.url, response.StatusCode, err, test.status)
		}
	}
	stored, err := os.ReadFile(notifications)
	if want := "{\"one\":1}\n{\"two\":2}\n"; err != nil || string(stored) != want {
		t.Errorf("stored %q, %v; want %q", stored, err, want)
	}
}
