// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"runtime/debug"

	berrors "go.etcd.io/bbolt/errors"
)

// What can be wrong with a store. Errors wrap one of them.
var (
	// ErrFull tells that the bound is reached, or the disk.
	ErrFull = errors.New("the spool is full")
	// ErrUnwritable tells that the file system refuses.
	ErrUnwritable = errors.New("the spool cannot be written")
	// ErrCorrupt tells that the file is damaged.
	ErrCorrupt = errors.New("the spool's file is damaged")
	// ErrInUse tells that another process has the file open.
	ErrInUse = errors.New("another process has the spool open")
	// ErrSlow tells that the disk took too long; what was to be written may be.
	ErrSlow = errors.New("the spool's disk has not answered in time")
	// ErrClosed tells that the store was closed.
	ErrClosed = errors.New("the spool is closed")
)

// safely turns what bbolt does about a damaged file into ErrCorrupt: it panics,
// or reads beyond the end of its mapping.
func safely(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			// The cause may quote the file, which is nobody's business.
			err = fmt.Errorf("%w: %T", ErrCorrupt, cause)
		}
	}()
	return do()
}

// translateWrite names what a failed transaction means.
func translateWrite(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrCorrupt), errors.Is(err, ErrFull):
		return err
	case errors.Is(err, berrors.ErrMaxSizeReached):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case isDiskFull(err):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}
