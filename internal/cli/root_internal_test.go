// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestIsClosedPipe: a broken connection is not taken for a reader that has seen enough, which would hide that nothing was done.
func TestIsClosedPipe(t *testing.T) {
	broken := os.NewSyscallError("write", syscall.EPIPE)
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"reader has gone":   {fmt.Errorf("print: %w", &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}), true},
		"connection breaks": {fmt.Errorf("patch: %w", &net.OpError{Op: "write", Net: "tcp", Err: broken}), false},
		"disk is full":      {&fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, false},
		"another":           {errors.New("broken pipe"), false},
	} {
		if got := isClosedPipe(test.err); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestScreenCuts: the line that says how many are hidden fits a terminal of 40 columns. One that wraps would leave lines behind when the
// screen is updated.
func TestScreenCuts(t *testing.T) {
	var out bytes.Buffer
	s := screen{out: &out, terminal: true}
	if err := s.show([]string{"1", "2", "3", "4", "5"}, 40, 4); err != nil {
		t.Fatal(err)
	}
	if want := "1\n2\n... 3 more lines: enlarge the terminal,…\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
