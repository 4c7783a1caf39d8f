// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSidecarGivesUpPorts: no thread of a sidecar that serves can open another port, so it cannot answer at the manager's while that one restarts.
// TestGiveUpPorts shows what the filter refuses.
func TestSidecarGivesUpPorts(t *testing.T) {
	p := startProcess(t, "--spool-dir="+socketDir(t), "--diagnostics-bind-address=127.0.0.1:0")
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.command.Process.Pid))
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	// The test's own, such as a container's.
	before, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if os.IsNotExist(err) {
			continue // it has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		if field(string(status), "Seccomp:") != "2" || field(string(status), "NoNewPrivs:") != "1" ||
			field(string(status), "Seccomp_filters:") == field(string(before), "Seccomp_filters:") {
			t.Errorf("%s is not confined:\n%s", thread, status)
		}
	}
	p.terminate()
	p.wait()
}

func field(status, name string) string {
	for line := range strings.Lines(status) {
		if value, found := strings.CutPrefix(line, name); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
