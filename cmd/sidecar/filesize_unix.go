// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// surviveFileSizeLimit has a write that passes the limit on the size of files
// (ulimit -f) fail, as one on a full disk does, where Go would end the program.
func surviveFileSizeLimit() { signal.Ignore(syscall.SIGXFSZ) }
