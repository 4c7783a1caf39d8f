// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// spooling is a sidecar of its own.
type spooling struct {
	*exec.Cmd
	addresses
	stderr *output
}

// launchable is one that does not run yet.
func launchable(t *testing.T, binary string, args ...string) *spooling {
	t.Helper()
	p := &spooling{Cmd: exec.Command(binary, append(append([]string{}, localPorts...), args...)...), stderr: newOutput()}
	p.Stderr = p.stderr
	return p
}

func launch(t *testing.T, binary string, args ...string) *spooling {
	t.Helper()
	p := launchable(t, binary, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	p.addresses = p.stderr.addresses(t)
	return p
}

// TestDamagedSpool: damage is set aside, and said so; the sidecar serves.
func TestDamagedSpool(t *testing.T) {
	directory := socketDir(t)
	if err := os.WriteFile(filepath.Join(directory, "00000001.spool"), bytes.Repeat([]byte("garbage "), 20), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig, "--spool-dir="+directory)
	p.stderr.line(t, "Spool damaged, bytes set aside")
	p.becomes(t, 200, "ok")
	if kept, err := filepath.Glob(filepath.Join(directory, "damaged-*")); err != nil || len(kept) != 1 {
		t.Errorf("%v, %v", kept, err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestWrongSpoolOptions(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--spool-dir=/dev/null/such"}, 1, "--spool-dir must be a writable directory"},
		{[]string{"--spool-max-bytes=lots"}, 2, "-spool-max-bytes"},
		{[]string{"--spool-max-bytes=10"}, 2, "--spool-max-bytes must be from 1Mi to 64Gi"},
		{[]string{"--spool-max-bytes=1Ti"}, 2, "--spool-max-bytes must be from 1Mi to 64Gi"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
		if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%v: exit code %d, printed %q", tc.args, code, stderr.String())
		}
	}
}
