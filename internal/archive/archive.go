// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package archive copies a recorded file from its source to a bucket. It streams, computes the SHA-256 meanwhile, and never stores a part of
// a file under the final name. Every error it returns is a sysexits.ExitError.
package archive

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// The names of the outputs that Archive returns.
const (
	OutputName         = "archive"
	MetadataOutputName = "metadata"
)

// Archiver copies files.
type Archiver struct {
	Source      *source.Client
	Destination *Destination
	// Log gets one line at the end.
	Log *slog.Logger
	// Progress, if not nil, is called with the number of written bytes, and the total (-1: unknown).
	Progress func(done, total int64)
	// Program is the program and version for the metadata.
	Program string
	// Now is the clock of the log and the metadata; nil: the system's.
	Now func() time.Time
}

// Request is one file to archive.
type Request struct {
	// SourceURL is where the file is.
	SourceURL string
	// SourceName is its name in the metadata; empty: the SourceURL.
	SourceName string
	// Object is its name in the destination. See ObjectName.
	Object string
	// Attachments are stored before the file.
	Attachments []Attachment
	// MetadataObject is the name of the JSON document about it; empty: none. Without it, a file that is already in the destination is copied
	// again.
	MetadataObject string
	// Recording describes the recording in the metadata.
	Recording Recording
}

// Attachment is a small file that belongs to the archived one, such as what decrypts it.
type Attachment struct {
	// Output is the name of its output.
	Output string
	// Source fetches it from SourceURL.
	Source    *source.Client
	SourceURL string
	// Object is its name in the destination.
	Object string
}

// Archive copies the file and its metadata, and returns the outputs, the file first. An object of the same name is replaced in one step, so a
// repeated call has the same result. If the metadata says that the same file exists already, and it does, nothing is copied: a file is the
// same if its URL and validator are, or else if its bytes are, for which it is read. Archive returns the ExitErrors of source.Client.Fetch
// and of the destination.
func (a *Archiver) Archive(ctx context.Context, req Request) ([]outputs.Output, error) {
	c := copier{Archiver: a, request: req}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Progress == nil {
		c.Progress = func(int64, int64) {}
	}
	var err error
	if c.url, err = a.Destination.URL(req.Object); err != nil {
		return nil, err
	}
	if req.MetadataObject != "" {
		if c.metadataURL, err = a.Destination.URL(req.MetadataObject); err != nil {
			return nil, err
		}
		if c.known, err = a.known(ctx, req); err != nil {
			return nil, err
		}
	}
	for _, attachment := range req.Attachments {
		stored, err := a.attach(ctx, attachment)
		if err != nil {
			return nil, err
		}
		c.attached = append(c.attached, stored)
	}
	started := c.Now()
	file, err := a.Source.Fetch(ctx, req.SourceURL, c.store)
	if err != nil {
		return nil, err
	}
	if c.unchanged {
		a.Log.Info("Already archived", "url", c.url, "bytes", c.known.Object.SizeBytes, "sha256", c.known.Object.SHA256)
		return c.outputs(c.known), nil
	}
	a.Log.Info("Archived", "url", c.url, "bytes", c.made.SizeBytes, "sha256", c.made.SHA256, "attempts", file.Attempt,
		"duration", c.Now().Sub(started).Round(time.Millisecond).String())
	written, err := c.confirm(ctx, file)
	if err != nil {
		return nil, err
	}
	return c.outputs(written), nil
}

// copier is one Archive under way.
type copier struct {
	*Archiver
	request          Request
	url, metadataURL string
	known            *document // of the file that is there, nil when there is none
	unchanged        bool      // what is there is what was asked for
	made             Object    // what was written
	attached         []outputs.Output
}

var errUnchanged = errors.New("the same bytes are there already")

// store is one attempt.
func (c *copier) store(ctx context.Context, file source.File) error {
	c.made = Object{URL: c.url, MediaType: mediaType(file.ContentType, c.request.Object)}
	if c.known.isVersion(file, c.made.MediaType) {
		c.unchanged = true
		return nil
	}
	err := c.Destination.Write(ctx, c.request.Object, c.made.MediaType, func(w io.Writer) error {
		if _, err := io.Copy(&counter{w: w, copier: c, total: file.Length}, file.Body); err != nil {
			return err
		}
		c.made.SizeBytes, c.made.SHA256 = file.Body.Size(), file.Body.SHA256()
		if c.known.isSame(c.made) {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		c.unchanged, err = true, nil
	}
	return err
}

// counter reports the progress, and separates the destination's errors from the source's.
type counter struct {
	w      io.Writer
	copier *copier
	done   int64
	total  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.done += int64(n)
	c.copier.Progress(c.done, c.total)
	if err != nil {
		err = c.copier.Destination.ioError(err)
	}
	return n, err
}

// confirm checks that the object is there, and writes its metadata.
func (c *copier) confirm(ctx context.Context, file source.File) (*document, error) {
	etag, err := c.Destination.confirm(ctx, c.request.Object, c.made.SizeBytes)
	if err != nil || c.metadataURL == "" {
		return &document{Metadata: Metadata{Object: c.made}}, err
	}
	c.made.ETag = etag
	doc, err := newDocument(Metadata{
		Schema:     MetadataSchema,
		Recording:  c.request.Recording,
		Source:     Source{URL: redact(cmp.Or(c.request.SourceName, c.request.SourceURL)), Validator: file.Validator, ContentType: file.ContentType},
		Object:     c.made,
		ArchivedAt: c.Now().UTC(),
		ArchivedBy: c.Program,
	})
	if err != nil {
		return nil, err
	}
	err = c.Destination.Write(ctx, c.request.MetadataObject, metadataType, func(w io.Writer) error {
		if _, err := w.Write(doc.text); err != nil {
			return c.Destination.ioError(err)
		}
		return nil
	})
	if err != nil {
		return nil, sysexits.New(sysexits.Code(err), err, "the file is archived, but not its metadata")
	}
	return doc, nil
}

func (c *copier) outputs(d *document) []outputs.Output {
	size := d.Object.SizeBytes
	made := []outputs.Output{{
		Name: OutputName, URL: c.url, MediaType: d.Object.MediaType, SizeBytes: &size, SHA256: d.Object.SHA256,
	}}
	if c.metadataURL != "" {
		made = append(made, d.output(c.metadataURL))
	}
	return append(made, c.attached...)
}

// attach stores an attachment, and returns where it is.
func (a *Archiver) attach(ctx context.Context, attachment Attachment) (outputs.Output, error) {
	address, err := a.Destination.URL(attachment.Object)
	if err != nil {
		return outputs.Output{}, err
	}
	output := outputs.Output{Name: attachment.Output, URL: address}
	_, err = attachment.Source.Fetch(ctx, attachment.SourceURL, func(ctx context.Context, file source.File) error {
		output.MediaType = mediaType(file.ContentType, attachment.Object)
		return a.Destination.Write(ctx, attachment.Object, output.MediaType, func(w io.Writer) error {
			if _, err := io.Copy(w, file.Body); err != nil {
				return err
			}
			size := file.Body.Size()
			output.SizeBytes, output.SHA256 = &size, file.Body.SHA256()
			return nil
		})
	})
	if err != nil {
		return outputs.Output{}, sysexits.New(sysexits.Code(err), err, "cannot store the output %s of the encrypted recording", attachment.Output)
	}
	return output, nil
}
