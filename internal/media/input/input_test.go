// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// serve serves content, in parts unless whole.
func serve(t *testing.T, content []byte, whole bool) Recording {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		if whole {
			r.Header.Del("Range")
		}
		http.ServeContent(w, r, "a.mp4", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	opts := source.Defaults()
	rule, err := source.ParseHostRule(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	opts.Hosts, opts.AllowHTTP, opts.AllowPrivateAddresses, opts.Retries = []source.HostRule{rule}, true, true, 0
	client := source.New(opts)
	t.Cleanup(client.Close)
	return Recording{URL: server.URL + "/a.mp4", Client: client, Scratch: t.TempDir()}
}

func noise(n int) []byte {
	content := make([]byte, n)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	content[0] = 0
	return content
}

// Whatever is read in parts is right, and no more is fetched than the blocks that hold it.
func TestParts(t *testing.T) {
	content := noise(20*blockBytes + 12345)
	recording := serve(t, content, false)
	rapid.Check(t, func(rt *rapid.T) {
		r, err := recording.Open(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		blocks := map[int]bool{0: true}
		for range rapid.IntRange(0, 8).Draw(rt, "reads") {
			from := rapid.IntRange(0, len(content)-1).Draw(rt, "from")
			n := rapid.IntRange(1, 3*blockBytes).Draw(rt, "n")
			want := content[from:min(from+n, len(content))]
			got := make([]byte, n)
			m, err := r.ReadAt(got, int64(from))
			if m != len(want) || !bytes.Equal(got[:m], want) || (err != nil) != (m < n) || err != nil && !errors.Is(err, io.EOF) {
				rt.Fatalf("read %d of %d at %d: %v", m, n, from, err)
			}
			for b := from / blockBytes; b*blockBytes < from+len(want); b++ {
				blocks[b] = true
			}
		}
		var most int64
		for b := range blocks {
			most += int64(min(blockBytes, len(content)-b*blockBytes))
		}
		if got := r.(*parts).ranges.Received(); got != most {
			rt.Fatalf("fetched %d bytes, want %d", got, most)
		}
		if r.Whole() || r.Size() != int64(len(content)) {
			rt.Fatal("a sparse file that calls itself whole")
		}
	})
}

func TestReadBeyondTheEnd(t *testing.T) {
	recording := serve(t, noise(10), false)
	r, err := recording.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if n, err := r.ReadAt(make([]byte, 1), 10); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d, %v", n, err)
	}
}

// A source without parts costs one more request, but not the file twice.
func TestWholeInstead(t *testing.T) {
	content := noise(1 << 20)
	recording := serve(t, content, true)
	r, err := recording.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	got, err := os.ReadFile(r.Name())
	if err != nil || !bytes.Equal(got, content) || !r.Whole() || r.Size() != int64(len(content)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestLocalFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp4")
	if err := os.WriteFile(path, noise(10), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(path))
	r, err := Recording{Path: "a.mp4"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if r.Name() != path || !r.Whole() {
		t.Errorf("%s", r.Name())
	}
}

func TestOpenFails(t *testing.T) {
	full := func(r *Recording) { r.Free = func(string) (int64, error) { return spare, nil } }
	tests := map[string]struct {
		content []byte
		whole   bool
		change  func(*Recording)
		code    int
		text    string
	}{
		"no room":            {noise(100), true, full, sysexits.IOErr, "MiB free, but a recording of 0 MiB needs 17 MiB; give it more room, by a larger volume or --scratch-dir"},
		"room unknown":       {noise(100), true, func(r *Recording) { r.Scratch = "/none" }, sysexits.IOErr, "cannot write to the scratch folder"},
		"no folder":          {noise(100), false, func(r *Recording) { r.Scratch = "/none" }, sysexits.IOErr, "cannot write to the scratch folder"},
		"playlist":           {[]byte("\xef\xbb\xbf#EXTM3U\nfile:///etc/passwd\n"), false, nil, sysexits.DataErr, "source is a playlist (HLS), which only names other files, not a recording"},
		"playlist, whole":    {[]byte("#EXTM3U\nhttp://169.254.169.254/\n"), true, nil, sysexits.DataErr, "source is a playlist (HLS)"},
		"HTML":               {[]byte("\n <!DOCTYPE html><title>Sign in"), true, nil, sysexits.DataErr, "source is an HTML page"},
		"empty":              {nil, false, nil, sysexits.DataErr, "empty file"},
		"file missing":       {nil, false, func(r *Recording) { r.Path = "/none" }, sysexits.NoInput, "/none does not exist"},
		"file is a folder":   {nil, false, func(r *Recording) { r.Path = "/" }, sysexits.NoInput, "/ is not a file"},
		"file is a device":   {nil, false, func(r *Recording) { r.Path = "/dev/zero" }, sysexits.NoInput, "/dev/zero is not a file"},
		"file below a file":  {nil, false, func(r *Recording) { r.Path = "/etc/passwd/x" }, sysexits.NoPerm, "cannot read the file"},
		"host not allowed":   {nil, false, func(r *Recording) { r.URL = "https://example.com/a" }, sysexits.NoPerm, "not allowed"},
		"session of someone": {[]byte("v=0\r\no=- 0 0 IN IP4 127.0.0.1"), false, nil, sysexits.DataErr, "session description"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			recording := serve(t, test.content, test.whole)
			if test.change != nil {
				test.change(&recording)
			}
			_, err := recording.Open(t.Context())
			if err == nil || sysexits.Code(err) != test.code || !strings.Contains(err.Error(), test.text) {
				t.Errorf("err = %v (%d), want %d and %q", err, sysexits.Code(err), test.code, test.text)
			}
		})
	}
}

// A disk that fills up while the file comes is reported as such.
func TestFullDisk(t *testing.T) {
	for name, whole := range map[string]bool{"parts": false, "whole": true} {
		t.Run(name, func(t *testing.T) {
			recording := serve(t, noise(1<<20), whole)
			if whole {
				if err := os.Symlink("/dev/full", filepath.Join(recording.Scratch, "recording")); err != nil {
					t.Fatal(err)
				}
			} else {
				recording.Scratch = t.TempDir()
			}
			var err error
			if whole {
				_, err = recording.OpenWhole(t.Context())
			} else {
				full, openErr := os.OpenFile("/dev/full", os.O_RDWR, 0)
				if openErr != nil {
					t.Fatal(openErr)
				}
				err = recording.writeError((&parts{file: full, have: make([]bool, 1)}).store(0, []byte("x")))
			}
			if sysexits.Code(err) != sysexits.IOErr || !strings.Contains(err.Error(), "is full; give it more room") {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// Room is asked for once for the recording and again for what is made of it.
func TestRoom(t *testing.T) {
	for free, ok := range map[int64]bool{spare + 300: true, spare + 299: false} {
		recording := serve(t, noise(100), true)
		recording.Extra = 2
		recording.Free = func(folder string) (int64, error) {
			if folder != recording.Scratch {
				t.Errorf("asked for %s", folder)
			}
			return free, nil
		}
		r, err := recording.OpenWhole(t.Context())
		if (err == nil) != ok {
			t.Errorf("%d bytes free: %v", free, err)
		}
		if err == nil {
			_ = r.Close()
		}
	}
}
