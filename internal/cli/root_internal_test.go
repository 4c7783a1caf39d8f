// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
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
