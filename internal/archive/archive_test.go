// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "gocloud.dev/blob/memblob"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

var content = bytes.Repeat([]byte("recorded"), 100_000) // more than one buffer

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// bench is an archiver over a server and a folder.
type bench struct {
	Archiver
	url    string
	folder string
	log    *bytes.Buffer
}

func newBench(t *testing.T, handler http.HandlerFunc) *bench {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := &bench{url: server.URL + "/a.mp4?sig=topsecret", folder: t.TempDir(), log: &bytes.Buffer{}}
	rule, err := source.ParseHostRule(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	opts := source.Defaults()
	opts.Hosts = []source.HostRule{rule}
	opts.AllowHTTP, opts.AllowPrivateAddresses = true, true
	opts.Retries = 2
	opts.Backoff = func(int, time.Duration) time.Duration { return 0 }
	b.Source = source.New(opts)
	t.Cleanup(b.Source.Close)
	b.Log = slog.New(slog.NewTextHandler(b.log, nil))
	b.open(t, "file://"+b.folder)
	return b
}

func (b *bench) open(t *testing.T, url string) {
	t.Helper()
	var err error
	if b.Destination, err = OpenDestination(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Destination.Close() })
}

func (b *bench) archive(ctx context.Context, object string) (outputs.Output, error) {
	made, err := b.Archive(ctx, Request{SourceURL: b.url, Object: object})
	if err != nil {
		return outputs.Output{}, err
	}
	return made[0], nil
}

// files lists what is below the folder, without folders.
func files(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (b *bench) expectFiles(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, b.folder)); diff != "" {
		t.Errorf("files in the destination (-want +got)\n%s", diff)
	}
}

func expectError(t *testing.T, err error, code int, text string) {
	t.Helper()
	if sysexits.Code(err) != code || !strings.Contains(err.Error(), text) {
		t.Errorf("err = %v (code %d), want code %d and %q", err, sysexits.Code(err), code, text)
	}
}

func serveContent(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "video/mp4")
	_, _ = w.Write(content)
}

func TestArchive(t *testing.T) {
	b := newBench(t, serveContent)
	size := int64(len(content))
	want := outputs.Output{
		Name: "archive", URL: "file://" + b.folder + "/m/%25C3/2/a.mp4", MediaType: "video/mp4",
		SizeBytes: &size, SHA256: digest(content),
	}
	for range 2 { // again gives the same
		got, err := b.archive(t.Context(), "m/%C3/2/a.mp4")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		b.expectFiles(t, "m/%C3/2/a.mp4")
		stored, err := os.ReadFile(filepath.Join(b.folder, "m/%C3/2/a.mp4"))
		if err != nil || !bytes.Equal(stored, content) {
			t.Errorf("stored %d bytes, %v", len(stored), err)
		}
	}
	if log := b.log.String(); !strings.Contains(log, "bytes=800000 sha256="+want.SHA256) || strings.Contains(log, "topsecret") {
		t.Errorf("log:\n%s", log)
	}
}

// A body that breaks is copied again from its beginning; the digest is that of the whole file only.
func TestArchiveStartsOver(t *testing.T) {
	var hits atomic.Int32
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if hits.Add(1) < 3 {
			w.Header().Set("Content-Length", "800000")
			_, _ = w.Write(content[:300_000])
			panic(http.ErrAbortHandler)
		}
		serveContent(w, r)
	})
	got, err := b.archive(t.Context(), "a.mp4")
	if err != nil {
		t.Fatal(err)
	}
	if got.SHA256 != digest(content) || *got.SizeBytes != 800_000 {
		t.Errorf("output = %+v", got)
	}
	b.expectFiles(t, "a.mp4")
	if !strings.Contains(b.log.String(), "attempts=3") {
		t.Errorf("log:\n%s", b.log)
	}
}

// Whatever fails, what was there before stays as it was, and nothing else is there.
func TestFailureLeavesNothing(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		code    int
		text    string
	}{
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "800000")
			_, _ = w.Write(content[:700_000])
			panic(http.ErrAbortHandler)
		}, 69, "gave up after 3 attempts: source broke off after"},
		"not found": {http.NotFound, 66, "404"},
		"empty":     {func(http.ResponseWriter, *http.Request) {}, 65, "an empty file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.handler)
			if err := os.WriteFile(filepath.Join(b.folder, "a.mp4"), []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := b.archive(t.Context(), "a.mp4")
			expectError(t, err, test.code, test.text)
			_, err = b.archive(t.Context(), "new/b.mp4")
			expectError(t, err, test.code, test.text)
			b.expectFiles(t, "a.mp4")
			if stored, err := os.ReadFile(filepath.Join(b.folder, "a.mp4")); string(stored) != "before" {
				t.Errorf("stored = %q, %v", stored, err)
			}
		})
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(content)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var partial []string
	b.Progress = func(int64, int64) {
		if partial = files(t, b.folder); len(partial) > 0 {
			cancel()
		}
	}
	_, err := b.archive(ctx, "m/a.mp4")
	expectError(t, err, 75, "interrupted")
	if len(partial) != 1 {
		t.Errorf("when it was interrupted there were %v", partial)
	}
	b.expectFiles(t)
}

func TestDestinationFailsWhileWriting(t *testing.T) {
	b := newBench(t, serveContent)
	if err := os.WriteFile(filepath.Join(b.folder, "m"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := b.archive(t.Context(), "m/a.mp4") // m would have to be a folder
	expectError(t, err, 74, "cannot write to the destination file://"+b.folder)
	if err := os.Mkdir(filepath.Join(b.folder, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = b.archive(t.Context(), "d") // renaming onto a folder fails
	expectError(t, err, 74, "cannot write to the destination")
	b.expectFiles(t, "m")
}

// The code is written against blob.Bucket: another driver works alike.
func TestOtherDriver(t *testing.T) {
	b := newBench(t, serveContent)
	b.open(t, "mem://")
	got, err := b.archive(t.Context(), "m/a.mp4")
	if err != nil || got.SHA256 != digest(content) {
		t.Fatalf("output = %+v, %v", got, err)
	}
	stored, err := b.Destination.bucket.ReadAll(t.Context(), "m/a.mp4")
	if err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
	attrs, err := b.Destination.bucket.Attributes(t.Context(), "m/a.mp4")
	if err != nil || attrs.ContentType != "video/mp4" {
		t.Errorf("attributes = %+v, %v", attrs, err)
	}
}

func TestProgress(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "800000")
		serveContent(w, r)
	})
	var last int64
	b.Progress = func(done, total int64) {
		if done <= last || total != 800_000 {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	}
	if _, err := b.archive(t.Context(), "a.mp4"); err != nil {
		t.Fatal(err)
	}
	if last != 800_000 {
		t.Errorf("the last was %d", last)
	}
}
