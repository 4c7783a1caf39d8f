// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
)

const (
	// MaxNameLength is the longest name that Name returns, in bytes. It leaves
	// 11 of the 63 that a label's value, and so a Job's name, may have.
	MaxNameLength = 52

	// MaxSegment is the highest segment that a session can have: what the API
	// accepts, and what MaxNameLength leaves room for.
	MaxSegment = 999999

	// maxStemLength is the longest readable part of a name with a hash.
	maxStemLength = 30
	// hashLength is how many characters of base32 a hash is cut to: 65 bits. It
	// is neither the length of a canonical session id (24) nor one that a
	// segment's suffix can have (1 to 6), so the last group of a name says what
	// it is, and names of different kinds are never equal.
	hashLength = 13
)

// The shape of the provider's own ids.
var (
	canonicalMeetingID = regexp.MustCompile(`^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$`)
	canonicalSessionID = regexp.MustCompile(`^[0-9a-f]{24}$`)
)

var (
	nameUnfit  = regexp.MustCompile(`[^a-z0-9]+`)
	labelFit   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelUnfit = regexp.MustCompile(`[^A-Za-z0-9_.]+`)
)

var hashEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Name returns the name of a session's segment, which is counted from 1: a DNS
// label of at most MaxNameLength bytes.
//
// Ids of the provider's own shape (xxxx-xxxx-xxxx and 24 hexadecimal digits)
// stand as they are: "<meetingID>-<sessionID>", then "...-2", "...-3". Any
// others are lower-cased, cleaned and cut, and followed by a hash of both
// originals, so that similar ids do not share a name. Two different segments
// never share a name, except for a collision of 65 bits of SHA-256; the spec of
// such an object shows that it is another's.
func Name(meetingID, sessionID string, segment int32) string {
	base := meetingID + "-" + sessionID
	if !canonicalMeetingID.MatchString(meetingID) || !canonicalSessionID.MatchString(sessionID) {
		base = stem(strings.ToLower(base), nameUnfit, maxStemLength) + "-" + hash(meetingID, sessionID)
	}
	if segment <= 1 {
		return base
	}
	return base + "-" + strconv.Itoa(int(segment))
}

// LabelValue returns the value of a label for an id: the id itself if it is
// valid, else a cleaned and cut form followed by a hash of the id. It is at
// most 63 bytes long. Labels are for selecting; the spec holds the id.
func LabelValue(id string) string {
	if labelFit.MatchString(id) {
		return id
	}
	return stem(id, labelUnfit, 63-1-hashLength) + "-" + hash(id)
}

// stem replaces each run of unfit characters by a dash and cuts to limit bytes.
func stem(text string, unfit *regexp.Regexp, limit int) string {
	cleaned := strings.Trim(unfit.ReplaceAllString(text, "-"), "-_.")
	if len(cleaned) > limit {
		cleaned = strings.TrimRight(cleaned[:limit], "-_.")
	}
	if cleaned == "" {
		return "recording"
	}
	return cleaned
}

// hash returns hashLength characters of base32 of the SHA-256 of the parts,
// each led by its length, so that "a-b"+"c" and "a"+"b-c" differ.
func hash(parts ...string) string {
	digest := sha256.New()
	for _, part := range parts {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write([]byte(part))
	}
	return hashEncoding.EncodeToString(digest.Sum(nil))[:hashLength]
}
