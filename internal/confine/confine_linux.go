// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in the kernel's struct seccomp_data, which a filter reads.
const (
	offsetNumber       = 0
	offsetArchitecture = 4
)

// x32 is set in the numbers of amd64's second set of system calls.
const x32 = 0x40000000

// architectures are the names that the kernel has for what Go builds.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// Supported reports whether this system supports the package.
func Supported() bool {
	// The mode takes no flags: a kernel that knows the call answers EINVAL.
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_STRICT, 1, 0)
	return errno == unix.EINVAL && architectures[runtime.GOARCH] != 0
}

// GiveUpPorts makes every later attempt to open a port or a local socket fail. Open listeners stay open. Without bind, a process cannot choose
// the port that it connects from either, so it cannot take over a connection of another process.
func GiveUpPorts() error {
	if err := GiveUp(unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_IO_URING_SETUP); err != nil {
		return fmt.Errorf("give up opening ports: %w", err)
	}
	return nil
}

// GiveUp makes each of these system calls fail with EPERM. Calls of another architecture, which have other numbers, end the process.
func GiveUp(calls ...uint32) error {
	if !Supported() {
		return fmt.Errorf("seccomp: %w", errors.ErrUnsupported)
	}
	raw, err := bpf.Assemble(filter(architectures[runtime.GOARCH], calls))
	if err != nil {
		return fmt.Errorf("assemble the seccomp filter: %w", err)
	}
	instructions := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		instructions[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	program := unix.SockFprog{Len: uint16(len(instructions)), Filter: &instructions[0]} //nolint:gosec // a dozen instructions
	// The thread that sets no_new_privs must be the one that loads the filter. Loading applies both to all threads.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program))) //nolint:gosec // the call takes an address, and x/sys has no function for it
	switch {
	case errno != 0:
		return fmt.Errorf("load the seccomp filter: %w", errno)
	case thread != 0:
		return fmt.Errorf("load the seccomp filter: thread %d has one of its own", thread)
	}
	return nil
}

// filter is the program that the kernel runs at each system call.
func filter(architecture uint32, calls []uint32) []bpf.Instruction {
	const kill, refuse = unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArchitecture, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: architecture, SkipTrue: 1},
		bpf.RetConstant{Val: kill},
		bpf.LoadAbsolute{Off: offsetNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32, SkipTrue: 1},
		bpf.RetConstant{Val: kill},
	}
	for _, call := range calls {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1}, bpf.RetConstant{Val: refuse})
	}
	return append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}
