// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestValidator(t *testing.T) {
	const changed, second, later = "Mon, 01 Jun 2026 10:00:00 GMT", "Mon, 01 Jun 2026 10:00:01 GMT", "Mon, 01 Jun 2026 11:00:00 GMT"
	tests := map[string]struct {
		header http.Header
		want   string
	}{
		"none":            {header(), ""},
		"strong":          {header("ETag", `"a"`, "Last-Modified", changed, "Date", later), `"a"`},
		"weak":            {header("ETag", `W/"a"`), ""},
		"weak and a date": {header("ETag", `W/"a"`, "Last-Modified", changed, "Date", later), ""},
		"empty":           {header("ETag", `""`), ""},
		"not quoted":      {header("ETag", "abc"), ""},
		"date":            {header("Last-Modified", changed, "Date", later), changed},
		"a second":        {header("Last-Modified", changed, "Date", second), changed},
		"same second":     {header("Last-Modified", changed, "Date", changed), ""},
		"no clock":        {header("Last-Modified", changed), ""},
		"no date":         {header("Last-Modified", "yesterday", "Date", later), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := validator(test.header); got != test.want {
				t.Errorf("validator = %q, want %q", got, test.want)
			}
		})
	}
}

func TestContentRange(t *testing.T) {
	for value, want := range map[string][3]int64{
		"bytes 5-9/10":  {5, 9, 10},
		"bytes 0-0/1":   {0, 0, 1},
		"bytes 5-9/*":   {5, 9, -1},
		"":              {},
		"bytes */10":    {},
		"bytes 5-9":     {},
		"bytes 9-5/10":  {},
		"bytes 5-10/10": {},
		"bytes -5-9/10": {},
		"bytes a-b/c":   {},
		"lines 5-9/10":  {},
	} {
		first, last, total, ok := contentRange(value)
		if got := [3]int64{first, last, total}; ok != (want != [3]int64{}) || ok && got != want {
			t.Errorf("contentRange(%q) = %v, %v", value, got, ok)
		}
	}
}

func TestMismatch(t *testing.T) {
	v := version{validator: `"a"`, length: 10}
	for name, resp := range map[string]http.Response{
		"several ranges": {StatusCode: 206, ContentLength: 5, Header: header("Content-Type", "multipart/byteranges; boundary=x")},
		"wrong length":   {StatusCode: 206, ContentLength: 4, Header: header("Content-Range", "bytes 5-9/10")},
	} {
		if v.mismatch(&resp, 5) == "" {
			t.Errorf("%s: taken for the rest", name)
		}
	}
	for name, resp := range map[string]http.Response{
		"with all":      {StatusCode: 206, ContentLength: 5, Header: header("Content-Range", "bytes 5-9/10", "ETag", `"a"`)},
		"without total": {StatusCode: 206, ContentLength: -1, Header: header("Content-Range", "bytes 5-9/*")},
	} {
		if reason := v.mismatch(&resp, 5); reason != "" {
			t.Errorf("%s: %s", name, reason)
		}
	}
}

func TestAnnouncedDigest(t *testing.T) {
	bytesOf := []byte("a recording")
	encode := base64.StdEncoding.EncodeToString
	sum512, sumMD5 := sha512.Sum512(bytesOf), md5.Sum(bytesOf)
	crc := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	_, _ = crc.Write(bytesOf)
	const sha = "KXnyy3HCMP9DHSOJNKW4yWX0HkzEUDtlqO8kYQYKQ7Y="
	s512, m, c := encode(sum512[:]), encode(sumMD5[:]), encode(crc.Sum(nil))
	etag := `"` + hex.EncodeToString(sumMD5[:]) + `"`
	tests := map[string]struct {
		header          http.Header
		algorithm, from string
	}{
		"none":                    {header(), "", ""},
		"best of many":            {header("Repr-Digest", "md5=:"+m+":, sha-512=:"+s512+":", "Digest", "SHA-256="+sha), "SHA-256", "Digest"},
		"RFC 9530":                {header("Content-Digest", "sha-512=:"+s512+":"), "SHA-512", "Content-Digest"},
		"RFC 3230":                {header("Digest", "MD5="+m), "MD5", "Digest"},
		"Content-MD5":             {header("Content-MD5", m), "MD5", "Content-MD5"},
		"Google":                  {header("X-Goog-Hash", "crc32c="+c, "X-Goog-Hash", "md5="+m), "MD5", "X-Goog-Hash"},
		"Google, one header":      {header("X-Goog-Hash", "crc32c="+c+",md5="+m), "MD5", "X-Goog-Hash"},
		"Google, composite":       {header("X-Goog-Hash", "crc32c="+c), "CRC32C", "X-Goog-Hash"},
		"Google, decompressed":    {header("X-Goog-Hash", "md5="+m, "X-Goog-Stored-Content-Encoding", "gzip"), "", ""},
		"Google, as stored":       {header("X-Goog-Hash", "md5="+m, "X-Goog-Stored-Content-Encoding", "identity"), "MD5", "X-Goog-Hash"},
		"Amazon":                  {header("X-Amz-Checksum-Sha256", sha), "SHA-256", "X-Amz-Checksum-sha256"},
		"Amazon, of parts":        {header("X-Amz-Checksum-Sha256", sha, "X-Amz-Checksum-Type", "COMPOSITE"), "", ""},
		"Amazon, parts by suffix": {header("X-Amz-Checksum-Sha256", sha+"-2"), "", ""},
		"Amazon's ETag":           {header("Server", "AmazonS3", "ETag", etag), "MD5", "ETag"},
		"Amazon's ETag, AES":      {header("Server", "AmazonS3", "ETag", etag, "X-Amz-Server-Side-Encryption", "AES256"), "MD5", "ETag"},
		"Amazon's ETag, KMS":      {header("Server", "AmazonS3", "ETag", etag, "X-Amz-Server-Side-Encryption", "aws:kms"), "", ""},
		"Amazon's ETag, customer": {header("Server", "AmazonS3", "ETag", etag, "X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256"), "", ""},
		"Amazon's ETag, of parts": {header("Server", "AmazonS3", "ETag", `"0123456789abcdef0123456789abcdef-7"`), "", ""},
		"another's ETag":          {header("Server", "nginx", "ETag", etag), "", ""},
		"unknown":                 {header("Repr-Digest", "unixsum=:AAAA:", "Digest", "crc32c"), "", ""},
		"too short":               {header("Repr-Digest", "sha-256=:AAAA:", "Content-MD5", "AAAA"), "", ""},
		"not base64":              {header("Content-MD5", "%"), "", ""},
		"first of the same":       {header("Repr-Digest", "sha-256=:"+sha+":", "Content-Digest", "sha-256=:"+sha+":"), "SHA-256", "Repr-Digest"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := announcedDigest(test.header)
			if got == nil || test.algorithm == "" {
				if got != nil || test.algorithm != "" {
					t.Errorf("digest = %+v, want %q", got, test.algorithm)
				}
				return
			}
			if got.algorithm != test.algorithm || got.header != test.from {
				t.Errorf("digest = %s of %s, want %s of %s", got.algorithm, got.header, test.algorithm, test.from)
			}
			if got.hash == nil {
				return
			}
			_, _ = got.hash.Write(bytesOf)
			if err := got.compare(got.hash.Sum(nil)); !errors.Is(err, io.EOF) {
				t.Errorf("the right bytes: %v", err)
			}
			if err := got.compare(bytes.Repeat([]byte{1}, len(got.sum))); sysexits.Code(err) != 65 {
				t.Errorf("wrong bytes: %v", err)
			}
		})
	}
}
