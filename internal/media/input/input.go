// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package input brings a recording, or the parts of it that are needed, into a local folder, which is all that ffmpeg may
// read. Every error it returns is a sysexits.ExitError.
package input

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// spare is what stays free in the scratch folder beyond what is known to be needed.
const spare = 16 << 20

// Recording is where a recording is.
type Recording struct {
	// Path is a local file, which is used where it is. It comes before URL.
	Path string
	// URL and Client fetch it else.
	URL    string
	Client *source.Client
	// Scratch is an empty folder for what is fetched.
	Scratch string
	// Extra is how much more room than the recording's size will be needed in the folder, in recordings: 1 when what is
	// made of it is as large at most.
	Extra float64
	// Progress gets the progress of downloads; nil: nobody does.
	Progress *progress.Console
	// Free returns a folder's free bytes; nil: the system is asked.
	Free func(folder string) (int64, error)
}

// Reader is an open recording, of which any part can be read.
type Reader interface {
	io.ReaderAt
	io.Closer
	// Name is the path of the local file.
	Name() string
	// Size is the recording's size in bytes.
	Size() int64
	// Whole is false when the local file has only the parts that were read so far, and holes between them.
	Whole() bool
}

// whole is a complete local file.
type whole struct {
	*os.File
	path string // absolute
	size int64
}

func (w whole) Name() string { return w.path }

func (w whole) Size() int64 { return w.size }

func (whole) Whole() bool { return true }

// Open opens the recording for reading parts: where the source serves them only what is read is fetched, and else the
// whole file is at once.
func (r Recording) Open(ctx context.Context) (Reader, error) {
	if r.Path != "" {
		return r.OpenWhole(ctx)
	}
	parts, err := r.openParts(ctx)
	if errors.Is(err, source.ErrNoRanges) {
		return r.OpenWhole(ctx)
	}
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// OpenWhole opens the recording with all of its bytes in a local file.
func (r Recording) OpenWhole(ctx context.Context) (Reader, error) {
	path := r.Path
	if path == "" {
		path = filepath.Join(r.Scratch, "recording")
		if err := r.download(ctx, path); err != nil {
			return nil, err
		}
	}
	return r.openFile(path)
}

func (r Recording) openFile(path string) (Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sysexits.New(sysexits.NoInput, nil, "the file %s does not exist", path)
	case err == nil && !info.Mode().IsRegular():
		return nil, sysexits.New(sysexits.NoInput, nil, "%s is not a file", path)
	case err == nil && info.Size() == 0:
		return nil, sysexits.New(sysexits.DataErr, nil, "source is an empty file")
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, sysexits.New(sysexits.IOErr, err, "cannot find the file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, sysexits.New(sysexits.NoPerm, err, "cannot read the file")
	}
	opened := whole{file, path, info.Size()}
	if err := sniff(opened); err != nil {
		_ = file.Close() // there is a worse error to report
		return nil, err
	}
	return opened, nil
}

// download fetches all of it.
func (r Recording) download(ctx context.Context, path string) error {
	_, err := r.Client.Fetch(ctx, r.URL, func(_ context.Context, file source.File) error {
		if err := r.checkRoom(max(file.Length, 0), 1+r.Extra); err != nil {
			return err
		}
		task := r.Progress.Start("downloading", progress.Bytes, file.Length)
		defer task.End()
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return r.writeError(err)
		}
		err = r.copy(out, file.Body, task)
		return errors.Join(err, r.writeError(out.Close()))
	})
	return err
}

// copy returns the errors of body as they are, and those of out as ExitErrors.
func (r Recording) copy(out io.Writer, body io.Reader, task *progress.Task) error {
	buffer := make([]byte, 256<<10)
	var done int64
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := out.Write(buffer[:n]); err != nil {
				return r.writeError(err)
			}
			done += int64(n)
			task.Set(done)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// checkRoom returns an ExitError (IOErr) when the scratch folder cannot hold so many times size bytes.
func (r Recording) checkRoom(size int64, times float64) error {
	free := r.Free
	if free == nil {
		free = freeBytes
	}
	have, err := free(r.Scratch)
	if err != nil {
		return r.writeError(err)
	}
	if need := int64(float64(size)*times) + spare; size > 0 && have < need {
		return sysexits.New(sysexits.IOErr, nil, "the scratch folder %s has %d MiB free, but a recording of %d MiB needs %d MiB; "+
			"give it more room, by a larger volume or --scratch-dir", filepath.Dir(r.Scratch), have>>20, size>>20, (need>>20)+1)
	}
	return nil
}

// writeError explains an error of the scratch folder; nil for nil.
func (r Recording) writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sysexits.New(sysexits.IOErr, err, "the scratch folder %s is full; give it more room, by a larger volume or --scratch-dir",
			filepath.Dir(r.Scratch))
	}
	return sysexits.New(sysexits.IOErr, err, "cannot write to the scratch folder %s", filepath.Dir(r.Scratch))
}
