// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

// ownBucket gives a fixture a bucket of the customer's own, with the recorded file, in place of its URL.
func ownBucket(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was requested", r.URL)
		w.WriteHeader(http.StatusInternalServerError)
	})
	bucket := t.TempDir()
	if err := os.MkdirAll(filepath.Join(bucket, "recordings"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bucket, "recordings", "a.mp4"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	delete(f.env, "RECORDING_FILE_URL")
	f.env["SOURCE_BUCKET"], f.env["SOURCE_PREFIX"] = "file://"+bucket, "recordings/"
	return f
}

// TestArchiveFromOwnBucket: a recording without a URL is read by its path.
func TestArchiveFromOwnBucket(t *testing.T) {
	f := ownBucket(t)
	f.env["RECORDING_FILE_PATH"] = "/recordings/a.mp4"
	for range 2 {
		if code := f.run(t); code != 0 {
			t.Fatalf("exit code %d\n%s", code, &f.stderr)
		}
	}
	stored, err := os.ReadFile(filepath.Join(f.folder, object))
	if err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
	if !strings.Contains(f.stderr.String(), "Already archived") {
		t.Errorf("the second run copied it again:\n%s", &f.stderr)
	}
	metadata, err := os.ReadFile(filepath.Join(f.folder, object+".json"))
	if err != nil || !strings.Contains(string(metadata), f.env["SOURCE_BUCKET"]+"/recordings/a.mp4") {
		t.Errorf("metadata %s, %v", metadata, err)
	}
}

// TestArchiveFromOwnS3Bucket reads from a real S3 server, by parts where the step wants parts.
func TestArchiveFromOwnS3Bucket(t *testing.T) {
	f := ownBucket(t)
	folder := filepath.Join(s3Server.Folder, "own-recordings", "recordings")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.mp4"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	f.env["SOURCE_BUCKET"] = s3Server.BucketURL("own-recordings")
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	stored, err := os.ReadFile(filepath.Join(f.folder, object))
	if err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
	f.env["RECORDING_FILE_PATH"] = "recordings/b.mp4"
	if code := f.run(t); code != 66 {
		t.Errorf("exit code %d for a missing file\n%s", code, &f.stderr)
	}
}

func TestOwnBucketFails(t *testing.T) {
	for name, test := range map[string]struct {
		arrange func(f *fixture)
		code    int
		text    string
	}{
		"no bucket":                {func(f *fixture) { delete(f.env, "SOURCE_BUCKET") }, 64, "If it is in your own bucket, set --source-bucket"},
		"no path":                  {func(f *fixture) { delete(f.env, "RECORDING_FILE_PATH") }, 64, "RECORDING_FILE_PATH is not set"},
		"not a bucket":             {func(f *fixture) { f.env["SOURCE_BUCKET"] = "recordings" }, 64, "--source-bucket is not a bucket URL"},
		"another scheme":           {func(f *fixture) { f.env["SOURCE_BUCKET"] = "ftp://recordings" }, 64, `has the scheme "ftp", which is not supported`},
		"a prefix in the URL":      {func(f *fixture) { f.env["SOURCE_BUCKET"] += "?prefix=a" }, 64, "use --source-prefix"},
		"a folder that is missing": {func(f *fixture) { f.env["SOURCE_BUCKET"] += "/none" }, 78, "cannot open the source bucket"},
		"a file that is missing":   {func(f *fixture) { f.env["RECORDING_FILE_PATH"] = "recordings/b.mp4" }, 66, "the file does not exist"},
		"another prefix":           {func(f *fixture) { f.env["RECORDING_FILE_PATH"] = "secrets/a.mp4" }, 77, "is not in the folder --source-prefix=recordings/"},
		"a path that climbs":       {func(f *fixture) { f.env["RECORDING_FILE_PATH"] = "recordings/../secrets/a.mp4" }, 77, "is not a plain path"},
		"a path with backslashes":  {func(f *fixture) { f.env["RECORDING_FILE_PATH"] = `recordings/..\a.mp4` }, 77, "is not a plain path"},
		"too large":                {func(f *fixture) { f.args = append(f.args, "--max-bytes=1000") }, 65, "1000"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ownBucket(t)
			test.arrange(f)
			if code := f.run(t); code != test.code || !strings.Contains(f.stderr.String(), test.text) {
				t.Errorf("exit code %d, want %d with %q:\n%s", code, test.code, test.text, &f.stderr)
			}
			f.expectNothingStored(t)
		})
	}
}

// TestEncrypted: archive stores the three objects together, and what would decode the file says that it is encrypted, before it fetches anything.
func TestEncrypted(t *testing.T) {
	requested := 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		requested++
		switch r.URL.Path {
		case "/a.key":
			_, _ = w.Write([]byte("wrapped key"))
		case "/a.json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"algorithm":"AES-256-GCM"}`))
		default:
			serveContent(w, r)
		}
	}
	encrypted := func(t *testing.T) *fixture {
		f := newFixture(t, handler)
		f.env["RECORDING_ENCRYPTION_KEY_URL"] = f.server.URL + "/a.key?sig=topsecret"
		f.env["RECORDING_ENCRYPTION_METADATA_URL"] = f.server.URL + "/a.json?sig=topsecret"
		return f
	}
	f := encrypted(t)
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	message, err := outputs.Parse([]byte(f.message(t)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, output := range message.Outputs {
		names = append(names, output.Name)
		if output.SizeBytes == nil || *output.SizeBytes == 0 || output.SHA256 == "" {
			t.Errorf("output %+v", output)
		}
	}
	if got := strings.Join(names, " "); got != "archive metadata encryption-key encryption-metadata" {
		t.Errorf("outputs %s", got)
	}
	for suffix, want := range map[string]string{".encryption-key": "wrapped key", ".encryption-metadata": `{"algorithm":"AES-256-GCM"}`, "": string(content)} {
		if got, err := os.ReadFile(filepath.Join(f.folder, object+suffix)); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", suffix, len(got), err)
		}
	}
	for _, command := range []string{"probe", "thumbnail", "audio", "transcode"} {
		t.Run(command, func(t *testing.T) {
			f := encrypted(t)
			f.args[0], requested = command, 0
			if code := f.run(t); code != 65 || !strings.Contains(f.stderr.String(), "the recording is encrypted, so it cannot be decoded") {
				t.Errorf("exit code %d:\n%s", code, &f.stderr)
			}
			if requested != 0 {
				t.Errorf("%d requests", requested)
			}
		})
	}
	t.Run("a key from elsewhere", func(t *testing.T) {
		f := encrypted(t)
		f.env["RECORDING_ENCRYPTION_KEY_URL"] = "https://elsewhere.example.com/a.key"
		if code := f.run(t); code != 77 || !strings.Contains(f.stderr.String(), "encryption-key") {
			t.Errorf("exit code %d:\n%s", code, &f.stderr)
		}
		f.expectNothingStored(t)
	})
}
