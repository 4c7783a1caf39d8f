// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a pseudo-terminal.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	descriptor := int(user.Fd())
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return user, program
}

// On a terminal there is a bar, and nothing in the log.
func TestBar(t *testing.T) {
	for name, total := range map[string]int64{"known": 200, "unknown": -1} {
		t.Run(name, func(t *testing.T) {
			user, program := terminal(t)
			var log bytes.Buffer
			r := &Reporter{Writer: program, Log: slog.New(slog.NewTextHandler(&log, nil))}
			task := r.Start("downloading", Bytes, total)
			task.Set(100)
			task.Set(300) // more than announced is no reason to stop
			var seen strings.Builder
			want := map[string]string{"known": "50%", "unknown": "100 B"}[name]
			for buffer := make([]byte, 4096); !strings.Contains(seen.String(), "downloading") || !strings.Contains(seen.String(), want); {
				n, err := user.Read(buffer)
				if err != nil {
					t.Fatalf("%v after %q", err, &seen)
				}
				seen.Write(buffer[:n])
			}
			task.End()
			if log.Len() > 0 {
				t.Errorf("log: %s", &log)
			}
		})
	}
}
