// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An interruption after the last byte, before the file has its name.
func TestCancelBeforeRename(t *testing.T) {
	b := newBench(t, serveContent)
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Destination.Write(ctx, "a.mp4", "video/mp4", func(w io.Writer) error {
		defer cancel()
		_, err := w.Write(content)
		return err
	})
	expectError(t, err, 75, "interrupted")
	b.expectFiles(t)
}

// The temporary file lies next to the final one, so that a read-only /tmp or another file system there does not matter.
func TestTemporaryFileIsOnTheVolume(t *testing.T) {
	b := newBench(t, serveContent)
	t.Setenv("TMPDIR", "/nonexistent")
	err := b.Destination.Write(t.Context(), "m/a.mp4", "video/mp4", func(w io.Writer) error {
		if found := files(t, b.folder); len(found) != 1 || !strings.HasPrefix(found[0], "m/a.mp4.") {
			t.Errorf("while writing there are %v", found)
		}
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.expectFiles(t, "m/a.mp4")
}

// fill's disk is full: /dev/full answers every write so.
func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	b := newBench(t, serveContent)
	_, writeErr := full.Write([]byte("x"))
	err = b.Destination.ioError(&fs.PathError{Op: "write", Path: "x", Err: errors.Unwrap(writeErr)})
	expectError(t, err, 74, "the destination file://"+b.folder+" is full")
}

func TestIOErrorsSayWhatToCorrect(t *testing.T) {
	d := &Destination{base: url.URL{Scheme: "file", Path: "/a"}}
	for _, test := range []struct {
		err  error
		code int
		text string
	}{
		{syscall.EDQUOT, 74, "is full"},
		{syscall.EACCES, 74, "is not writable; mount a volume there that user"},
		{syscall.EROFS, 74, "and not read-only"},
		{io.ErrShortWrite, 74, "cannot write"},
		{context.DeadlineExceeded, 75, "interrupted"},
	} {
		expectError(t, d.ioError(test.err), test.code, test.text)
	}
	if d.ioError(nil) != nil {
		t.Error("an error out of nothing")
	}
}

func TestOpenDestinationFails(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		url  string
		code int
		text string
	}{
		"none":             {"", 64, "no destination: set --destination or ARCHIVE_DESTINATION"},
		"a path":           {"/recordings", 64, "not a bucket URL such as file:///recordings"},
		"malformed":        {"file://%zz", 64, "not a bucket URL"},
		"opaque":           {"file:recordings", 64, "not a bucket URL"},
		"no path":          {"file://recordings", 64, "not a bucket URL"},
		"other scheme":     {"ftp://host/a", 64, `scheme "ftp" is not supported; supported: azblob, file, gs`},
		"s3 with a key":    {"s3://bucket/folder", 64, "must be s3://NAME of a bucket alone; for a folder in it add ?prefix=folder/"},
		"s3 without name":  {"s3:///", 64, "must be s3://NAME"},
		"s3 parameter":     {"s3://bucket?pathstyle=1&region=a", 64, "the destination's parameters are wrong"},
		"unknown param":    {"file://" + folder + "?nodir=1", 64, "the destination's parameters are wrong"},
		"wrong param":      {"file://" + folder + "?metadata=maybe", 64, "the destination's parameters are wrong"},
		"key":              {"file://" + folder + "?key=a", 64, "must not have the parameter key"},
		"missing":          {"file://" + folder + "/none", 74, folder + "/none does not exist; mount a volume there, or add ?create_dir=true"},
		"a file":           {"file://" + file, 74, file + " is not a folder; mount a volume there"},
		"below a file":     {"file://" + file + "/x", 74, "cannot write to the destination"},
		"create in a file": {"file://" + file + "/x?create_dir=true", 74, "cannot write to the destination"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := OpenDestination(t.Context(), test.url)
			expectError(t, err, test.code, test.text)
		})
	}
}

func TestDestinationURL(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	tests := map[string]struct{ url, object, want string }{
		"plain":     {"file://" + folder, "b/c.mp4", "file://" + folder + "/b/c.mp4"},
		"slash":     {"file://" + folder + "/", "a", "file://" + folder + "/a"},
		"query":     {"file://" + folder + "?metadata=skip&no_tmp_dir=true", "a", "file://" + folder + "/a"},
		"localhost": {"file://localhost" + folder, "a", "file://" + folder + "/a"},
		"relative":  {"file://./", "a", "file://" + folder + "/a"},
		"prefix":    {"file://" + folder + "?prefix=x/y-", "a", "file://" + folder + "/x/y-a"},
		"created":   {"file://" + folder + "/new?create_dir=true", "a", "file://" + folder + "/new/a"},
		"escaped":   {"file://" + folder, "a%2F b", "file://" + folder + "/a%252F%20b"},
		"memory":    {"mem://", "a/b", "mem:///a/b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := OpenDestination(t.Context(), test.url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			got, err := d.URL(test.object)
			if err != nil || got != test.want {
				t.Errorf("URL = %q, %v, want %q", got, err, test.want)
			}
			err = d.Write(t.Context(), test.object, "video/mp4", func(w io.Writer) error {
				_, err := w.Write(content)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if path, ok := strings.CutPrefix(got, "file://"); ok && !strings.Contains(path, "%") {
				if stored, err := os.ReadFile(path); err != nil || !bytes.Equal(stored, content) {
					t.Errorf("at that URL: %d bytes, %v", len(stored), err)
				}
			}
		})
	}
}

func TestDestinationURLFails(t *testing.T) {
	for name, test := range map[string]struct{ query, object, text string }{
		"climbing prefix": {"?prefix=../", "a", `has the part ".."`},
		"absolute":        {"", "/a", "has an empty part"},
		"long":            {"", strings.Repeat("é", 500), "URL is longer than 2048 bytes; shorten --destination or --object-name"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, serveContent)
			b.open(t, "file://"+b.folder+test.query)
			_, err := b.archive(t.Context(), test.object)
			expectError(t, err, 64, test.text)
			b.expectFiles(t)
		})
	}
}

// Metadata is written when the URL asks for it, and is gone too when the copy fails.
func TestMetadataWhenAsked(t *testing.T) {
	b := newBench(t, serveContent)
	b.open(t, "file://"+b.folder+"?metadata=")
	if _, err := b.archive(t.Context(), "a.mp4"); err != nil {
		t.Fatal(err)
	}
	b.expectFiles(t, "a.mp4", "a.mp4.attrs")
}
