// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/landlock-lsm/go-landlock/landlock"
	abi "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"github.com/meetingops/meeting-recording-operator/internal/confine"
)

const (
	// sandboxName is the name (argument 0) that makes our own program a sandbox: it gives up what ffmpeg does not need,
	// and then becomes ffmpeg. Both restrictions hold for a process and all that it starts, so they must be set in it.
	sandboxName = "postprocess-sandbox"
	// sandboxFailed begins what the sandbox says when it cannot become ffmpeg.
	sandboxFailed = "sandbox: "
	sandboxExit   = 126
)

func init() {
	if os.Args[0] == sandboxName {
		err := enterSandbox(os.Args[1:])
		_, _ = fmt.Fprintln(os.Stderr, sandboxFailed+err.Error()) // there is nowhere else to say it
		os.Exit(sandboxExit)
	}
}

// sandbox is what a process may use.
type sandbox struct {
	// Program is what it becomes.
	Program string
	// Read are files that it may read, beside the system's programs and libraries; Dir is the folder that it may write.
	Read []string
	Dir  string
	// Libraries are more folders of libraries.
	Libraries []string
	// Memory bounds the address space in bytes, CPU the time of the processor in seconds; 0: no bound.
	Memory, CPU int64
}

// system has programs and libraries. What is missing is ignored.
var system = []string{"/usr", "/lib", "/lib64", "/bin", "/nix/store", "/opt"}

// deniedCalls are those by which a process reaches the network, other processes or more of the kernel than ffmpeg needs.
var deniedCalls = []uint32{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_SENDMMSG,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
}

// hide keeps other processes of this user from reading our memory and environment by /proc.
var hide = sync.OnceValue(func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) })

// confine makes cmd run in the sandbox.
func (s sandbox) confine(cmd *exec.Cmd) error {
	if err := hide(); err != nil {
		return fmt.Errorf("hide from ffmpeg: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	cmd.Args = append([]string{sandboxName, string(text)}, cmd.Args...)
	cmd.Path = self
	return nil
}

// enterSandbox never returns when it succeeds.
func enterSandbox(args []string) error {
	var s sandbox
	if len(args) < 2 {
		return fmt.Errorf("it has %d arguments", len(args))
	}
	if err := json.Unmarshal([]byte(args[0]), &s); err != nil {
		return err
	}
	if err := s.restrictFiles(); err != nil {
		return fmt.Errorf("restrict files: %w", err)
	}
	if confine.Supported() {
		if err := confine.GiveUp(deniedCalls...); err != nil {
			return fmt.Errorf("restrict system calls: %w", err)
		}
	}
	for resource, limit := range map[int]int64{unix.RLIMIT_CORE: 0, unix.RLIMIT_AS: s.Memory, unix.RLIMIT_CPU: s.CPU} {
		if limit == 0 && resource != unix.RLIMIT_CORE {
			continue
		}
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: uint64(limit), Max: uint64(limit)}); err != nil { //nolint:gosec // not negative
			return fmt.Errorf("set a limit: %w", err)
		}
	}
	return fmt.Errorf("run %s: %w", s.Program, unix.Exec(s.Program, args[1:], os.Environ()))
}

// restrictFiles lets the process read only the system's programs and the files that it is given, and write only its folder;
// also, it may not connect to or send signals to others. Where the kernel supports less, it does less.
func (s sandbox) restrictFiles() error {
	readable := append(append([]string{filepath.Dir(s.Program)}, s.Libraries...), system...)
	rules := []landlock.Rule{
		landlock.RODirs(readable...).IgnoreIfMissing(),
		landlock.ROFiles(append([]string{"/etc/ld.so.cache", "/dev/urandom", "/dev/zero", "/sys/devices/system/cpu/online", s.Program}, s.Read...)...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		landlock.RWDirs(s.Dir).IgnoreIfMissing(),
	}
	return landlock.V6.BestEffort().Restrict(rules...)
}

// Unsupported says what of the sandbox this kernel cannot do; nothing when it can do all.
func Unsupported() (missing []string) {
	switch version, err := abi.LandlockGetABIVersion(); {
	case err != nil || version < 1:
		missing = append(missing, "ffmpeg can read every file that this user can (Landlock)")
	case version < 6:
		missing = append(missing, "ffmpeg can send signals to other processes of this user (Landlock before version 6)")
	}
	if !confine.Supported() {
		missing = append(missing, "ffmpeg can use the network (seccomp)")
	}
	return missing
}
