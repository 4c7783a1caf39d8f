// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func recording(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "recording.meetingops.dev/v1alpha1", "kind": "MeetingRecording",
		"metadata": map[string]any{"name": name, "namespace": "n", "uid": "u", "resourceVersion": "7", "generation": int64(3)},
		"status":   map[string]any{"unknown": "stays"},
	}}
}

func write(t *testing.T, names ...string) string {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, "n", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := w.Write(recording(name)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := w.Close(); err != nil || n != len(names) {
		t.Fatalf("%d, %v", n, err)
	}
	return file.String()
}

func read(file string) (names []string, err error) {
	r, err := NewReader(strings.NewReader(file))
	if err != nil {
		return nil, err
	}
	for {
		object, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return names, err
		}
		names = append(names, object.GetName())
	}
}

func TestFile(t *testing.T) {
	file := write(t, "a", "b")
	names, err := read(file)
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	for _, gone := range []string{`"uid"`, `"resourceVersion"`} {
		if strings.Contains(file, gone) {
			t.Errorf("the backup has %s", gone)
		}
	}
	if !strings.Contains(file, `"unknown":"stays"`) {
		t.Error("a field that this version does not know is lost")
	}
}

// TestCutOff: a backup that is cut anywhere is not taken for a whole one.
func TestCutOff(t *testing.T) {
	file := write(t, "a", "b")
	for length := range len(file) - 1 {
		if _, err := read(file[:length]); err == nil {
			t.Fatalf("cut after %d of %d bytes, it is read without an error", length, len(file))
		}
	}
}

func TestNotABackup(t *testing.T) {
	lines := strings.SplitAfter(write(t, "a", "b"), "\n")
	for name, test := range map[string]struct{ file, want string }{
		"empty":             {"", "the backup is empty"},
		"a list of kubectl": {`{"apiVersion":"v1","kind":"List"}`, "not a backup of recordings"},
		"another format":    {`{"format":"recording.meetingops.dev/backup-v9"}`, "not a backup of recordings"},
		"not JSON":          {lines[0] + "x\n", "line 2 of the backup is not JSON"},
		"another kind":      {lines[0] + `{"kind":"Secret","metadata":{"name":"a"}}`, "line 2 of the backup is not a recording"},
		"another group":     {lines[0] + `{"apiVersion":"example.com/v1","kind":"MeetingRecording","metadata":{"name":"a"}}`, "line 2 of the backup is not a recording"},
		"two backups":       {strings.Join(lines, "") + strings.Join(lines, ""), "continues after its end, in line 5"},
		"a huge line":       {lines[0] + strings.Repeat("x", maxLine+1), "read line 2 of the backup: bufio.Scanner: token too long"},
		"a line is missing": {lines[0] + lines[1] + lines[3], "should have 2 recordings, but has 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	status := func(own, condition int64) map[string]any {
		return map[string]any{"observedGeneration": own, "conditions": []any{map[string]any{"type": "Ready", "observedGeneration": condition}}}
	}
	for name, test := range map[string]struct{ in, want map[string]any }{
		"all was observed":    {status(3, 3), status(1, 1)},
		"a change was not":    {status(2, 3), status(0, 1)},
		"a condition was not": {status(3, 1), status(1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			observe(test.in, 3, 1)
			if diff := cmp.Diff(test.want, test.in); diff != "" {
				t.Error(diff)
			}
		})
	}
}
