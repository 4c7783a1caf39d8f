// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command prose writes what people read of the tree into a folder of text files, for vale: documents as they are, and of programs the
// comments and the messages. Each line keeps its number, so what vale finds in internal/a.go.txt:12 is in internal/a.go:12.
//
//	prose -root DIR -out DIR
//
// It exits with 0, or with 2 where files cannot be read.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", ".", "Root of the repository.")
	out := flag.String("out", "", "Empty folder for the text.")
	flag.Parse()
	if err := run(*root, *out); err != nil {
		fmt.Fprintln(os.Stderr, "prose:", err)
		os.Exit(2)
	}
}

func run(root, out string) error {
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z") //nolint:noctx // it ends
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("list files of %s: %w", root, err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(names), "\x00"), "\x00") {
		if err := extractFile(root, out, name); err != nil {
			return err
		}
	}
	return nil
}

// left are parts of names that are left out: text of others, what a generator makes of comments that are read, and the rules.
var left = []string{"testdata/", "charts/meeting-recording-operator/README.md", "config/crd/", "zz_generated", "hack/prose/", "docs/reference/api.md"}

func extractFile(root, out, name string) error {
	extract := extractorOf(name)
	if extract == nil || slices.ContainsFunc(left, func(part string) bool { return strings.Contains(name, part) }) {
		return nil
	}
	source, err := os.ReadFile(filepath.Join(root, name))
	if os.IsNotExist(err) {
		return nil // deleted, and not yet committed
	}
	if err != nil {
		return err
	}
	text, err := extract(name, source)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	file := filepath.Join(out, name)
	if filepath.Ext(name) != ".md" {
		file += ".txt"
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// extractor returns the text of a file.
type extractor func(name string, source []byte) ([]byte, error)

func extractorOf(name string) extractor {
	switch ext := filepath.Ext(name); {
	case ext == ".md":
		return func(_ string, source []byte) ([]byte, error) { return source, nil }
	case ext == ".go":
		return goText
	case slices.Contains([]string{".yaml", ".yml", ".sh", ".mk", ".lua"}, ext), filepath.Base(name) == "Makefile", name == ".ci/run":
		return hashText
	default:
		return nil
	}
}
