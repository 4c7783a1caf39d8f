// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The Dockerfile builds with the Go that go.mod names, and copies every folder that the programs are built from.
func TestDockerfileFitsTheModule(t *testing.T) {
	dockerfile := readText(t, "Dockerfile")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readText(t, "go.mod"))
	if version == nil || !strings.Contains(dockerfile, "golang:"+version[1]+"-") {
		t.Errorf("go.mod names Go %v, the Dockerfile another", version)
	}
	var copied []string
	for _, match := range regexp.MustCompile(`(?m)^COPY (\S+) (\S+)$`).FindAllStringSubmatch(dockerfile, -1) {
		if match[1] == match[2] {
			copied = append(copied, match[1])
		}
	}
	module := regexp.MustCompile(`(?m)^module (\S+)`).FindStringSubmatch(readText(t, "go.mod"))[1]
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/manager", "./cmd/sidecar", "./cmd/events", "./cmd/backfill", "./cmd/postprocess")
	list.Dir = root
	packages, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	ignore := readText(t, ".dockerignore")
	for name := range strings.FieldsSeq(string(packages)) {
		below, ours := strings.CutPrefix(name, module+"/")
		if !ours {
			continue
		}
		folder, _, _ := strings.Cut(below, "/")
		if !slices.Contains(copied, folder) || !strings.Contains(ignore, "\n!"+folder+"\n") {
			t.Errorf("the Dockerfile, or .dockerignore, leaves out %s, which has %s", folder, name)
		}
	}
	if n := strings.Count(dockerfile, "\nUSER 65532:65532\n"); n != 2 {
		t.Errorf("%d of 2 images run as 65532", n)
	}
}
