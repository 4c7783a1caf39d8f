// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package container finds out whether a file that is no MP4 file was cut, by what its container says of its own length. It
// reads only the beginning and the end, and is pure but for the reader that it is given. What ends between two packets of
// a container that does not say its length looks complete.
package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// ErrTruncated is returned for a file that ends before its container does.
var ErrTruncated = errors.New("the file is truncated")

const (
	// headBytes holds the headers that have a file's length.
	headBytes = 4 << 10
	// tailBytes holds the last page of an Ogg file.
	tailBytes = 128 << 10
	// transportPacket is the length of a packet of an MPEG transport stream.
	transportPacket = 188
	transportSync   = 'G'
)

// Check returns ErrTruncated (wrapped) when the file ends too early, nil when it does not or that cannot be known, or an
// error of r. Bytes after the container's end do not matter.
func Check(r io.ReaderAt, size int64) error {
	head, err := read(r, 0, min(size, headBytes))
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		return within(size, segmentEnd(head))
	case bytes.HasPrefix(head, []byte("RIFF")), bytes.HasPrefix(head, []byte("RF64")):
		return within(size, riffEnd(head))
	case bytes.HasPrefix(head, []byte("OggS")):
		return checkOgg(r, size)
	case len(head) > transportPacket && head[0] == transportSync && head[transportPacket] == transportSync:
		return checkTransport(r, size)
	}
	return nil
}

// within compares a file's size with where its container ends; 0: not known.
func within(size, end int64) error {
	if end > size {
		return fmt.Errorf("%w: it ends at byte %d of %d", ErrTruncated, size, end)
	}
	return nil
}

func read(r io.ReaderAt, offset, n int64) ([]byte, error) {
	buffer := make([]byte, n)
	if got, err := r.ReadAt(buffer, offset); int64(got) < n {
		return nil, err
	}
	return buffer, nil
}

// segmentEnd returns where a Matroska or WebM file's segment ends; 0: it does not say, as files that were streamed.
func segmentEnd(head []byte) int64 {
	offset := 4
	length, n := vint(head[offset:])
	if n == 0 || length < 0 || length > int64(len(head)-offset-n) {
		return 0
	}
	offset += n + int(length)
	if !bytes.HasPrefix(head[offset:], []byte{0x18, 0x53, 0x80, 0x67}) {
		return 0
	}
	offset += 4
	if length, n = vint(head[offset:]); n == 0 || length < 0 {
		return 0
	}
	return int64(offset+n) + length
}

// vint reads EBML's variable-length number (RFC 8794, section 4), and how many bytes it has; 0: none. It returns -1 for an
// unknown length.
func vint(data []byte) (value int64, n int) {
	if len(data) == 0 || data[0] == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(data[0]) + 1
	if len(data) < n {
		return 0, 0
	}
	var number [8]byte
	copy(number[8-n:], data[:n])
	number[8-n] &= byte(1<<(8-n) - 1)
	value = int64(binary.BigEndian.Uint64(number[:])) //nolint:gosec // seven bytes at most
	if value == 1<<(7*n)-1 {
		return -1, n
	}
	return value, n
}

// riffEnd returns where a WAV or AVI file ends; 0: it does not say, as files that were streamed.
func riffEnd(head []byte) int64 {
	if len(head) < 12 || string(head[:4]) == "RF64" {
		return 0
	}
	length := int64(binary.LittleEndian.Uint32(head[4:]))
	if length == 0 || length >= 1<<32-1-64 {
		return 0
	}
	return 8 + length
}

// checkOgg looks whether the last page is complete (RFC 3533, section 6).
func checkOgg(r io.ReaderAt, size int64) error {
	from := max(size-tailBytes, 0)
	tail, err := read(r, from, size-from)
	if err != nil {
		return err
	}
	at := bytes.LastIndex(tail, []byte("OggS\x00"))
	if at < 0 {
		return nil
	}
	page := tail[at:]
	const header = 27
	if len(page) < header || len(page) < header+int(page[26]) {
		return within(size, size+1)
	}
	length := header + int(page[26])
	for _, segment := range page[header:length] {
		length += int(segment)
	}
	return within(size, from+int64(at+length))
}

// checkTransport looks whether the last packet of a transport stream is complete.
func checkTransport(r io.ReaderAt, size int64) error {
	rest := size % transportPacket
	if rest == 0 {
		return nil
	}
	tail, err := read(r, size-rest, rest)
	if err != nil {
		return err
	}
	if tail[0] == transportSync {
		return within(size, size-rest+transportPacket)
	}
	return nil
}
