// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package proc

import (
	"errors"
)

// CheckDisk returns an error: what processes use is read from /proc.
func CheckDisk(string) error { return errors.New("the benchmark needs Linux") }
