// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// The driver of file buckets renames a temporary file, but does not wait for the disk. The source may delete its file as
// soon as the recording counts as archived, so here the bytes and the name are on disk before that is said. All of these
// do nothing for nil, which is any other kind of bucket.

// flush waits until the file's bytes are on disk.
func flush(file *os.File) error {
	if file == nil {
		return nil
	}
	return ignoreUnsupported(file.Sync())
}

// flushFolder waits until the name that the file was renamed to is on disk.
func flushFolder(file *os.File) error {
	if file == nil {
		return nil
	}
	folder, err := os.Open(filepath.Dir(file.Name()))
	if err != nil {
		return ignoreUnsupported(err)
	}
	return errors.Join(ignoreUnsupported(folder.Sync()), folder.Close())
}

// ignoreUnsupported drops the errors of file systems that cannot flush, and of folders that may be written but not read.
func ignoreUnsupported(err error) error {
	for _, harmless := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, harmless) {
			return nil
		}
	}
	return err
}

// discard removes a temporary file that the driver left: it does when closing fails, as on a full network file system.
func discard(file *os.File) {
	if file != nil {
		_ = os.Remove(file.Name()) // gone already, in most cases
	}
}
