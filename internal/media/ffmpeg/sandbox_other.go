// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package ffmpeg

import "os/exec"

const sandboxFailed = "sandbox: "

// sandbox is what a process may use.
type sandbox struct {
	Program     string
	Read        []string
	Dir         string
	Libraries   []string
	Memory, CPU int64
}

// confine does nothing: only Linux can.
func (sandbox) confine(*exec.Cmd) error { return nil }

// Unsupported says what of the sandbox this system cannot do.
func Unsupported() []string {
	return []string{"ffmpeg can read every file that this user can, use the network, and any amount of memory (not Linux)"}
}
