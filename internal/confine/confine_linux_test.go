// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package confine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/meetingops/meeting-recording-operator/internal/confine"
)

// asChild has the test's binary run confined instead of the tests: a process cannot take back what it gives up.
const asChild = "CONFINE_TEST_CHILD"

// foreign is the value of asChild by which it only makes a call of another set.
const foreign = "foreign"

func TestMain(m *testing.M) {
	switch os.Getenv(asChild) {
	case "":
		os.Exit(m.Run())
	case foreign:
		foreignCall()
	default:
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// TestGiveUpPorts: a process that has given up its ports serves on those that it has, connects to others, and opens none by any way there is.
func TestGiveUpPorts(t *testing.T) {
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), asChild+"=yes", "TMPDIR="+t.TempDir())
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
}

// child returns what a confined process can do and must not, or cannot do and must.
func child() error {
	before, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = server.Serve(before) }()
	if err := confine.GiveUpPorts(); err != nil {
		return err
	}
	var threads sync.WaitGroup
	failures := make([]error, 8)
	for i := range failures {
		threads.Go(func() { failures[i] = opensNothing() })
	}
	threads.Wait()
	for range 2 {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+before.Addr().String(), http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("the port that was open before does not answer: %w", err)
		}
		_ = response.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}
	return errors.Join(append(failures, programsOpenNothing())...)
}

func opensNothing() error {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(os.TempDir(), "socket")} {
		if _, err := new(net.ListenConfig).Listen(context.Background(), network, address); !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("listen on %s: %w", network, err)
		}
	}
	for name, protocol := range map[string]int{"TCP": unix.IPPROTO_TCP, "MPTCP": unix.IPPROTO_MPTCP} {
		socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, protocol)
		if name == "MPTCP" && err != nil {
			continue // the kernel has none
		}
		if err != nil {
			return err
		}
		if err := unix.Bind(socket, &unix.SockaddrInet4{}); !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("bind %s: %w", name, err)
		}
		// Listening on a socket without a port would choose one.
		if err := unix.Listen(socket, 1); !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("listen %s: %w", name, err)
		}
		_ = unix.Close(socket)
	}
	if _, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0); errno != unix.EPERM {
		return fmt.Errorf("io_uring, which opens ports by itself: %w", errno)
	}
	return nil
}

// programsOpenNothing reports a program that was started and got what its parent gave up.
func programsOpenNothing() error {
	output, err := exec.CommandContext(context.Background(), "perl", "-MSocket", "-e",
		"socket(my $s, PF_INET, SOCK_STREAM, 0) or die; print bind($s, sockaddr_in(0, INADDR_ANY)) ? 'bound' : $!").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "not permitted") {
		return fmt.Errorf("a program that was started later: %s: %w", output, err)
	}
	return foreignProgramsEnd()
}
