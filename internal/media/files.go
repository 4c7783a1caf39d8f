// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// writeFile makes a file of the step's folder. Errors of the file become ExitErrors, others of fill stay as they are.
func (w *work) writeFile(path string, fill func(*os.File) error) error {
	file, err := os.Create(path)
	if err == nil {
		err = errors.Join(fill(file), file.Close())
	}
	var failed *fs.PathError
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sysexits.New(sysexits.IOErr, nil, "the scratch folder %s is full; give it more room, by a larger volume or --scratch-dir", w.Scratch)
	case errors.As(err, &failed):
		return sysexits.New(sysexits.IOErr, err, "cannot write to the scratch folder %s", w.Scratch)
	}
	return err
}
