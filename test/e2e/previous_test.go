// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pinnedPrevious is the version that is upgraded from while there is no release: the first with the names and the namespaces of today, which may
// change without conversion until then (docs/adr/0024-releases.md).
const pinnedPrevious = "50aecd9e729a694ae4babf4298357dd5d1bbe0bc"

// previousVersion is what is upgraded from.
type previousVersion struct {
	// root is the folder with its sources and manifests.
	root string
	// version is what its binaries answer to --version.
	version string
}

// findPrevious puts the sources of the previous version into bin/e2e/previous: E2E_PREVIOUS, else the last release before this commit, else
// pinnedPrevious. Where the history is not here, as in a shallow clone, it is the version under test.
func findPrevious(ctx context.Context, root string) (previousVersion, error) {
	revision := os.Getenv("E2E_PREVIOUS")
	if revision == "" {
		revision = lastRelease(ctx, root)
		if !has(ctx, root, revision) {
			log.Printf("e2e: the previous version %s is not in this clone's history: upgrading from the same version by another name", revision)
			return previousVersion{root: root, version: "e2e-previous"}, nil
		}
	}
	p := previousVersion{root: filepath.Join(root, "bin/e2e/previous"), version: "e2e-previous-" + revision}
	if err := os.MkdirAll(p.root, 0o755); err != nil {
		return p, err
	}
	unpack := `git -C "$1" archive "$2" | tar -xf - -C "$3"`
	if err := runProgram(ctx, nil, "bash", "-euo", "pipefail", "-c", unpack, "unpack", root, revision, p.root); err != nil {
		return p, fmt.Errorf("the previous version %s (a commit or tag; E2E_PREVIOUS sets it): %w", revision, err)
	}
	log.Printf("e2e: the previous version is %s", revision)
	return p, nil
}

// lastRelease returns the last release before this commit, or pinnedPrevious.
func lastRelease(ctx context.Context, root string) string {
	tag, err := exec.CommandContext(ctx, "git", "-C", root, "describe", "--tags", "--abbrev=0", "--match=v[0-9]*", "HEAD^").Output()
	if err != nil {
		return pinnedPrevious
	}
	return strings.TrimSpace(string(tag))
}

// has says whether a commit is in this clone.
func has(ctx context.Context, root, revision string) bool {
	return exec.CommandContext(ctx, "git", "-C", root, "cat-file", "-e", revision+"^{commit}").Run() == nil
}

// build writes its image to bin/images/operator-previous.tar of its folder.
func (p previousVersion) build(ctx context.Context, image string) error {
	env := []string{"IMG=" + image, "VERSION=" + p.version, "GOFLAGS=-buildvcs=false"}
	if err := runProgram(ctx, env, filepath.Join(p.root, "hack/images/build.sh"), "operator"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(p.root, "bin/images/operator.tar"), filepath.Join(p.root, "bin/images/operator-previous.tar"))
}
