// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"crypto/md5" //nolint:gosec // against accidents, as the servers that announce it do
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// digest is a digest that the source announced.
type digest struct {
	algorithm string // as people write it
	header    string // that announced it
	sum       []byte
	hash      hash.Hash // nil: SHA-256, which is computed anyway
}

// algorithms are those that are believed, the best first: what the headers call them, and how long they are.
var algorithms = []struct {
	name  string
	names []string
	size  int
	hash  func() hash.Hash
}{
	{"SHA-256", []string{"sha-256", "sha256"}, 32, nil},
	{"SHA-512", []string{"sha-512", "sha512"}, 64, sha512.New},
	{"MD5", []string{"md5"}, 16, md5.New},
	{"CRC32C", []string{"crc32c"}, 4, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
}

// announcedDigest returns the best digest of a whole file that the header of a 200 answer has, nil when there is none.
// It reads Repr-Digest and Content-Digest (RFC 9530), Digest (RFC 3230), Content-MD5, and what the large object stores
// send: X-Goog-Hash, X-Amz-Checksum-*, and the ETag of Amazon S3 where Amazon says that it is an MD5. An ETag of others
// says nothing of bytes.
func announcedDigest(header http.Header) *digest {
	found := map[string]*digest{}
	for _, from := range []string{"Repr-Digest", "Content-Digest", "Digest", "X-Goog-Hash"} {
		if from == "X-Goog-Hash" && !isStoredAsSent(header) {
			continue
		}
		for item := range strings.SplitSeq(strings.Join(header.Values(from), ","), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			note(found, name, from, strings.Trim(value, ":"))
		}
	}
	note(found, "md5", "Content-MD5", header.Get("Content-MD5"))
	if !strings.EqualFold(header.Get("X-Amz-Checksum-Type"), "COMPOSITE") {
		for _, name := range []string{"sha256", "crc32c"} {
			note(found, name, "X-Amz-Checksum-"+name, header.Get("X-Amz-Checksum-"+name))
		}
	}
	if sum := amazonETag(header); sum != nil {
		note(found, "md5", "ETag", base64.StdEncoding.EncodeToString(sum))
	}
	for _, a := range algorithms {
		if d := found[a.name]; d != nil {
			return d
		}
	}
	return nil
}

// note keeps an announcement that is one: of an algorithm that is known, and as long as it must be.
func note(found map[string]*digest, name, header, value string) {
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return
	}
	for _, a := range algorithms {
		for _, known := range a.names {
			if !strings.EqualFold(name, known) || len(sum) != a.size || found[a.name] != nil {
				continue
			}
			d := &digest{algorithm: a.name, header: header, sum: sum}
			if a.hash != nil {
				d.hash = a.hash()
			}
			found[a.name] = d
		}
	}
}

// isStoredAsSent is false when Google Cloud Storage decompresses a file on its way: then its hash is of other bytes.
func isStoredAsSent(header http.Header) bool {
	encoding := header.Get("X-Goog-Stored-Content-Encoding")
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

// amazonETag returns the MD5 that an ETag of Amazon S3 is: for objects that were not uploaded in parts (whose ETag has a
// "-") and are not encrypted with a key of KMS or the customer's.
func amazonETag(header http.Header) []byte {
	if header.Get("Server") != "AmazonS3" || strings.HasPrefix(header.Get("X-Amz-Server-Side-Encryption"), "aws:kms") ||
		header.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" {
		return nil
	}
	sum, err := hex.DecodeString(strings.Trim(header.Get("ETag"), `"`))
	if err != nil || len(sum) != md5.Size {
		return nil
	}
	return sum
}

// compare returns io.EOF for the sum that was announced. Another one may pass: it may have been changed on the way.
func (d *digest) compare(sum []byte) error {
	if bytes.Equal(d.sum, sum) {
		return io.EOF
	}
	return mayPass{sysexits.New(sysexits.DataErr, nil,
		"source's bytes have the %s %x, but it announced %x (%s): its file may be damaged, or being replaced",
		d.algorithm, sum, d.sum, d.header)}
}
