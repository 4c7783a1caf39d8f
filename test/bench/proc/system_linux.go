// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package proc

import (
	"errors"
	"fmt"
	"syscall"
)

// tmpfs is the magic number of a file system in memory (statfs(2)).
const tmpfs = 0x01021994

// CheckDisk returns an error where a folder is in memory: a sync costs nothing there, and the limit would be no limit.
func CheckDisk(folder string) error {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return fmt.Errorf("look at the file system of %s: %w", folder, err)
	}
	if stat.Type == tmpfs {
		return errors.New(folder + " is in memory, where fsync costs nothing: give a -folder on a disk")
	}
	return nil
}
