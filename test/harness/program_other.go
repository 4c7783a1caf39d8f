// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package harness

import "syscall"

// endsWithUs does nothing where the kernel has no such thing.
func endsWithUs() *syscall.SysProcAttr { return nil }
