// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"io"
	"strconv"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// body reads a response's body, and checks its announced length and the limits.
type body struct {
	r      io.Reader
	length int64 // announced; -1: unknown
	max    int64 // 0: no limit
	read   int64
}

// Read returns io.EOF only at the end of a complete, non-empty body.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.read += int64(n)
	if b.max > 0 && b.read > b.max {
		return 0, errTooLarge("more than "+strconv.FormatInt(b.max, 10), b.max)
	}
	switch {
	case err == nil:
		return n, nil
	case errors.As(err, new(mayPass)): // it stalled
		return n, err
	case !errors.Is(err, io.EOF), b.length >= 0 && b.read < b.length: // io.ErrUnexpectedEOF is not io.EOF
		return n, b.broken(err)
	case b.read == 0:
		return 0, errEmpty()
	default:
		return n, io.EOF
	}
}

func (b *body) broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // io.EOF would be a complete body
	}
	if b.length >= 0 {
		return mayPass{sysexits.New(sysexits.Unavailable, err, "source broke off after %d of %d bytes", b.read, b.length)}
	}
	return mayPass{sysexits.New(sysexits.Unavailable, err, "source broke off after %d bytes", b.read)}
}
