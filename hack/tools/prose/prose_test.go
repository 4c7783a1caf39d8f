// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestText: what is read of each kind of file, on the lines where it is.
func TestText(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"a.go": {
			"// Package a is one.\npackage a\n\n//go:build x\nvar message = \"Write the event\" // told\nvar key = \"key\"\n\n/* Two\nlines. */\nvar x = `a\nb c`\n",
			"Package a is one.\n\n\n\ntold. Write the event\n\n\nTwo\nlines.\na\nb c\n",
		},
		"a_test.go":  {"package a\n\n// TestIt is it.\nvar x = \"not read\"\n", "\n\nTestIt is it.\n"},
		"a.yaml":     {"a: 1 # one\n# two\nsummary: \"It waits\"\ncolor: \"#fff\"\n", "one\ntwo\n\"It waits\"\n"},
		"Makefile":   {"a: ## Do it.\n\techo $#\n", "Do it.\n"},
		"README.md":  {"# A\n", "# A\n"},
		"a.png":      {"x", ""},
		"testdata/a": {"x", ""},
	} {
		root, out := t.TempDir(), t.TempDir()
		write(t, filepath.Join(root, name), test.source)
		if err := exec.CommandContext(t.Context(), "git", "init", "-q", root).Run(); err != nil {
			t.Fatal(err)
		}
		if err := run(root, out); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(out, name)
		if name != "README.md" {
			file += ".txt"
		}
		got, err := os.ReadFile(file)
		if err != nil && (!os.IsNotExist(err) || test.want != "") {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestBrokenSource(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a.go"), "package")
	if err := exec.CommandContext(t.Context(), "git", "init", "-q", root).Run(); err != nil {
		t.Fatal(err)
	}
	if err := run(root, t.TempDir()); err == nil {
		t.Error("a Go file that cannot be read is no error")
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
