// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package confine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// program386 is a program for the 32-bit processors of the family. It opens a socket by the number that the call has there, and ends with the result.
var program386 = []byte{
	// ELF header: 32 bits, little endian, executable, i386, entry 0x8048054, program headers at 52.
	0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 0x04, 0x08, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	// Program header: load all of the file at 0x8048000, to read and to run.
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08, 110, 0, 0, 0, 110, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	0xb8, 0x67, 0x01, 0, 0, // mov eax, 359 (socket)
	0xbb, 2, 0, 0, 0, // mov ebx, 2 (AF_INET)
	0xb9, 1, 0, 0, 0, // mov ecx, 1 (SOCK_STREAM)
	0x31, 0xd2, // xor edx, edx
	0xcd, 0x80, // int 0x80
	0x89, 0xc3, // mov ebx, eax
	0x31, 0xc0, 0x40, // xor eax, eax; inc eax (exit)
	0xcd, 0x80, // int 0x80
}

// foreignCall makes a call of amd64's second set, x32, which the same program may use.
func foreignCall() {
	_, _, _ = syscall.RawSyscall(0x40000000|syscall.SYS_BIND, 0, 0, 0)
}

// foreignProgramsEnd: the calls of another architecture, and those of x32, have other numbers, by which the filter would not know them.
func foreignProgramsEnd() error {
	path := filepath.Join(os.TempDir(), "program386")
	if err := os.WriteFile(path, program386, 0o700); err != nil {
		return err
	}
	x32 := exec.CommandContext(context.Background(), os.Args[0])
	x32.Env = append(os.Environ(), asChild+"="+foreign)
	var failures []error
	for name, command := range map[string]*exec.Cmd{"a program of 32 bits": exec.CommandContext(context.Background(), path), "a call of x32": x32} {
		err := command.Run()
		var exit *exec.ExitError
		switch {
		case errors.Is(err, syscall.ENOEXEC): // this kernel runs none
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGSYS:
		default:
			failures = append(failures, fmt.Errorf("%s did not end the process: %w", name, cmp.Or(err, errors.New("it succeeded"))))
		}
	}
	return errors.Join(failures...)
}
