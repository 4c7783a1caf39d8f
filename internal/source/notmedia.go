// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"regexp"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// HeadBytes is how many of a file's first bytes NotMedia needs.
const HeadBytes = 512

// notMedia are the beginnings of files that are no recordings, in lower case, without a byte order mark and white space.
var notMedia = []struct{ prefix, what string }{
	{"#extm3u", "a playlist (HLS), which only names other files"},
	{"ffconcat", "a playlist, which only names other files"},
	{"[playlist]", "a playlist (PLS), which only names other files"},
	{"<mpd", "a playlist (DASH), which only names other files"},
	{"<smil", "a playlist (SMIL), which only names other files"},
	{"<asx", "a playlist (ASX), which only names other files"},
	{"v=0\r", "a session description, which only names other places"},
	{"v=0\n", "a session description, which only names other places"},
	{"<!doctype html", "an HTML page"},
	{"<html", "an HTML page"},
	{"<head", "an HTML page"},
	{"<body", "an HTML page"},
	{"%pdf-", "a PDF document"},
	{"pk\x03\x04", "a ZIP archive"},
}

var (
	playlist = regexp.MustCompile(`^(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:\w+:)?(mpd|smil|asx)[\s>]`)
	page     = regexp.MustCompile(`^(?:<\?xml[^>]*>|<!--.*?-->|<!doctype[^>]*>|\s)*<(?:html|head|body)[\s>]`)
	markup   = regexp.MustCompile(`^<(?:[a-z?]|!--|!doctype)`)
	object   = regexp.MustCompile(`^(?:\{\s*["}]|\[\s*[\]{"\[])`)
)

// NotMedia describes a file that is not a recording, by its first bytes, such as "an HTML page"; it is empty for all other files. Servers send
// such files with status 200 in place of a recording.
func NotMedia(head []byte) string {
	text := bytes.ReplaceAll(head, []byte{0}, nil) // UTF-16, as far as it is ASCII
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	if len(text) > 0 && len(head) > 0 && head[0] == 0 && head[1%len(head)] == 0 {
		return "" // an MP4 file's first box
	}
	text = bytes.ToLower(bytes.TrimLeft(text, " \t\r\n"))
	for _, known := range notMedia {
		if bytes.HasPrefix(text, []byte(known.prefix)) {
			return known.what
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "a gzip archive"
	case playlist.Match(text):
		return "a playlist, which only names other files"
	case page.Match(text):
		return "an HTML page"
	case markup.Match(text):
		return "an XML document"
	case object.Match(text):
		return "a JSON document"
	}
	return ""
}

func errNotMedia(what string) error {
	return sysexits.New(sysexits.DataErr, nil, "source is %s, not a recording: check that its URL is the file's", what)
}
