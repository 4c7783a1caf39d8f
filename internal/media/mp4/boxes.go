// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mp4 finds in an MP4 file's index (ISO/IEC 14496-12) where the samples lie that are wanted, so that the others
// need not be fetched, and makes a small file of them. It reads tables in place, so that a file that lies about their
// lengths costs nothing; that is why it is not a library that decodes all boxes. It is pure but for the reader it is given.
package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrNotMP4 is returned for a file that does not begin as an MP4 or QuickTime file does.
	ErrNotMP4 = errors.New("not an MP4 file")
	// ErrTruncated is returned for a file that ends within a box, or before its index (moov).
	ErrTruncated = errors.New("the MP4 file is truncated")
	// ErrUnsupported is returned for a file that is no plain, unfragmented MP4 file with a sample table per track.
	ErrUnsupported = errors.New("the MP4 file is of a kind whose parts cannot be found")
	// ErrFragmented is the kind of ErrUnsupported for a fragmented file, which CheckFragments can check.
	ErrFragmented = fmt.Errorf("%w: it is fragmented", ErrUnsupported)
	// ErrEncrypted is returned for a file with an encrypted track.
	ErrEncrypted = errors.New("the MP4 file is encrypted")
	// ErrImplausible is returned for a file whose index claims what cannot be. Reading it could cost without limit.
	ErrImplausible = errors.New("the MP4 file's index claims what cannot be")
)

const (
	// maxIndexBytes is the largest index that is read: a day of a recording has about 30 MB.
	maxIndexBytes = 128 << 20
	// maxTopBoxes is how many boxes a plain file may have before its index.
	maxTopBoxes = 64
	// maxTracks bounds the tracks of a file, of any kind.
	maxTracks = 64
	// maxOverlap is how many times a file's size its samples may have in total: tracks may share some.
	maxOverlap = 2
)

// box is a box in memory.
type box struct {
	kind    string
	payload []byte
	raw     []byte // with its header
}

// first is what a file can begin with: a box of one of these kinds.
var first = map[string]bool{"ftyp": true, "styp": true, "moov": true, "mdat": true, "free": true, "skip": true, "wide": true, "pnot": true}

// Index is the index of a plain MP4 file.
type Index struct {
	// Tracks are in the file's order; only video and sound.
	Tracks []*Track
	// FileType is the whole ftyp box; nil: there is none.
	fileType  []byte
	header    []byte // the whole mvhd box
	timescale int64  // of the header
	end       int64  // of the moov box
}

// ReadIndex reads the index of a file of size bytes, going from box to box without reading what they hold, up to the
// index: what follows it does not matter when every sample is in the file. It returns ErrNotMP4, ErrTruncated,
// ErrUnsupported, ErrEncrypted or ErrImplausible (wrapped), or an error of r.
func ReadIndex(r io.ReaderAt, size int64) (*Index, error) {
	index := &Index{}
	for offset, n := int64(0), 0; offset < size; n++ {
		kind, length, headerLength, err := readHeader(r, offset, size)
		switch {
		case err != nil:
			return nil, err
		case n == 0 && !first[kind]:
			return nil, ErrNotMP4
		case n == maxTopBoxes || kind == "moof":
			return nil, ErrUnsupported
		case length > size-offset:
			return nil, fmt.Errorf("%w: it ends at byte %d, within a part that goes to byte %d", ErrTruncated, size, offset+length)
		case (kind == "moov" || kind == "ftyp") && length > maxIndexBytes:
			return nil, ErrUnsupported
		case kind == "moov":
			moov, err := readAt(r, offset+headerLength, length-headerLength)
			if err != nil {
				return nil, err
			}
			index.end = offset + length
			return index, index.readMoov(moov, size)
		case kind == "ftyp":
			if index.fileType, err = readAt(r, offset, length); err != nil {
				return nil, err
			}
		}
		offset += length
	}
	return nil, fmt.Errorf("%w: its index (moov) is missing; the recorder did not finish it", ErrTruncated)
}

// readHeader returns a box's kind, and its length with its header. A length of 0 means up to the file's end.
func readHeader(r io.ReaderAt, offset, size int64) (kind string, length, headerLength int64, err error) {
	head, err := readAt(r, offset, min(16, size-offset))
	if err != nil {
		return "", 0, 0, err
	}
	if len(head) < 8 {
		if offset == 0 {
			return "", 0, 0, ErrNotMP4
		}
		return "", 0, 0, fmt.Errorf("%w: it ends within a box's header", ErrTruncated)
	}
	kind, length, headerLength = string(head[4:8]), int64(binary.BigEndian.Uint32(head)), 8
	switch {
	case length == 0:
		length = size - offset
	case length == 1 && len(head) == 16:
		headerLength = 16
		length = int64(binary.BigEndian.Uint64(head[8:]) & (1<<62 - 1))
	}
	if length < headerLength {
		if offset == 0 {
			return "", 0, 0, ErrNotMP4
		}
		return "", 0, 0, ErrUnsupported
	}
	return kind, length, headerLength, nil
}

func readAt(r io.ReaderAt, offset, n int64) ([]byte, error) {
	buffer := make([]byte, n)
	if got, err := r.ReadAt(buffer, offset); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: it ends at byte %d", ErrTruncated, offset+int64(got))
		}
		return nil, err
	}
	return buffer, nil
}

// children returns the boxes that lie in a box's payload.
func children(payload []byte) ([]box, error) {
	var boxes []box
	for len(payload) >= 8 {
		length := int64(binary.BigEndian.Uint32(payload))
		header := int64(8)
		if length == 0 {
			length = int64(len(payload))
		}
		if length < header || length > int64(len(payload)) {
			return nil, ErrUnsupported
		}
		boxes = append(boxes, box{kind: string(payload[4:8]), payload: payload[header:length], raw: payload[:length]})
		payload = payload[length:]
	}
	return boxes, nil
}

// find returns the box at a path of kinds below payload; nil when there is none.
func find(payload []byte, path ...string) *box {
	boxes, err := children(payload)
	if err != nil {
		return nil
	}
	for i := range boxes {
		if boxes[i].kind != path[0] { //nolint:gosec // callers name at least one kind
			continue
		}
		if len(path) == 1 {
			return &boxes[i]
		}
		return find(boxes[i].payload, path[1:]...) //nolint:gosec // callers name at least one kind
	}
	return nil
}

// readMoov reads the tracks.
func (x *Index) readMoov(moov []byte, size int64) error {
	boxes, err := children(moov)
	if err != nil {
		return err
	}
	var bytes int64
	traks, fragmented := 0, false
	for _, b := range boxes {
		switch b.kind {
		case "mvhd":
			x.header = b.raw
			x.timescale = movieTimescale(b.payload)
		case "mvex":
			fragmented = true
		case "trak":
			if traks == maxTracks {
				return fmt.Errorf("%w: it has more than %d tracks", ErrImplausible, maxTracks)
			}
			track, err := newTrack(b, traks)
			traks++
			if err == nil && track != nil && !fragmented {
				bytes, err = track.check(size, bytes)
			}
			if err != nil {
				return err
			}
			if track != nil {
				x.Tracks = append(x.Tracks, track)
			}
		}
	}
	switch {
	case fragmented:
		return ErrFragmented
	case x.header == nil || len(x.Tracks) == 0:
		return ErrUnsupported
	}
	return nil
}

// movieTimescale reads the movie header: ticks in a second, of edit lists.
func movieTimescale(mvhd []byte) int64 {
	switch {
	case len(mvhd) >= 24 && mvhd[0] == 1:
		return int64(binary.BigEndian.Uint32(mvhd[20:]))
	case len(mvhd) >= 16:
		return int64(binary.BigEndian.Uint32(mvhd[12:]))
	}
	return 0
}

// Video returns the first video track; nil: there is none.
func (x *Index) Video() *Track {
	for _, t := range x.Tracks {
		if t.Video {
			return t
		}
	}
	return nil
}
