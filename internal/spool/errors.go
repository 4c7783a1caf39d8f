// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"syscall"
)

// What can be wrong with a store. Errors wrap one of them.
var (
	// ErrFull means that Options.MaxBytes is reached, or that the disk is full.
	ErrFull = errors.New("spool is full")
	// ErrUnwritable means that the file system refuses to write or read.
	ErrUnwritable = errors.New("spool cannot be written")
	// ErrDamaged means that records were damaged and set aside.
	ErrDamaged = errors.New("spool records are damaged")
	// ErrInUse means that another process has the directory open.
	ErrInUse = errors.New("another process uses the spool")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("spool is closed")
)

// translate says what an error of the file system means for the store.
func translate(err error) error {
	if err == nil {
		return nil
	}
	for _, number := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, number) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}
