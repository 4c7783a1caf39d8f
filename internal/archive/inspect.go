// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"gocloud.dev/gcerrors"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// What is asked of a bucket beside writing. Credentials that may only write are enough: what may not be read counts as
// unknown, at the price that nothing can be found unchanged.

// attributes are what a bucket says of an object.
type attributes struct {
	size int64
	etag string
}

// stat returns an object's attributes, nil when it does not exist or they may not be read.
func (d *Destination) stat(ctx context.Context, object string) (*attributes, error) {
	attrs, err := d.bucket.Attributes(ctx, object)
	if err != nil {
		return nil, d.readError(err)
	}
	return &attributes{attrs.Size, attrs.ETag}, nil
}

// read returns an object's bytes, nil when it does not exist, may not be read, or has more than limit.
func (d *Destination) read(ctx context.Context, object string, limit int64) ([]byte, error) {
	r, err := d.bucket.NewReader(ctx, object, nil)
	if err != nil {
		return nil, d.readError(err)
	}
	defer func() { _ = r.Close() }() // what was read is all there
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, d.readError(err)
	}
	if int64(len(text)) > limit {
		return nil, nil
	}
	return text, nil
}

// readError returns nil for what means that an object is not there, or not for us; and else an ExitError.
func (d *Destination) readError(err error) error {
	missing := d.missingBucket(err)
	if !missing && (gcerrors.Code(err) == gcerrors.NotFound || gcerrors.Code(err) == gcerrors.PermissionDenied ||
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || isRefusal(err)) {
		return nil
	}
	return d.ioError(err)
}

// confirm returns the entity tag of an object that was written, empty when it may not be asked for. It returns an
// ExitError (IOErr) when the object does not have the size that it must have.
func (d *Destination) confirm(ctx context.Context, object string, size int64) (string, error) {
	there, err := d.stat(ctx, object)
	switch {
	case err != nil:
		return "", err
	case there == nil:
		return "", nil
	case there.size != size:
		return "", sysexits.New(sysexits.IOErr, nil, "the destination %s has %d bytes of %d; another process may write the same object",
			d, there.size, size)
	}
	return there.etag, nil
}
