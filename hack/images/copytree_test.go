// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// hack/copy-tree.sh copies what is there: new files and changes, but nothing that git ignores, nor what was deleted, last in git's list though it be.
func TestCopyTree(t *testing.T) {
	tree, copied := t.TempDir(), filepath.Join(t.TempDir(), "made", "anew")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = tree
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", program, args, err, out)
		}
	}
	write("hack/copy-tree.sh", readText(t, "hack/copy-tree.sh"))
	write(".gitignore", "/bin/\n")
	write("bin/program", "")
	write("changed", "before")
	write("zz deleted", "")
	run("git", "init", "-q")
	run("git", "add", "-A")
	write("changed", "after")
	write("new/a name with spaces", "")
	if err := os.Remove(filepath.Join(tree, "zz deleted")); err != nil {
		t.Fatal(err)
	}

	run("hack/copy-tree.sh", copied)
	var files []string
	err := filepath.WalkDir(copied, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(copied, path)
		files = append(files, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{".gitignore", "changed", "hack/copy-tree.sh", "new/a name with spaces"}; !slices.Equal(files, want) {
		t.Errorf("the copy has %q, want %q", files, want)
	}
	if text, err := os.ReadFile(filepath.Join(copied, "changed")); err != nil || string(text) != "after" {
		t.Errorf("the copy of what was changed is %q, %v", text, err)
	}
}
