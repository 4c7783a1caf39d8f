// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	_ "gocloud.dev/blob/fileblob"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func TestPut(t *testing.T) {
	folder := t.TempDir()
	destination, err := archive.OpenDestination(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = destination.Close() }()
	content := bytes.Repeat([]byte("poster"), 100_000)
	sum := sha256.Sum256(content)
	size := int64(len(content))
	for range 2 { // the second replaces the first
		got, err := destination.Put(t.Context(), "m/poster.jpg", "image/jpeg", bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		want := outputs.Output{URL: "file://" + folder + "/m/poster.jpg", MediaType: "image/jpeg", SizeBytes: &size, SHA256: hex.EncodeToString(sum[:])}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if stored, err := os.ReadFile(filepath.Join(folder, "m", "poster.jpg")); err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
}

func TestPutFails(t *testing.T) {
	folder := t.TempDir()
	destination, err := archive.OpenDestination(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = destination.Close() }()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx    context.Context
		object string
		r      io.Reader
		code   int
		text   string
	}{
		"name":      {t.Context(), "../x", strings.NewReader("x"), sysexits.Usage, `has the part ".."`},
		"reading":   {t.Context(), "x", iotest.ErrReader(errors.New("bad sector")), sysexits.IOErr, "cannot read what is to be stored: bad sector"},
		"cancelled": {ended, "x", strings.NewReader("x"), sysexits.TempFail, "interrupted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := destination.Put(test.ctx, test.object, "text/plain", test.r); sysexits.Code(err) != test.code || !strings.Contains(err.Error(), test.text) {
				t.Errorf("err = %v (%d)", err, sysexits.Code(err))
			}
		})
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}
