// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const fileScheme = "file"

// Destination is the bucket that files are archived to.
type Destination struct {
	bucket *blob.Bucket
	base   url.URL // of the bucket, without query; of a file bucket, absolute
	prefix string  // of every object, from the URL's prefix parameter
	part   int64   // bytes of each part of an upload in parts
}

// OpenDestination opens a gocloud.dev/blob bucket URL: file:///recordings, s3://bucket, gs://bucket, azblob://container.
// Credentials come from the clouds' usual sources, and are checked at once if that needs no request. File buckets get no_tmp_dir=true and
// metadata=skip unless the URL says otherwise: temporary files are next to the final ones, so that renaming works on a volume, and there are
// no .attrs files.
// It returns an ExitError: Usage for an invalid URL, Config for missing credentials or settings, IOErr for a folder that cannot be opened.
func OpenDestination(ctx context.Context, rawURL string) (*Destination, error) {
	if rawURL == "" {
		return nil, sysexits.New(sysexits.Usage, nil, "no destination: set --destination or ARCHIVE_DESTINATION, such as file:///recordings")
	}
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Opaque != "" || u.Scheme == "" || (u.Scheme == fileScheme && u.Path == ""):
		return nil, sysexits.New(sysexits.Usage, nil, "the destination is not a bucket URL such as file:///recordings")
	case !blob.DefaultURLMux().ValidBucketScheme(u.Scheme):
		return nil, sysexits.New(sysexits.Usage, nil, "destination scheme %q is not supported; supported: %s",
			u.Scheme, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))
	case u.Query().Has("key"):
		return nil, sysexits.New(sysexits.Usage, nil, "the destination must not have the parameter key; use --object-name")
	}
	d := &Destination{
		base: url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}, prefix: u.Query().Get("prefix"), part: minPartBytes,
	}
	if err := d.checkCloud(ctx, u); err != nil {
		return nil, err
	}
	if u.Scheme == fileScheme {
		if err := d.useFiles(u); err != nil {
			return nil, err
		}
	}
	if d.bucket, err = blob.DefaultURLMux().OpenBucketURL(ctx, u); err != nil {
		return nil, d.openError(err)
	}
	if err := d.checkS3(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// useFiles sets a file bucket's defaults in u, and makes the base absolute.
func (d *Destination) useFiles(u *url.URL) error {
	dir := u.Path
	if u.Host == "." { // fileblob's way to write a relative path
		dir = strings.TrimPrefix(dir, "/")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return sysexits.New(sysexits.IOErr, err, "cannot find the destination")
	}
	d.base.Host, d.base.Path = "", dir
	query := u.Query()
	for key, value := range map[string]string{"no_tmp_dir": "true", "metadata": "skip"} {
		if !query.Has(key) {
			query.Set(key, value)
		}
	}
	u.RawQuery = query.Encode()
	return nil
}

// openError explains why the bucket did not open.
func (d *Destination) openError(err error) error {
	if d.base.Scheme != fileScheme {
		return sysexits.New(sysexits.Usage, withoutURL(err), "the destination's parameters are wrong")
	}
	info, statErr := os.Stat(d.base.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sysexits.New(sysexits.IOErr, nil, "the destination folder %s does not exist; mount a volume there, "+
			"or add ?create_dir=true to the destination", d.base.Path)
	case statErr == nil && !info.IsDir():
		return sysexits.New(sysexits.IOErr, nil, "the destination %s is not a folder; mount a volume there", d.base.Path)
	case errors.As(err, new(*fs.PathError)):
		return d.ioError(err)
	}
	return sysexits.New(sysexits.Usage, err, "the destination's parameters are wrong")
}

// Close closes the bucket.
func (d *Destination) Close() error { return d.bucket.Close() }

// String returns the bucket's URL without its query.
func (d *Destination) String() string { return d.base.String() }

// URL returns where an object is or will be: the bucket's URL joined with the prefix and the name, without query. It
// returns an ExitError (Usage) for a name that cannot be, or one whose URL is longer than outputs can hold.
func (d *Destination) URL(object string) (string, error) {
	object = d.prefix + object
	if reason := objectNameFault(object); reason != "" {
		return "", sysexits.New(sysexits.Usage, nil, "the object's name is %q, which %s", object, reason)
	}
	u := d.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + object
	if text := u.String(); len(text) <= outputs.MaxURLBytes {
		return text, nil
	}
	return "", sysexits.New(sysexits.Usage, nil, "the object's URL is longer than %d bytes; shorten --destination or --object-name",
		outputs.MaxURLBytes)
}

// Write stores what fill writes under the object's name, replacing what was there. The object appears complete or not at
// all: when fill, the storing or ctx fails, nothing is left. Errors of fill are returned as they are, others are
// ExitErrors.
func (d *Destination) Write(ctx context.Context, object, contentType string, fill func(io.Writer) error) error {
	opts := blob.WriterOptions{ContentType: contentType, BufferSize: int(d.part), MaxConcurrency: partsAtOnce}
	if d.base.Scheme == fileScheme {
		return d.writeFile(ctx, object, opts, fill)
	}
	return d.upload(ctx, object, opts, fill)
}

// writeFile writes to a folder.
func (d *Destination) writeFile(ctx context.Context, object string, opts blob.WriterOptions, fill func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File
	opts.BeforeWrite = func(as func(any) bool) error {
		as(&file)
		return nil
	}
	w, err := d.bucket.NewWriter(ctx, object, &opts)
	if err != nil {
		return d.ioError(err)
	}
	if err := fill(w); err != nil {
		cancel()
		_ = w.Close() // it says only that it was cancelled
		discard(file)
		return err
	}
	err = flush(file)
	if err != nil {
		cancel()
	}
	if err = errors.Join(err, w.Close()); err != nil {
		discard(file)
		return d.ioError(err)
	}
	return d.ioError(flushFolder(file))
}

// ioError explains an error of the destination; nil for nil.
func (d *Destination) ioError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*sysexits.ExitError)):
		return err // of the source, that came through
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sysexits.New(sysexits.TempFail, withoutURL(err), "interrupted")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return sysexits.New(sysexits.IOErr, err, "the destination %s is full", d)
	case d.base.Scheme != fileScheme:
		return d.cloudError(err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return sysexits.New(sysexits.IOErr, err, "the destination %s is not writable; mount a volume there that user %d can "+
			"write (securityContext.fsGroup), and not read-only", d, os.Getuid())
	}
	return sysexits.New(sysexits.IOErr, err, "cannot write to the destination %s", d)
}
