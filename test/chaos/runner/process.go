// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Backoff of a process that ended by itself, as of a kubelet.
const (
	firstRestart = 500 * time.Millisecond
	maxRestart   = 4 * time.Second
	// stable is how long it must have run for the backoff to begin again.
	stable = 10 * time.Second
)

// Process is a program that is kept running, but for what is done to it. Its log goes to a file.
type Process struct {
	Name   string
	folder string
	path   string
	args   []string

	mu      sync.Mutex
	program *harness.Program // that runs
	ended   chan struct{}    // closed once its end was noticed
	wanted  bool             // whether to start it again when it ends
	begun   int              // size of the log when it was started
	backoff time.Duration
	endings int // by itself
}

// newProcess returns a process that is not started. Its log is in the folder.
func newProcess(name, folder, path string, args ...string) *Process {
	return &Process{Name: name, folder: folder, path: path, args: args}
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
	if p.program != nil {
		return nil
	}
	program, err := harness.Run(p.Name, p.folder, p.path, p.args...)
	if err != nil {
		return err
	}
	p.program, p.ended = program, make(chan struct{})
	go p.watch(program, p.ended)
	return nil
}

// watch waits for the end, and starts the process again unless it was made to end.
func (p *Process) watch(program *harness.Program, ended chan struct{}) {
	<-program.Exited()
	defer close(ended)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.program, p.begun = nil, len(program.Log())
	if !p.wanted {
		return
	}
	p.endings++
	if time.Since(program.Began) > stable {
		p.backoff = 0
	}
	p.backoff = min(max(2*p.backoff, firstRestart), maxRestart)
	time.AfterFunc(p.backoff, p.again)
}

func (p *Process) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted {
		_ = p.start() // as it was before
	}
}

// running is the program, nil where there is none.
func (p *Process) running() *harness.Program {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.program
}

// Signal sends a signal, if the process runs.
func (p *Process) Signal(signal syscall.Signal) error {
	if program := p.running(); program != nil {
		return program.Signal(signal)
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
	program, ended := p.program, p.ended
	p.mu.Unlock()
	if program == nil {
		return
	}
	program.EndBy(signal)
	<-ended
}

// Endings returns how often the process has ended by itself.
func (p *Process) Endings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.endings
}

// Said reports whether the running process has logged the text since its start.
func (p *Process) Said(text string) bool {
	p.mu.Lock()
	program, begun := p.program, p.begun
	p.mu.Unlock()
	return program != nil && strings.Contains(program.Log()[begun:], text)
}
