// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// startShell runs a script, with arguments from $0 on.
func startShell(t *testing.T, script string, args ...string) *Process {
	t.Helper()
	p := newProcess("test", t.TempDir(), "/bin/sh", append([]string{"-c", script}, args...)...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func says(t *testing.T, p *Process, text string) {
	t.Helper()
	harness.Eventually(t, "it says "+text, func(context.Context) error {
		if !p.Said(text) {
			return errors.New("not yet")
		}
		return nil
	})
}

func TestProcessIsStartedAgain(t *testing.T) {
	p := startShell(t, `echo here; test -e "$0" || { : > "$0"; exit 1; }; exec sleep 1000`, filepath.Join(t.TempDir(), "mark"))
	harness.Eventually(t, "it is started again", func(context.Context) error {
		if p.Endings() != 1 || !p.Said("here") {
			return errors.New("not yet")
		}
		return nil
	})
	p.Kill()
	if p.Said("here") || p.Endings() != 1 {
		t.Error("a process that was killed has ended by itself, or still speaks")
	}
}

func TestProcessTerminates(t *testing.T) {
	p := startShell(t, `trap 'echo ending; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
	says(t, p, "ready")
	p.Terminate()
	if err := stop(t.Context(), p, 0); err != nil {
		t.Errorf("nobody cannot be stopped: %v", err)
	}
	if p.Endings() != 0 {
		t.Error("it ended by itself")
	}
	if err := p.Signal(0); err != nil {
		t.Errorf("a signal to nobody: %v", err)
	}
}

func TestProcessThatDoesNotStart(t *testing.T) {
	p := newProcess("test", t.TempDir(), "/no/such/program")
	if err := p.Start(); err == nil {
		t.Error("it starts")
	}
}
