// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// escape makes value one part of an object name. Letters, digits and "-._~" stay; every other byte becomes %XX, "/" and
// "%" among them, and so do the dots of "." and ".."; so different values stay different. A value that gets longer than
// maxValueBytes is cut, and ends in a digest of the whole and, if it has one, its file name extension.
func escape(value string) string {
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; isUnreserved(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	escaped := b.String()
	switch {
	case escaped == "." || escaped == "..":
		return strings.ReplaceAll(escaped, ".", "%2E")
	case len(escaped) <= maxValueBytes:
		return escaped
	}
	ext := path.Ext(escaped)
	if len(ext) > 16 || strings.Contains(ext, "%") {
		ext = ""
	}
	suffix := fmt.Sprintf("-%x%s", sha256.Sum256([]byte(value)), ext)
	cut := maxValueBytes - len(suffix)
	if percent := strings.LastIndexByte(escaped[:cut], '%'); percent > cut-3 {
		cut = percent // not in the middle of %XX
	}
	return escaped[:cut] + suffix
}

// isUnreserved is RFC 3986's unreserved set: what no file system, shell or URL takes for something else.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// FileName returns the recorded file's name: the last part of the provider's path, or else of the URL's path, or else "recording".
func FileName(filePath, sourceURL string) string {
	if name := lastPart(filePath); name != "" {
		return name
	}
	if u, err := url.Parse(sourceURL); err == nil {
		if name := lastPart(u.Path); name != "" {
			return name
		}
	}
	return "recording"
}

func lastPart(p string) string {
	p = strings.TrimRight(p, "/")
	return p[strings.LastIndexByte(p, '/')+1:]
}
