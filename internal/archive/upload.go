// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"io"
	"time"

	"gocloud.dev/blob"
)

// upload writes to a bucket that is no folder, which reads what fill writes from a pipe. That way an upload to S3 can be
// given up by an error of what it reads: to cancel its context would not do, since a part that is under way then may still
// arrive after the request to remove the parts, and stay, and cost. Others are given up by their context, since they would
// keep what they had got. (And the writer of the Azure driver panics when its last request fails; this does not.)
func (d *Destination) upload(ctx context.Context, object string, opts blob.WriterOptions, fill func(io.Writer) error) error {
	uploading, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, writer := io.Pipe()
	if d.base.Scheme == s3Scheme {
		uploading, cancel = context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			_ = reader.CloseWithError(ctx.Err()) // it never fails
			_ = writer.CloseWithError(ctx.Err())
			time.AfterFunc(abortTimeout, cancel)
		})()
		opts.BeforeWrite = func(as func(any) bool) error {
			d.tuneS3(as)
			return nil
		}
	}
	uploaded := make(chan error, 1)
	go func() {
		err := d.bucket.Upload(uploading, object, reader, &opts)
		_ = reader.CloseWithError(err)
		uploaded <- err
	}()
	if err := fill(writer); err != nil {
		if d.base.Scheme != s3Scheme {
			cancel()
		}
		_ = writer.CloseWithError(err)
		<-uploaded //nolint:errcheck // it fails of that
		return err
	}
	_ = writer.Close()
	return d.ioError(<-uploaded)
}
