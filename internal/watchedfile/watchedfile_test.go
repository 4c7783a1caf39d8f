// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package watchedfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fixture is two files, watched by a clock that moves only when told to.
type fixture struct {
	*File[string]
	t           *testing.T
	left, right string

	mu      sync.Mutex
	now     time.Time
	reports []string
	parsed  int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	f := &fixture{t: t, left: filepath.Join(folder, "left"), right: filepath.Join(folder, "right"), now: time.Unix(1e9, 0)}
	write(t, f.left, "a")
	write(t, f.right, "b")
	var err error
	if f.File, err = Open(f.parse, Options{MaxBytes: 8, Now: f.clock, OnError: f.report}, f.left, f.right); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, err.Error())
}

func (f *fixture) parse(contents []Content) (string, error) {
	f.parsed++
	whole := ""
	for _, content := range contents {
		if string(content.Data) == "bad" {
			return "never used", errors.New(content.Path + ": bad content")
		}
		whole += string(content.Data)
	}
	return whole, nil
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect moves the clock, and compares the value and the number of reports.
func (f *fixture) expect(after time.Duration, value string, reports int) {
	f.t.Helper()
	f.mu.Lock()
	f.now = f.now.Add(after)
	f.mu.Unlock()
	if got := f.Get(); got != value {
		f.t.Errorf("value %q, want %q", got, value)
	}
	if len(f.reports) != reports {
		f.t.Errorf("reports %q, want %d", f.reports, reports)
	}
}

func TestFileIsReadAgain(t *testing.T) {
	f := newFixture(t)
	f.expect(0, "ab", 0)
	write(t, f.left, "c")
	f.expect(checkInterval-1, "ab", 0)
	f.expect(1, "cb", 0)
	f.expect(time.Hour, "cb", 0)
	if f.parsed != 2 {
		t.Errorf("parsed %d times, want once for each content", f.parsed)
	}
	write(t, f.left, "d")
	f.expect(-time.Minute, "db", 0) // the clock went back
	write(t, f.left, "e")
	if err := f.Refresh(); err != nil {
		t.Error(err)
	}
	f.expect(0, "eb", 0)
}

func TestFileKeepsTheLastGoodValue(t *testing.T) {
	f := newFixture(t)
	write(t, f.left, "bad")
	f.expect(checkInterval, "ab", 1)
	f.expect(checkInterval, "ab", 1) // the same reason
	if err := f.check().failure; err == nil || !strings.Contains(f.reports[0], f.left+": bad content; the last good content stays in use") {
		t.Errorf("failure %v, reports %q", err, f.reports)
	}
	if err := os.Remove(f.right); err != nil {
		t.Fatal(err)
	}
	f.expect(checkInterval, "ab", 2) // another one
	if err := f.Refresh(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Refresh = %v", err)
	}
	write(t, f.right, "b")
	f.expect(checkInterval, "ab", 3) // the first reason again
	write(t, f.left, "a")
	f.expect(checkInterval, "ab", 3)
	if err := f.check().failure; err != nil {
		t.Errorf("failure %v after the fix", err)
	}
	write(t, f.left, "bad")
	f.expect(checkInterval, "ab", 4) // it was fixed in between, so it is news
}

func TestFileFollowsASymbolicLink(t *testing.T) {
	f := newFixture(t)
	next := filepath.Join(t.TempDir(), "next")
	write(t, next, "n")
	if err := errors.Join(os.Symlink(next, f.left+".tmp"), os.Rename(f.left+".tmp", f.left)); err != nil {
		t.Fatal(err)
	}
	f.expect(checkInterval, "nb", 0)
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	folder := t.TempDir()
	large, pipe, bad := filepath.Join(folder, "large"), filepath.Join(folder, "pipe"), filepath.Join(folder, "bad")
	write(t, large, strings.Repeat("x", 9))
	write(t, bad, "bad")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "missing"): "no such file", folder: "not a regular file", pipe: "not a regular file",
		large: "larger than 8 bytes", bad: "bad content",
	} {
		_, err := Open((&fixture{}).parse, Options{MaxBytes: 8}, path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %s and the path", path, err, want)
		}
	}
}

// TestGetDoesNotWait: a slow disk delays one caller, not all.
func TestGetDoesNotWait(t *testing.T) {
	f := newFixture(t)
	f.mu.Lock()
	f.now = f.now.Add(time.Hour)
	f.mu.Unlock()
	f.File.mu.Lock() // as while another caller reads
	defer f.File.mu.Unlock()
	f.expect(0, "ab", 0)
}

func TestFileConcurrently(t *testing.T) {
	f := newFixture(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				f.mu.Lock()
				f.now = f.now.Add(checkInterval)
				f.mu.Unlock()
				if got := f.Get(); got != "ab" {
					t.Errorf("value %q", got)
				}
				if err := f.check().failure; err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}
