// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// hashLength is the length of the hash at the end of a name: 50 bits, so that two runs of one namespace do not collide.
	hashLength = 10
	// indexSuffix is what the Pods of an Indexed Job, which has at most 64 completions, append to its name for their hostname.
	indexSuffix = len("-63")
	// maxReadable is the length of the readable part before "-" and the hash.
	maxReadable = validation.DNS1123LabelMaxLength - indexSuffix - 1 - hashLength
)

// lowerBase32 has digits and letters that are valid in a DNS label.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Name returns the name of the Job of one attempt at one step of one pipeline for one recording: as much of "<recording>-<step>"
// as fits, and a hash over all four, so that different runs never share a name. The pipeline is in the Job's labels: next to the
// usual name of a recording there is only room for the step. The name is always a DNS label of at most 60 characters, and always
// the same for the same arguments, in every version of the operator.
func Name(recording, pipeline, step string, attempt int32) string {
	return readable(recording+"-"+step, maxReadable) + "-" + hash(attempt, recording, pipeline, step)
}

// readable returns the first characters of a name as the beginning of a DNS label: characters that are not allowed become "-".
func readable(name string, length int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	clean = strings.TrimLeft(clean, "-")
	if len(clean) > length {
		clean = clean[:length]
	}
	clean = strings.TrimRight(clean, "-")
	if clean == "" {
		return "job"
	}
	return clean
}

// hash covers the length of each part with the part, so that moving characters from one to the next changes it.
func hash(attempt int32, parts ...string) string {
	digest := sha256.New()
	for _, part := range parts {
		writeUint64(digest, uint64(len(part)))
		digest.Write([]byte(part))
	}
	writeUint64(digest, uint64(attempt)) //nolint:gosec // attempts are positive
	return lowerBase32.EncodeToString(digest.Sum(nil))[:hashLength]
}

func writeUint64(w interface{ Write([]byte) (int, error) }, n uint64) {
	var buffer [8]byte
	binary.BigEndian.PutUint64(buffer[:], n)
	_, _ = w.Write(buffer[:]) // a hash never fails to write
}
