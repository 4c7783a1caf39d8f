// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package confine

import (
	"errors"
	"fmt"
)

// Supported reports whether this system supports the package.
func Supported() bool { return false }

// GiveUpPorts always fails: only Linux has seccomp.
func GiveUpPorts() error {
	return fmt.Errorf("give up opening ports: seccomp: %w", errors.ErrUnsupported)
}
