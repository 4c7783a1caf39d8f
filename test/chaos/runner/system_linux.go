// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// insideVariable is set in the environment of the program that runs with mounts of its own.
const insideVariable = "CHAOS_INSIDE"

// WithOwnMounts runs this program again with mounts of its own, which end with it, if we may, and reports whether it did, and the exit
// code. Without them no disk can be full.
func WithOwnMounts() (code int, done bool) {
	if os.Getenv(insideVariable) != "" || os.Geteuid() != 0 {
		return 0, false
	}
	cmd := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	signal.Ignore(syscall.SIGINT) // the terminal tells both
	defer signal.Reset(syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return 0, false // no right to
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		for s := range told {
			_ = cmd.Process.Signal(s)
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), true
	}
	return 0, true
}

// diskBytes is the size of a spool's disk: some outages of the busiest run.
const diskBytes = 96 << 20

// disk is a file system of its own that can be filled.
type disk struct{ folder string }

// newDisk mounts one on a new folder; nil where we may not.
func newDisk(folder string) (*disk, error) {
	if os.Getenv(insideVariable) == "" {
		return nil, nil
	}
	if err := syscall.Mount("spool", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskBytes)); err != nil {
		return nil, fmt.Errorf("mount a disk for a spool: %w", err)
	}
	return &disk{folder}, nil
}

func (d *disk) ballast() string { return filepath.Join(d.folder, "ballast") }

// fill leaves no byte free.
func (d *disk) fill() error {
	file, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for size := 1 << 20; size > 0; {
		_, err := file.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

// empty undoes fill.
func (d *disk) empty() error { return os.Remove(d.ballast()) }

// release gives the disk up, with what is on it.
func (d *disk) release() error { return syscall.Unmount(d.folder, syscall.MNT_DETACH) }
