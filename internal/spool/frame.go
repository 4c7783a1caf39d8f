// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"slices"
	"time"
)

// State is the state of a record.
type State string

// The states of a record.
const (
	// Waiting records have not been delivered.
	Waiting State = "waiting"
	// Dead records are dead letters: kept until someone retries or deletes them.
	Dead State = "dead"
	// Removed means that the record with this ID no longer exists.
	Removed State = "removed"
)

// Record is one payload with its metadata.
type Record struct {
	// ID grows in the order in which records are appended. It is the time in microseconds, or the last ID plus one if the clock stands still
	// or goes back.
	ID    uint64 `json:"id"`
	State State  `json:"state"`
	// Group and Session are the caller's. Records of a session keep their order. Session is not 0.
	Group   string `json:"group,omitempty"`
	Session uint64 `json:"-"`
	// Payload is JSON.
	Payload json.RawMessage `json:"payload"`
}

// list is the session under which the index lists the record.
func (r Record) list() uint64 {
	if r.State == Dead {
		return deadLetters
	}
	return r.Session
}

// StoredAt returns when the record was appended.
func (r Record) StoredAt() time.Time { return time.UnixMicro(int64(r.ID)) } //nolint:gosec // ids are microseconds of this era

// A record is a frame in a segment: a header of 32 bytes, the group, the payload, and zeros up to the next multiple of 16.
//
//	0  magic     4 bytes
//	4  length    4 bytes, of group and payload
//	8  checksum  4 bytes, CRC-32C of everything behind it
//	12 state     1 byte
//	13 group     1 byte, its length
//	14 -         2 bytes, zero
//	16 id        8 bytes
//	24 session   8 bytes
const (
	headerBytes = 32
	alignment   = 16
	// maxFrameBytes fits into the bits of location. An event has at most 20 KiB.
	maxFrameBytes = (1<<sizeBits - 1) * alignment
	maxGroupBytes = 255
)

var (
	// magic begins with a byte that never occurs in JSON.
	magic = [4]byte{0xFE, 'S', 'P', 1}
	// castagnoli is the polynomial that processors support.
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	// states by their byte in the frame.
	states = [4]State{"", Waiting, Dead, Removed}
)

// size returns the bytes that the record takes in a segment.
func (r Record) size() int { return aligned(headerBytes + len(r.Group) + len(r.Payload)) }

func aligned(size int) int { return (size + alignment - 1) / alignment * alignment }

// appendTo appends the record's frame.
func (r Record) appendTo(buffer []byte) []byte {
	start, state := len(buffer), slices.Index(states[:], r.State)
	buffer = append(buffer, magic[:]...)
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(r.Group)+len(r.Payload))) //nolint:gosec // records have a maximum size
	buffer = append(buffer, 0, 0, 0, 0, byte(state), byte(len(r.Group)), 0, 0)          //nolint:gosec // states are few, and names of groups have a maximum length
	buffer = binary.BigEndian.AppendUint64(buffer, r.ID)
	buffer = binary.BigEndian.AppendUint64(buffer, r.Session)
	buffer = append(buffer, r.Group...)
	buffer = append(buffer, r.Payload...)
	binary.BigEndian.PutUint32(buffer[start+8:], crc32.Checksum(buffer[start+12:], castagnoli))
	return append(buffer, make([]byte, start+r.size()-len(buffer))...)
}

// parseFrame returns the record that data begins with, and whether it is intact. Its payload is part of data. The size is 0 if data does
// not begin with a header; it may be beyond the end of data.
func parseFrame(data []byte) (r Record, size int, isIntact bool) {
	if len(data) < headerBytes || [4]byte(data) != magic {
		return Record{}, 0, false
	}
	length, group := int64(binary.BigEndian.Uint32(data[4:])), int64(data[13])
	if headerBytes+length > maxFrameBytes || group > length {
		return Record{}, 0, false
	}
	end := int(headerBytes + length)
	size = aligned(end)
	if size > len(data) || binary.BigEndian.Uint32(data[8:]) != crc32.Checksum(data[12:end], castagnoli) {
		return Record{}, size, false
	}
	r = Record{
		Group: string(data[headerBytes : headerBytes+group]), Payload: data[headerBytes+group : end],
		ID: binary.BigEndian.Uint64(data[16:]), Session: binary.BigEndian.Uint64(data[24:]),
	}
	if code := int(data[12]); code < len(states) {
		r.State = states[code] // of a newer version: skip it
	}
	return r, size, true
}

// scan calls visit for each intact frame of a segment, and damaged, if not nil, for the bytes between them.
func scan(data []byte, visit func(offset, size int, r Record) error, damaged func(from, to int)) error {
	for offset := 0; offset < len(data); {
		r, size, isIntact := parseFrame(data[offset:])
		if isIntact {
			if err := visit(offset, size, r); err != nil {
				return err
			}
			offset += size
			continue
		}
		next := nextFrame(data, offset+alignment)
		if damaged != nil {
			damaged(offset, next)
		}
		offset = next
	}
	return nil
}

// nextFrame returns the offset of the next intact frame from an offset on, or the length of data.
func nextFrame(data []byte, from int) int {
	for at := from; at+headerBytes <= len(data); at += alignment {
		if _, _, isIntact := parseFrame(data[at:]); isIntact {
			return at
		}
	}
	return len(data)
}

// isHalfWritten reports whether data, the end of a segment, is what a crash leaves of frames. That is not damage: they were not
// acknowledged.
func isHalfWritten(data []byte) bool {
	_, size, _ := parseFrame(data)
	return max(size, headerBytes) > len(data) || len(bytes.Trim(data, "\x00")) == 0
}

const (
	sizeBits   = 14
	offsetBits = 26
	// The other 24 bits are the segment's number.
)

// location is where a frame is: the segment's number, the offset, and the size in units of the alignment. 0 means no location.
type location uint64

func at(segment uint32, offset int64, size int) location {
	return location(uint64(segment)<<(offsetBits+sizeBits) | uint64(offset)<<sizeBits | uint64(size/alignment)) //nolint:gosec // offsets are not negative
}

func (l location) segment() uint32 { return uint32(l >> (offsetBits + sizeBits)) }
func (l location) offset() int64   { return int64(l >> sizeBits & (1<<offsetBits - 1)) }
func (l location) size() int64     { return int64(l&(1<<sizeBits-1)) * alignment }

// recordOverhead is the cost of a record besides its frame: memory, and room in segments that are not compacted yet.
const recordOverhead = 192

// cost returns what the record counts toward Options.MaxBytes.
func (l location) cost() int64 { return l.size() + recordOverhead }
