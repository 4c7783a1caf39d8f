// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package proc starts the programs that a benchmark measures, and reads what they use from /proc.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopIn is how long a program may take to end once it is told to.
const stopIn = 30 * time.Second

// Process is a program that runs. Its output goes to a file.
type Process struct {
	// Name is how it is called in tables, and in the name of its log.
	Name string
	// Began is when it was started.
	Began  time.Time
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// Start starts a program, which is killed when we end. Its log is NAME.log in the folder.
func Start(name, folder, path string, args ...string) (*Process, error) {
	p := &Process{Name: name, log: filepath.Join(folder, name+".log"), exited: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()                               // the program has its own
	p.cmd = exec.CommandContext(context.Background(), path, args...) // it ends by Stop
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = EndsWithUs()
	p.Began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in cmd.ProcessState
		close(p.exited)
	}()
	return p, nil
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive returns an error with the end of its log if the program has ended.
func (p *Process) Alive() error {
	select {
	case <-p.exited:
		content, err := os.ReadFile(p.log)
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		return errors.Join(fmt.Errorf("%s has ended (%s); the end of its log:\n%s", p.Name, p.cmd.ProcessState, strings.Join(lines[max(0, len(lines)-10):], "\n")), err)
	default:
		return nil
	}
}

// Stop ends the program, and returns when it is gone.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopIn):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// Await tries until check succeeds, while the processes live, for at most as long as given. Each try has 5 s.
func Await(ctx context.Context, limit time.Duration, problem string, check func(context.Context) error, processes ...*Process) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, done := context.WithTimeout(ctx, 5*time.Second)
		err := check(attempt)
		done()
		if err == nil {
			return nil
		}
		for _, process := range processes {
			if ended := process.Alive(); ended != nil {
				return ended
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s within %s: %w", problem, limit, err)
		case <-tick.C:
		}
	}
}
