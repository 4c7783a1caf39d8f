// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopTimeout is how long a program may take to end after SIGTERM before it is killed.
const stopTimeout = time.Minute

// Program is a process. It is killed when the process that started it ends.
type Program struct {
	Name string
	// Began is when it was started.
	Began time.Time
	// Output is what it prints, if Run was given no folder for its log.
	Output *Output

	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// Run starts a program. What it prints goes to NAME.log in the folder, or to Output if there is none.
func Run(name, folder, path string, args ...string) (*Program, error) {
	p := &Program{Name: name, Output: &Output{}, exited: make(chan struct{})}
	var output io.Writer = p.Output
	if folder != "" {
		p.log = filepath.Join(folder, name+".log")
		file, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // the program has its own
		output = file
	}
	p.cmd = exec.Command(path, args...) //nolint:noctx // Stop and Kill end it
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.cmd.SysProcAttr = EndsWithUs()
	p.Began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // the end is in cmd.ProcessState
	}()
	return p, nil
}

// Start runs a binary of ours until the test ends. Its log is shown if the test fails.
func Start(t testing.TB, name string, args ...string) *Program {
	t.Helper()
	path, err := Binary(name)
	if err != nil {
		t.Fatal(err)
	}
	return StartFile(t, name, path, args...)
}

// StartFile is Start for a file.
func StartFile(t testing.TB, name, path string, args ...string) *Program {
	t.Helper()
	p, err := Run(name, "", path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, p.Output)
		}
	})
	return p
}

// AwaitReady waits until /readyz at the address answers 200. It fails the test if the program ends before.
func (p *Program) AwaitReady(t testing.TB, health string) {
	t.Helper()
	if err := p.WaitReady(t.Context(), Patience, health); err != nil {
		t.Fatal(err)
	}
}

// WaitReady is AwaitReady for programs.
func (p *Program) WaitReady(ctx context.Context, limit time.Duration, health string) error {
	return Await(ctx, limit, p.Name+" is ready", func(ctx context.Context) error {
		if err := p.Alive(); err != nil {
			return Permanent(err)
		}
		return CheckOK(ctx, "http://"+health+"/readyz")
	})
}

// PID is the number of the process.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Exited is closed once the program has ended.
func (p *Program) Exited() <-chan struct{} { return p.exited }

// State is how the program ended, nil while it runs.
func (p *Program) State() *os.ProcessState {
	select {
	case <-p.exited:
		return p.cmd.ProcessState
	default:
		return nil
	}
}

// Log is what the program has printed, and before it others of the name into the same folder.
func (p *Program) Log() string {
	if p.log == "" {
		return p.Output.String()
	}
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// Alive returns an error, with the last lines that it printed, once the program has ended.
func (p *Program) Alive() error {
	state := p.State()
	if state == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
	return fmt.Errorf("%s has ended (%s): %s", p.Name, state, strings.Join(lines[max(0, len(lines)-10):], "\n"))
}

// Signal sends a signal. A program that has ended already gets none.
func (p *Program) Signal(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s to %s: %w", signal, p.Name, err)
	}
	return nil
}

// Kill ends the program at once, as kill -9 does, and waits until it is gone.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Stop ends the program as Kubernetes does, and returns its exit code: -1 if it did not end within a minute.
func (p *Program) Stop() int { return p.EndBy(syscall.SIGTERM) }

// EndBy sends a signal that ends the program, and returns its exit code: -1 if it did not end within a minute.
func (p *Program) EndBy(signal os.Signal) int {
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		p.Kill()
	}
	return p.cmd.ProcessState.ExitCode()
}
