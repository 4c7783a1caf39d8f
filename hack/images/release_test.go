// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A release has every program of cmd/, each by its own name, and docs/how-to/release.md says so.
func TestReleaseHasEveryProgram(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(root, "cmd"))
	if err != nil {
		t.Fatal(err)
	}
	var programs []string
	for _, entry := range entries {
		programs = append(programs, entry.Name())
	}
	var built []string
	build := regexp.MustCompile(`(?m)^    id: (\S+)\n    main: \./cmd/(\S+)\n    binary: (\S+)$`)
	for _, match := range build.FindAllStringSubmatch(readText(t, ".goreleaser.yaml"), -1) {
		if match[1] != match[2] || match[1] != match[3] {
			t.Errorf("the build %s of .goreleaser.yaml makes %s of cmd/%s", match[1], match[3], match[2])
		}
		built = append(built, match[1])
	}
	slices.Sort(built)
	if !slices.Equal(built, programs) {
		t.Errorf(".goreleaser.yaml builds %v, cmd/ has %v", built, programs)
	}

	image := regexp.MustCompile(`(?m)^  IMAGE: (\S+)$`).FindStringSubmatch(readText(t, ".github/workflows/release.yaml"))
	if image == nil || !strings.Contains(readText(t, "hack/vex.sh"), "\nimage="+image[1]+"\n") {
		t.Errorf("hack/vex.sh states nothing about the images that the workflow pushes: %v", image)
	}
	listed := regexp.MustCompile("(?m)^\\| (.*) for linux/amd64 and linux/arm64, as archives").FindStringSubmatch(readText(t, "docs/how-to/release.md"))
	if listed == nil {
		t.Fatal("docs/how-to/release.md does not say which programs a release has")
	}
	for _, program := range programs {
		if !strings.Contains(listed[1], "`"+program+"`") {
			t.Errorf("docs/how-to/release.md leaves out %s: it lists %s", program, listed[1])
		}
	}
}
