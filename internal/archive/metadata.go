// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// MetadataSchema is Metadata's version. Members may be added within it.
const MetadataSchema = "recording.meetingops.dev/archive/v1"

const (
	metadataType = "application/json"
	// maxMetadataBytes is far more than a document has.
	maxMetadataBytes = 64 << 10
)

// Metadata is the JSON document next to an archived file. It is written after the file, so if it exists, the file is complete.
type Metadata struct {
	Schema    string    `json:"schema"`
	Recording Recording `json:"recording"`
	Source    Source    `json:"source"`
	Object    Object    `json:"object"`
	// ArchivedAt is when the file was complete, in UTC.
	ArchivedAt time.Time `json:"archivedAt"`
	// ArchivedBy is the program, with its version.
	ArchivedBy string `json:"archivedBy,omitempty"`
}

// Source is where the file came from.
type Source struct {
	// URL has neither user nor query, which may be secret.
	URL string `json:"url"`
	// Validator is the source's strong entity tag, or its Last-Modified time; empty if it has neither.
	Validator string `json:"validator,omitempty"`
	// ContentType is the source's; it may be empty or wrong.
	ContentType string `json:"contentType,omitempty"`
}

// Object is the archived file.
type Object struct {
	URL string `json:"url"`
	// ETag is the bucket's; empty if it may not be read.
	ETag      string `json:"etag,omitempty"`
	MediaType string `json:"mediaType"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
}

// document is Metadata with its bytes in the bucket.
type document struct {
	Metadata
	text []byte
}

func newDocument(m Metadata) (*document, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, sysexits.New(sysexits.Software, err, "cannot write the metadata")
	}
	return &document{m, buf.Bytes()}, nil
}

func (d *document) output(url string) outputs.Output {
	size, sum := int64(len(d.text)), sha256.Sum256(d.text)
	return outputs.Output{
		Name: MetadataOutputName, URL: url, MediaType: metadataType, SizeBytes: &size, SHA256: hex.EncodeToString(sum[:]),
	}
}

// isVersion reports whether the file of d was made of this answer's file, as its headers say. d may be nil.
func (d *document) isVersion(file source.File, mediaType string) bool {
	return d != nil && file.Validator != "" && file.Validator == d.Source.Validator && mediaType == d.Object.MediaType &&
		(file.Length < 0 || file.Length == d.Object.SizeBytes)
}

// isSame reports whether the file of d is o. d may be nil.
func (d *document) isSame(o Object) bool {
	return d != nil && d.Object.SizeBytes == o.SizeBytes && d.Object.SHA256 == o.SHA256 && d.Object.MediaType == o.MediaType
}

// known returns what the metadata in the destination says, if it is about this request's file and that is in its place
// as it was left; else nil. It returns an ExitError when the destination cannot be read, though it should be.
func (a *Archiver) known(ctx context.Context, req Request) (*document, error) {
	text, err := a.Destination.read(ctx, req.MetadataObject, maxMetadataBytes)
	if err != nil || text == nil {
		return nil, err
	}
	d := parseDocument(text)
	if d == nil || d.Recording != req.Recording || d.Source.URL != redact(cmp.Or(req.SourceName, req.SourceURL)) || d.Object.ETag == "" {
		return nil, nil
	}
	there, err := a.Destination.stat(ctx, req.Object)
	if err != nil || there == nil || there.size != d.Object.SizeBytes || there.etag != d.Object.ETag {
		return nil, err
	}
	return d, nil
}

// parseDocument returns nil for a document of somebody else's, or of another version.
func parseDocument(text []byte) *document {
	d := document{text: text}
	if json.Unmarshal(text, &d.Metadata) != nil || d.Schema != MetadataSchema {
		return nil
	}
	return &d
}

// redact returns a URL that the source package has taken, without what may be secret.
func redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return source.Redact(u)
}
