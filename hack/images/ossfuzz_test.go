// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// fuzzerStandIn takes the place of OSS-Fuzz's compiler. Like that, it makes plain files of a package's test files, ends well where it does not find
// the target, and wants exactly one function of that name.
const fuzzerStandIn = `#!/usr/bin/env bash
set -euo pipefail
[[ -z $(go list -f '{{join .XTestGoFiles " "}}' "$1") ]] || { echo "found two packages in $1" >&2; exit 1; }
(($(grep -rh --include='*.go' "func $2" "$(go list -f '{{.Dir}}' "$1")" | grep -c testing.F) == 1)) || { echo "could not find the function $2"; exit 0; }
touch "$OUT/$3"
`

// TestOSSFuzzBuildsEveryTarget runs the build of OSS-Fuzz on a copy of the tree: it makes a program of each target that make fuzz runs.
func TestOSSFuzzBuildsEveryTarget(t *testing.T) {
	source, out, bin := t.TempDir(), t.TempDir(), t.TempDir()
	run := func(path string, args ...string) []byte {
		command := exec.CommandContext(t.Context(), path, args...)
		command.Dir = root
		command.Env = append(os.Environ(), "SRC="+source, "OUT="+out, "PATH="+bin+":"+os.Getenv("PATH"))
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, said)
		}
		return said
	}
	run("hack/copy-tree.sh", filepath.Join(source, "meeting-recording-operator"))
	if err := os.WriteFile(filepath.Join(bin, "compile_native_go_fuzzer_v2"), []byte(fuzzerStandIn), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	run("hack/oss-fuzz/build.sh")
	built, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	targets := run("bash", "-c", `grep -rohE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | wc -l | tr -d '\n '`)
	if want := string(targets); len(built) == 0 || want != strconv.Itoa(len(built)) {
		t.Errorf("%d of %s targets were built", len(built), want)
	}
}
