// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/version"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The documents name the Go that the most demanding of the modules needs: with an older one that may not fetch another, make fails.
func TestDocumentsNameTheGoThatIsNeeded(t *testing.T) {
	modules := []string{"go.mod"}
	for _, pattern := range []string{"hack/*/go.mod", "hack/*/*/go.mod"} {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		modules = append(modules, found...)
	}
	needed := ""
	for _, name := range modules {
		named := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(readText(t, name))
		if named == nil {
			t.Fatalf("%s names no version of Go", name)
		}
		if version.Compare("go"+named[1], needed) > 0 {
			needed = "go" + named[1]
		}
	}
	want := "Go " + strings.TrimPrefix(needed, "go") + " or later"
	for _, document := range []string{"README.md", "CONTRIBUTING.md", "docs/reference/support.md"} {
		if !strings.Contains(readText(t, document), want) {
			t.Errorf("%s does not say %q, as the modules do", document, want)
		}
	}
}
