// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"strings"

	"gocloud.dev/gcerrors"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// Object returns the name of the object with this URL; false if it is not in the destination.
func (d *Destination) Object(rawURL string) (string, bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != d.base.Scheme || u.Host != d.base.Host {
		return "", false
	}
	object, ok := strings.CutPrefix(u.Path, strings.TrimSuffix(d.base.Path, "/")+"/"+d.prefix)
	return object, ok && objectNameFault(object) == ""
}

// Copy writes an object's bytes to w. It returns an ExitError: NoInput if the object does not exist, or an error of the destination. It
// returns errors of w unchanged.
func (d *Destination) Copy(ctx context.Context, object string, w io.Writer) error {
	r, err := d.bucket.NewReader(ctx, object, nil)
	if gcerrors.Code(err) == gcerrors.NotFound && !d.missingBucket(err) {
		return sysexits.New(sysexits.NoInput, nil, "the destination %s has no object %s", d, object)
	}
	if err != nil {
		return d.ioError(err)
	}
	defer func() { _ = r.Close() }() // it was only read
	buffer := make([]byte, putBufferBytes)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return d.ioError(err)
		}
	}
}

// Read returns an object's bytes; nil if it does not exist, may not be read, or has more than limit bytes. It returns the ExitErrors of the
// destination.
func (d *Destination) Read(ctx context.Context, object string, limit int64) ([]byte, error) {
	return d.read(ctx, object, limit)
}

// Delete removes an object, if it exists and may be removed: credentials that may only write suffice. It returns the ExitErrors of the
// destination.
func (d *Destination) Delete(ctx context.Context, object string) error {
	err := d.bucket.Delete(ctx, object)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return d.readError(err)
}
