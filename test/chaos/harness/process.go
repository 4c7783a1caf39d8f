// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Pauses before a process that ended by itself is started again, as a kubelet does.
const (
	firstRestart = 500 * time.Millisecond
	maxRestart   = 4 * time.Second
	// stable is how long it must have run for the pause to be the first one again.
	stable = 10 * time.Second
)

// Process is a program that is kept running, but for what is done to it. Its log goes to a file.
type Process struct {
	Name string
	path string
	args []string
	log  *os.File

	mu      sync.Mutex
	cmd     *exec.Cmd
	exited  chan struct{} // of cmd
	wanted  bool          // whether to start it again when it ends
	begun   int64         // size of the log when cmd was started
	since   time.Time
	pause   time.Duration
	endings int // by itself
}

// newProcess returns a process that is not started. Its log is in the folder.
func newProcess(name, logs, path string, args ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(logs, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &Process{Name: name, path: path, args: args, log: log}, nil
}

// Start starts the process, and keeps it running.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	return p.start()
}

// start is called with mu held.
func (p *Process) start() error {
	if p.cmd != nil {
		return nil
	}
	_, _ = fmt.Fprintf(p.log, "=== started at %s\n", time.Now().Format(time.RFC3339Nano))
	if info, err := p.log.Stat(); err == nil {
		p.begun = info.Size()
	}
	cmd := exec.CommandContext(context.Background(), p.path, p.args...) // it ends by Kill or Terminate
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = endsWithUs()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited, p.since = cmd, exited, time.Now()
	go p.watch(cmd, exited)
	return nil
}

// watch waits for the end, and starts the process again unless it was made to end.
func (p *Process) watch(cmd *exec.Cmd, exited chan struct{}) {
	err := cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.log, "=== ended at %s: %v\n", time.Now().Format(time.RFC3339Nano), err)
	p.cmd = nil
	close(exited)
	if !p.wanted {
		return
	}
	p.endings++
	if time.Since(p.since) > stable {
		p.pause = 0
	}
	p.pause = min(max(2*p.pause, firstRestart), maxRestart)
	time.AfterFunc(p.pause, p.again)
}

func (p *Process) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted {
		return
	}
	if err := p.start(); err != nil {
		_, _ = fmt.Fprintf(p.log, "=== %v\n", err)
	}
}

// Signal sends a signal, if the process runs.
func (p *Process) Signal(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s to %s: %w", signal, p.Name, err)
	}
	return nil
}

// Kill ends the process with SIGKILL, and returns when it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Terminate ends the process with SIGTERM, and returns when it is gone.
func (p *Process) Terminate() { p.end(syscall.SIGTERM) }

func (p *Process) end(signal syscall.Signal) {
	p.mu.Lock()
	p.wanted = false
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(signal)
	select {
	case <-exited:
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		<-exited
	}
}

// Endings returns how often the process has ended by itself.
func (p *Process) Endings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.endings
}

// Said tells whether the running process has logged the text since its start.
func (p *Process) Said(text string) bool {
	p.mu.Lock()
	running, begun := p.cmd != nil, p.begun
	p.mu.Unlock()
	if !running {
		return false
	}
	content, err := os.ReadFile(p.log.Name())
	return err == nil && int64(len(content)) > begun && strings.Contains(string(content[begun:]), text)
}
