// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package archive copies a recorded file from its source to a bucket: streaming, with its SHA-256 computed on the way,
// and never a part of a file under the final name. Every error it returns is a sysexits.ExitError.
package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"log/slog"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
)

// OutputName is the name of the output that Archive returns.
const OutputName = "archive"

const (
	bufferBytes   = 256 << 10
	progressEvery = 5 * time.Second
)

// Archiver copies files.
type Archiver struct {
	Source      *source.Client
	Destination *Destination
	// Log gets a line of progress every 5 seconds at most, and one at the end.
	Log *slog.Logger
	// Now is the clock of the log; nil: the system's.
	Now func() time.Time
}

// Request is one file to archive.
type Request struct {
	// SourceURL is where the file is.
	SourceURL string
	// Object is its name in the destination. See ObjectName.
	Object string
}

// Archive copies the file and returns where it is, its size, digest and media type. An object of the same name is
// replaced in one step, so repeating a call ends as the first one did. It returns the ExitErrors of source.Client.Fetch
// and those of the destination.
func (a *Archiver) Archive(ctx context.Context, req Request) (outputs.Output, error) {
	url, err := a.Destination.URL(req.Object)
	if err != nil {
		return outputs.Output{}, err
	}
	c := copier{
		destination: a.Destination, object: req.Object, log: a.Log, now: a.Now,
		digest: sha256.New(), buffer: make([]byte, bufferBytes),
	}
	if c.now == nil {
		c.now = time.Now
	}
	started := c.now()
	file, err := a.Source.Fetch(ctx, req.SourceURL, c.store)
	if err != nil {
		return outputs.Output{}, err
	}
	sum := hex.EncodeToString(c.digest.Sum(nil))
	a.Log.Info("archived", "url", url, "bytes", c.written, "sha256", sum, "attempts", file.Attempt,
		"duration", c.now().Sub(started).Round(time.Millisecond).String())
	return outputs.Output{
		Name:      OutputName,
		URL:       url,
		MediaType: mediaType(file.ContentType, req.Object),
		SizeBytes: &c.written,
		SHA256:    sum,
	}, nil
}

// copier is one Archive under way. Its buffer and digest serve every attempt.
type copier struct {
	destination *Destination
	object      string
	log         *slog.Logger
	now         func() time.Time
	digest      hash.Hash
	buffer      []byte
	written     int64
}

// store is one attempt.
func (c *copier) store(ctx context.Context, file source.File) error {
	c.digest.Reset()
	c.written = 0
	return c.destination.Write(ctx, c.object, mediaType(file.ContentType, c.object), func(w io.Writer) error {
		return c.copy(w, file)
	})
}

// copy returns the source's errors as they are, and the destination's as ExitErrors.
func (c *copier) copy(w io.Writer, file source.File) error {
	next := c.now().Add(progressEvery)
	for {
		n, err := file.Body.Read(c.buffer)
		if n > 0 {
			if _, err := w.Write(c.buffer[:n]); err != nil {
				return c.destination.ioError(err)
			}
			c.digest.Write(c.buffer[:n]) // a hash never fails
			c.written += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if now := c.now(); now.After(next) {
			c.progress(file)
			next = now.Add(progressEvery)
		}
	}
}

func (c *copier) progress(file source.File) {
	attrs := []any{"bytes", c.written}
	if file.Length > 0 {
		attrs = append(attrs, "of", file.Length, "percent", c.written*100/file.Length)
	}
	c.log.Info("archiving", attrs...)
}
