// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const putBufferBytes = 256 << 10

// Put stores the content of r under the object's name, complete or not at all, replacing any earlier object. It returns an output with URL,
// media type, size and digest, but without a name; or the ExitErrors of the destination, or IOErr if r fails.
func (d *Destination) Put(ctx context.Context, object, contentType string, r io.Reader) (outputs.Output, error) {
	url, err := d.URL(object)
	if err != nil {
		return outputs.Output{}, err
	}
	digest := sha256.New()
	var size int64
	err = d.Write(ctx, object, contentType, func(w io.Writer) error {
		buffer := make([]byte, putBufferBytes)
		for {
			if err := ctx.Err(); err != nil {
				return d.ioError(err)
			}
			n, err := r.Read(buffer)
			if n > 0 {
				if _, err := w.Write(buffer[:n]); err != nil {
					return d.ioError(err)
				}
				digest.Write(buffer[:n]) // a hash never fails
				size += int64(n)
			}
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return sysexits.New(sysexits.IOErr, err, "cannot read what is to be stored")
			}
		}
	})
	if err != nil {
		return outputs.Output{}, err
	}
	return outputs.Output{URL: url, MediaType: contentType, SizeBytes: &size, SHA256: hex.EncodeToString(digest.Sum(nil))}, nil
}
