// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"io"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// sniff returns an ExitError (DataErr) for a file whose beginning tells that it is no recording. ffmpeg would refuse these
// too, but cannot say why.
func sniff(r Reader) error {
	head := make([]byte, min(512, r.Size()))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, int64(len(head))), head); err != nil {
		return sysexits.New(sysexits.IOErr, err, "cannot read the file")
	}
	if what := kindOf(head); what != "" {
		return sysexits.New(sysexits.DataErr, nil, "source is %s, not a recording; is its URL that of the file itself?", what)
	}
	return nil
}

// kindOf says what a file is that is no recording, by its first bytes; empty when these do not tell.
func kindOf(head []byte) string {
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	for _, known := range []struct{ prefix, what string }{
		{"#extm3u", "a playlist (HLS), which only names other files"},
		{"ffconcat", "a playlist, which only names other files"},
		{"<mpd", "a playlist (DASH), which only names other files"},
		{"v=0", "a session description, which only names other places"},
		{"<!doctype html", "an HTML page"},
		{"<html", "an HTML page"},
		{"<?xml", "an XML document"},
		{"{", "a JSON document"},
		{"%pdf-", "a PDF document"},
		{"pk\x03\x04", "a ZIP archive"},
		{"\x1f\x8b", "a gzip archive"},
	} {
		if bytes.HasPrefix(text, []byte(known.prefix)) {
			return known.what
		}
	}
	return ""
}
