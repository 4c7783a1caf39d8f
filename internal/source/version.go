// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// version is what tells that two answers are of the same file, so that the one can go on where the other broke off.
type version struct {
	validator string // for If-Range: a strong entity tag, or a date that is as good as one; empty: none
	length    int64  // -1: not known
	resumable bool
}

func versionOf(resp *http.Response) version {
	v := version{validator: validator(resp.Header), length: resp.ContentLength}
	v.resumable = v.validator != "" && !strings.EqualFold(strings.TrimSpace(resp.Header.Get("Accept-Ranges")), "none")
	return v
}

// validator returns what If-Range may ask for, as RFC 9110 section 13.1.5 says: a strong entity tag; or else the time of
// the last change, when that was at least a second before the answer, so that there was no second change within it.
func validator(header http.Header) string {
	tag := header.Get("ETag")
	if len(tag) > 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		return tag
	}
	changed, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil || tag != "" {
		return "" // a weak tag says that it is not the same bytes
	}
	answered, err := http.ParseTime(header.Get("Date"))
	if err != nil || answered.Sub(changed) < time.Second {
		return ""
	}
	return header.Get("Last-Modified")
}

// mismatch says why an answer is not the rest of the file from offset on, and is empty when it is.
func (v version) mismatch(resp *http.Response, offset int64) string {
	if resp.StatusCode != http.StatusPartialContent {
		return fmt.Sprintf("it answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "multipart/byteranges" {
		return "it answered with several ranges"
	}
	if tag := resp.Header.Get("ETag"); tag != "" && v.validator[0] == '"' && tag != v.validator {
		return "the file has changed"
	}
	first, last, total, ok := contentRange(resp.Header.Get("Content-Range"))
	switch {
	case !ok || first != offset:
		return "it answered with another range"
	case total >= 0 && v.length >= 0 && total != v.length:
		return fmt.Sprintf("the file had %d bytes, and has %d", v.length, total)
	case resp.ContentLength >= 0 && resp.ContentLength != last-first+1:
		return "its Content-Length is not that of its Content-Range"
	}
	return ""
}

// contentRange reads "bytes 5-9/10", and -1 for a total of "*".
func contentRange(value string) (first, last, total int64, ok bool) {
	value, isBytes := strings.CutPrefix(value, "bytes ")
	bounds, size, hasSize := strings.Cut(value, "/")
	from, to, hasBounds := strings.Cut(bounds, "-")
	if !isBytes || !hasSize || !hasBounds {
		return 0, 0, 0, false
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	total, err3 := int64(-1), error(nil)
	if size != "*" {
		total, err3 = strconv.ParseInt(size, 10, 64)
	}
	ok = err1 == nil && err2 == nil && err3 == nil && first >= 0 && last >= first && (total < 0 || last < total)
	return first, last, total, ok
}
