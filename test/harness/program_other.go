// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package harness

import "syscall"

// EndsWithUs does nothing where the kernel has no such thing.
func EndsWithUs() *syscall.SysProcAttr { return nil }
