// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWorkflowsRunWhatThereIs: nothing but a push runs them, so what they call is looked up here: targets of make, scripts, tools and files. The syntax
// is actionlint's to check.
func TestWorkflowsRunWhatThereIs(t *testing.T) {
	makefiles, err := filepath.Glob(filepath.Join(root, "make", "*.mk"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, file := range append(makefiles, filepath.Join(root, "Makefile")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range regexp.MustCompile(`(?m)^\.PHONY: (\S+)$`).FindAllStringSubmatch(string(text), -1) {
			targets[target[1]] = true
		}
	}
	tools := readText(t, "hack/tools/supply/go.mod")
	workflows, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yaml"))
	if err != nil || len(workflows) == 0 {
		t.Fatalf("no workflow: %v", err)
	}
	calls := regexp.MustCompile(`\bmake ((?:[^|;&}\n"]|"[^"]*")*)`)
	scripts := regexp.MustCompile(`(?:^|[\s(])(hack/[\w./-]+\.sh)`)
	for _, file := range append(workflows, filepath.Join(root, ".goreleaser.yaml")) {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(readText(t, name)) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if strings.HasPrefix(line, "#") {
				continue
			}
			for _, call := range calls.FindAllStringSubmatch(line, -1) {
				for word := range strings.FieldsSeq(call[1]) {
					if regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(word) && !targets[word] {
						t.Errorf("%s: there is no target %s: %s", name, word, line)
					}
				}
			}
			for _, script := range scripts.FindAllStringSubmatch(line, -1) {
				if info, err := os.Stat(filepath.Join(root, script[1])); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("%s: %s cannot be run: %v", name, script[1], err)
				}
			}
			if _, tool, is := strings.Cut(line, "tools/supply "); is && !strings.Contains(tools, "/"+strings.Fields(tool)[0]+"\n") {
				t.Errorf("%s: hack/tools/supply has no such tool: %s", name, line)
			}
			if _, version, is := strings.Cut(line, "go-version"); is && version != "-file: go.mod" {
				t.Errorf("%s: the Go is not that of go.mod: %s", name, line)
			}
		}
	}
}
