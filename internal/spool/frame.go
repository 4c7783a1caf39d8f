// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/binary"
	"hash/crc32"
)

// A frame is one record in a segment: a header of 32 bytes, the group, the payload, and zeros up to the next multiple of 16.
//
//	0  magic     4 bytes
//	4  length    4 bytes, of group and payload
//	8  checksum  4 bytes, CRC-32C of everything behind it
//	12 kind      1 byte
//	13 group     1 byte, its length
//	14 -         2 bytes, zero
//	16 id        8 bytes
//	24 session   8 bytes
const (
	headerBytes = 32
	alignment   = 16
	// maxFrameBytes is what location has bits for. An event has 20 KiB at most.
	maxFrameBytes = (1<<sizeBits - 1) * alignment
	maxGroupBytes = 255
)

// magic begins with a byte that no JSON has.
var magic = [4]byte{0xFE, 'S', 'P', 1}

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type kind byte

const (
	kindWaiting kind = 1
	kindDead    kind = 2
	// kindRemoved says that the record with this ID is not there any more.
	kindRemoved kind = 3
)

type frame struct {
	kind        kind
	group       string
	id, session uint64
	payload     []byte
}

// size returns the bytes that the frame takes in a segment.
func (f frame) size() int {
	return (headerBytes + len(f.group) + len(f.payload) + alignment - 1) / alignment * alignment
}

func (f frame) appendTo(buffer []byte) []byte {
	start := len(buffer)
	buffer = append(buffer, magic[:]...)
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(f.group)+len(f.payload)))
	buffer = append(buffer, 0, 0, 0, 0, byte(f.kind), byte(len(f.group)), 0, 0)
	buffer = binary.BigEndian.AppendUint64(buffer, f.id)
	buffer = binary.BigEndian.AppendUint64(buffer, f.session)
	buffer = append(buffer, f.group...)
	buffer = append(buffer, f.payload...)
	binary.BigEndian.PutUint32(buffer[start+8:], crc32.Checksum(buffer[start+12:], castagnoli))
	for len(buffer)-start < f.size() {
		buffer = append(buffer, 0)
	}
	return buffer
}

// parseFrame returns the frame that data begins with, and whether it is intact. Its payload is part of data. The size is 0 if data does
// not begin with a header; it may be beyond the end of data.
func parseFrame(data []byte) (f frame, size int, intact bool) {
	if len(data) < headerBytes || [4]byte(data) != magic {
		return frame{}, 0, false
	}
	length := int64(binary.BigEndian.Uint32(data[4:]))
	group := int64(data[13])
	if headerBytes+length > maxFrameBytes || group > length {
		return frame{}, 0, false
	}
	end := int(headerBytes + length)
	size = (end + alignment - 1) / alignment * alignment
	if size > len(data) || binary.BigEndian.Uint32(data[8:]) != crc32.Checksum(data[12:end], castagnoli) {
		return frame{}, size, false
	}
	return frame{
		kind: kind(data[12]), group: string(data[headerBytes : headerBytes+group]),
		id: binary.BigEndian.Uint64(data[16:]), session: binary.BigEndian.Uint64(data[24:]),
		payload: data[headerBytes+group : end],
	}, size, true
}

// nextFrame returns the offset of the next intact frame from an offset on, or the length of data.
func nextFrame(data []byte, from int) int {
	for at := from; at+headerBytes <= len(data); at += alignment {
		if _, _, intact := parseFrame(data[at:]); intact {
			return at
		}
	}
	return len(data)
}
