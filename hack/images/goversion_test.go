// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/version"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The documents name the Go that the most demanding of the modules needs: with an older one that may not fetch another, make fails.
func TestDocumentsNameTheGoThatIsNeeded(t *testing.T) {
	list := exec.CommandContext(t.Context(), "git", "ls-files", "go.mod", "*/go.mod")
	list.Dir = filepath.Clean(root)
	modules, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	needed := ""
	for name := range strings.FieldsSeq(string(modules)) {
		named := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(readText(t, name))
		if named == nil {
			t.Fatalf("%s names no version of Go", name)
		}
		if version.Compare("go"+named[1], needed) > 0 {
			needed = "go" + named[1]
		}
	}
	want := "Go " + strings.TrimPrefix(needed, "go") + " or later"
	for _, document := range []string{"README.md", "CONTRIBUTING.md", "docs/support.md"} {
		if !strings.Contains(readText(t, document), want) {
			t.Errorf("%s does not say %q, as the modules do", document, want)
		}
	}
}
