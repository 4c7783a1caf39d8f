// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// mutant is a bug: one text of a file becomes another.
type mutant struct{ name, file, is, becomes string }

// source returns the file's path and the content that it becomes.
func (m mutant) source() (path, content string, err error) {
	path = harness.Path(strings.Split(m.file, "/")...)
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	if n := strings.Count(string(raw), m.is); n != 1 {
		return "", "", fmt.Errorf("%s has %q %d times, not once: change the mutant with the code", m.file, m.is, n)
	}
	return path, strings.Replace(string(raw), m.is, m.becomes, 1), nil
}

var errPatience = errors.New("it takes too long")

// problem is the line after that of a failing seed's plan which says what is wrong, or the cause of a panic.
var problem = regexp.MustCompile(`(?m)^.*PROBLEM: (.*)$|^(panic: .*|fatal error: .*)$`)

// try returns what the first seed that fails finds; empty if none fails.
func (m mutant) try(ctx context.Context, seeds int, patience time.Duration) (result string, err error) {
	folder, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	source, content, err := m.source()
	if err != nil {
		return "", err
	}
	changed, overlay, binary := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "simulate.test")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(changed, []byte(content), 0o600), os.WriteFile(overlay, replaced, 0o600)); err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, "./test/simulate")
	build.Dir = harness.Path()
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	run := exec.CommandContext(ctx, binary, "-test.run=^TestSeeds$", "-test.timeout=0", "-first", "-tries=0", fmt.Sprintf("-seeds=%d", seeds))
	run.Dir = harness.Path("test", "simulate")
	out, err := run.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err == nil:
		return "", nil
	case !errors.As(err, &ended):
		return "", fmt.Errorf("run: %w: %s", err, out)
	}
	if found := problem.FindStringSubmatch(string(out)); found != nil {
		return cmp.Or(found[1], found[2]), nil
	}
	return "it ends with " + ended.String(), nil
}
