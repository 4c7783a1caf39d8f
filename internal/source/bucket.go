// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/fileblob"  // file://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
	"gocloud.dev/gcerrors"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// bucketHost is the host of the URLs by which a Bucket's client finds objects.
// No host can have the name.
const bucketHost = "source-bucket.invalid"

// Bucket is a bucket that the provider stores recordings in, for recordings
// without a URL. Its client fetches objects as it does files: by parts,
// with retries, a limit and a digest.
type Bucket struct {
	bucket *blob.Bucket
	name   string
	prefix string // "", or the name of a folder that ends in a slash
	folder string // of a file:// bucket
}

// OpenBucket opens a bucket URL: s3://bucket, gs://bucket, azblob://container or
// file:///folder. Only objects in the folder that the prefix names are ever read.
// It returns an ExitError (Usage, or Config).
func OpenBucket(ctx context.Context, rawURL, prefix string) (*Bucket, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil || u.Opaque != "" || u.Scheme == "" || (u.Scheme == "file" && u.Path == ""):
		return nil, sysexits.New(sysexits.Usage, nil, "--source-bucket is not a bucket URL such as s3://bucket or file:///folder")
	case !blob.DefaultURLMux().ValidBucketScheme(u.Scheme):
		return nil, sysexits.New(sysexits.Usage, nil, "--source-bucket has the scheme %q, which is not supported; supported: %s",
			u.Scheme, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))
	case u.Query().Has("prefix") || u.Query().Has("key"):
		return nil, sysexits.New(sysexits.Usage, nil, "--source-bucket must not have the parameters prefix and key; use --source-prefix")
	}
	if u.Scheme == "file" {
		query := u.Query()
		query.Set("metadata", "skip")
		u.RawQuery = query.Encode()
	}
	opened, err := blob.DefaultURLMux().OpenBucketURL(ctx, u)
	if err != nil {
		return nil, sysexits.New(sysexits.Config, nil, "cannot open the source bucket %s: its parameters or credentials are missing or wrong, or the folder does not exist", u.Redacted())
	}
	b := &Bucket{bucket: opened, name: u.Scheme + "://" + u.Host + strings.TrimSuffix(u.Path, "/"), prefix: folderOf(prefix)}
	if u.Scheme == "file" {
		b.folder = filepath.FromSlash(u.Host + u.Path) // the host may be a dot
	}
	return b, nil
}

// folderOf returns a prefix with the slash at its end: recordings does not admit recordings-x/a.mp4.
func folderOf(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return ""
	}
	return prefix + "/"
}

// Close closes the bucket.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Locate returns the URL by which the bucket's client finds the file at a path,
// and the name of the object for people. The path comes from the provider, so it
// is confined to the prefix. It returns an ExitError (NoPerm, or Usage).
func (b *Bucket) Locate(filePath string) (address, name string, err error) {
	key := strings.TrimPrefix(filePath, "/")
	switch {
	case key == "":
		return "", "", sysexits.New(sysexits.Usage, nil, "no source: RECORDING_FILE_PATH is not set; the recording may have ended without a file")
	case strings.ContainsAny(key, "\\\x00") || path.Clean("/"+key) != "/"+key:
		return "", "", sysexits.New(sysexits.NoPerm, nil, "the file's path %q is not a plain path, so it is not read from the source bucket", filePath)
	case !strings.HasPrefix(key, b.prefix):
		return "", "", sysexits.New(sysexits.NoPerm, nil, "the file's path %q is not in the folder --source-prefix=%s, so it is not read", filePath, b.prefix)
	}
	if err := b.checkLinks(key); err != nil {
		return "", "", err
	}
	u := url.URL{Scheme: "https", Host: bucketHost, Path: "/" + key}
	return u.String(), b.name + "/" + key, nil
}

// checkLinks returns an ExitError (NoPerm) for a file that symbolic links lead to
// from outside of the prefix's folder.
func (b *Bucket) checkLinks(key string) error {
	if b.folder == "" {
		return nil
	}
	root, err := os.OpenRoot(filepath.Join(b.folder, filepath.FromSlash(b.prefix)))
	if err == nil {
		_, err = root.Stat(strings.TrimPrefix(key, b.prefix))
		_ = root.Close() // it was only read
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // reading the file will fail too
	}
	return sysexits.New(sysexits.NoPerm, err, "the file's path %q leads out of --source-bucket and --source-prefix by a symbolic link, so it is not read", key)
}

// NewBucketClient returns a client that finds every file in the bucket, and
// nothing else. Limits and retries are those of the options; hosts, addresses
// and proxies do not apply.
func NewBucketClient(b *Bucket, opts Options) *Client {
	opts.AllowHTTP, opts.AllowPrivateAddresses, opts.Proxy = false, false, nil
	opts.Hosts = []HostRule{{name: bucketHost}}
	c := New(opts)
	c.http = &http.Client{Transport: &tripper{next: b, timeout: opts.StallTimeout}, CheckRedirect: c.checkRedirect}
	return c
}

// RoundTrip answers a GET with an object or a part of it, as an HTTP server would.
func (b *Bucket) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, key := request.Context(), strings.TrimPrefix(request.URL.Path, "/")
	if err := b.checkLinks(key); err != nil {
		return nil, err
	}
	attributes, err := b.bucket.Attributes(ctx, key)
	if err != nil {
		return b.failed(request, err)
	}
	header := http.Header{"Accept-Ranges": {"bytes"}, "Content-Type": {attributes.ContentType}}
	if attributes.ETag != "" {
		header.Set("ETag", attributes.ETag)
	}
	offset, length, status := int64(0), attributes.Size, http.StatusOK
	if from, to, ok := wantedRange(request.Header, attributes.ETag, attributes.Size); ok {
		if from >= attributes.Size {
			header.Set("Content-Range", fmt.Sprintf("bytes */%d", attributes.Size))
			return respond(request, http.StatusRequestedRangeNotSatisfiable, header, http.NoBody, 0), nil
		}
		offset, length, status = from, to-from+1, http.StatusPartialContent
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, attributes.Size))
	}
	if length == 0 {
		return respond(request, status, header, http.NoBody, 0), nil
	}
	reader, err := b.bucket.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return b.failed(request, err)
	}
	return respond(request, status, header, reader, length), nil
}

// failed returns the HTTP response for an error of the bucket, or the error
// itself.
func (b *Bucket) failed(request *http.Request, err error) (*http.Response, error) {
	if ctxErr := request.Context().Err(); ctxErr != nil {
		return nil, ctxErr
	}
	status := statusOf(err)
	if status == 0 {
		return nil, errors.New("the source bucket does not answer: " + gcerrors.Code(err).String())
	}
	return respond(request, status, http.Header{}, http.NoBody, 0), nil
}

// statusOf returns the HTTP status for an error; 0 if there is none.
func statusOf(err error) int {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return http.StatusNotFound
	case gcerrors.PermissionDenied:
		return http.StatusForbidden
	case gcerrors.ResourceExhausted:
		return http.StatusTooManyRequests
	}
	var azure *azcore.ResponseError // most of which have no code of their own
	if errors.As(err, &azure) {
		return azure.StatusCode
	}
	return 0
}

func respond(request *http.Request, status int, header http.Header, body io.ReadCloser, length int64) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: length, Request: request,
	}
}

// wantedRange returns the part that a request asks for, and reports whether it
// asks for one, and for one of the object as it is.
func wantedRange(header http.Header, etag string, size int64) (from, to int64, ok bool) {
	text, found := strings.CutPrefix(header.Get("Range"), "bytes=")
	if condition := header.Get("If-Range"); !found || (condition != "" && condition != etag) {
		return 0, 0, false
	}
	first, last, _ := strings.Cut(text, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	to, err = strconv.ParseInt(last, 10, 64)
	if err != nil || to >= size {
		to = size - 1
	}
	return from, to, true
}
