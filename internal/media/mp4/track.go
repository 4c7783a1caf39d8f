// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Sample is one frame, or one packet of sound.
type Sample struct {
	// Number counts from 0.
	Number int
	// Offset and Size say where it lies in the file.
	Offset, Size int64
	// Time is when it is shown, in seconds from when the first one is.
	Time float64
	// Sync is true when it can be decoded without another.
	Sync bool

	ticks int64 // when it is decoded
}

// Track is a track's sample table.
type Track struct {
	// Index is the track's number in the file, of all tracks.
	Index int
	// Video is true for video, false for sound.
	Video bool

	trak                                 []byte // the box's payload
	timescale                            int64
	count                                int
	stts, ctts, stsz, stsc, chunks, stss []byte // entries of the tables, without their heads
	uniformSize                          int64
	chunkEntry                           int // bytes of an entry: 4 or 8
	everySampleIsSync, hasOneDescriptor  bool
	hasSizes                             bool
}

// newTrack returns nil for a track that is neither video nor sound, or has no samples. index is its number in the file.
func newTrack(trak box, index int) (*Track, error) {
	handler := find(trak.payload, "mdia", "hdlr")
	if handler == nil || len(handler.payload) < 12 {
		return nil, ErrUnsupported
	}
	kind := string(handler.payload[8:12])
	if kind != "vide" && kind != "soun" {
		return nil, nil //nolint:nilnil // the contract above
	}
	t := &Track{Index: index, Video: kind == "vide", trak: trak.payload, chunkEntry: 4, everySampleIsSync: true}
	if err := t.readTables(); err != nil {
		return nil, err
	}
	if t.count == 0 {
		return nil, nil //nolint:nilnil // the contract above
	}
	return t, nil
}

func (t *Track) readTables() error {
	mdhd := find(t.trak, "mdia", "mdhd")
	stbl := find(t.trak, "mdia", "minf", "stbl")
	if mdhd == nil || stbl == nil || len(mdhd.payload) < 24 {
		return ErrUnsupported
	}
	t.timescale = int64(binary.BigEndian.Uint32(mdhd.payload[12:]))
	if mdhd.payload[0] == 1 {
		t.timescale = int64(binary.BigEndian.Uint32(mdhd.payload[20:]))
	}
	boxes, err := children(stbl.payload)
	for i := 0; i < len(boxes) && err == nil; i++ {
		err = t.readTable(boxes[i])
	}
	switch {
	case errors.Is(err, ErrImplausible), errors.Is(err, ErrEncrypted):
		return err
	case err != nil || t.timescale == 0 || !t.hasSizes:
		return ErrUnsupported
	case t.count > 0 && (t.stts == nil || t.stsc == nil || t.chunks == nil || !t.hasOneDescriptor):
		return ErrUnsupported
	}
	return nil
}

// check goes from chunk to chunk. It returns ErrTruncated when a sample lies beyond the file's size, and ErrImplausible
// when the samples of this and earlier tracks, which have so many bytes, are more than the file can hold.
func (t *Track) check(size, bytes int64) (int64, error) {
	var number int64
	spans := table{data: t.stsc, entry: 12}
	for chunk := 0; chunk < len(t.chunks)/t.chunkEntry && number < int64(t.count); chunk++ {
		samples, ok := spans.samplesOf(chunk)
		if !ok {
			return 0, ErrUnsupported
		}
		samples = min(samples, int64(t.count)-number)
		length := t.uniformSize * samples
		for i := number; t.uniformSize == 0 && i < number+samples; i++ {
			length += t.size(int(i))
		}
		if end := t.chunkOffset(chunk) + length; samples > 0 && end > size {
			return 0, fmt.Errorf("%w: it has %d bytes, but its index names %d, from second %.1f on", ErrTruncated, size, end, t.timeOf(number))
		}
		bytes += length
		if bytes > maxOverlap*size {
			return 0, fmt.Errorf("%w: more samples than its %d bytes can hold", ErrImplausible, size)
		}
		number += samples
	}
	if number < int64(t.count) {
		return 0, ErrUnsupported
	}
	return bytes, nil
}

// timeOf returns about when a sample is shown, in seconds from the first.
func (t *Track) timeOf(number int64) float64 {
	var ticks int64
	for entries := (table{data: t.stts, entry: 8}); entries.next < entries.len() && number > 0; entries.next++ {
		n := min(entries.at(entries.next, 0), number)
		ticks += n * entries.at(entries.next, 4)
		number -= n
	}
	return float64(ticks) / float64(t.timescale)
}

// protected are the sample entries of encrypted tracks: those of common encryption (ISO/IEC 23001-7), and Apple's.
var protected = map[string]bool{"encv": true, "enca": true, "drmi": true, "drms": true}

// checkEncryption returns ErrEncrypted for sample descriptions (stsd) with an encrypted one.
func checkEncryption(payload []byte) error {
	if len(payload) < 8 {
		return nil
	}
	descriptions, _ := children(payload[8:]) // those before a malformed one count
	for _, d := range descriptions {
		if protected[d.kind] {
			return fmt.Errorf("%w: it has samples of kind %s", ErrEncrypted, d.kind)
		}
	}
	return nil
}

// readTable reads one box of a sample table.
func (t *Track) readTable(b box) (err error) {
	switch b.kind {
	case "stsd":
		t.hasOneDescriptor = len(b.payload) >= 8 && binary.BigEndian.Uint32(b.payload[4:]) == 1
		err = checkEncryption(b.payload)
	case "stts":
		t.stts, err = entries(b.payload, 8)
	case "ctts":
		t.ctts, err = entries(b.payload, 8)
	case "stsc":
		t.stsc, err = entries(b.payload, 12)
	case "stco":
		t.chunks, err = entries(b.payload, 4)
	case "co64":
		t.chunkEntry = 8
		t.chunks, err = entries(b.payload, 8)
	case "stss":
		t.everySampleIsSync = false
		t.stss, err = entries(b.payload, 4)
	case "stsz":
		err = t.readSizes(b.payload)
	}
	return err
}

// entries returns the entries of a table: version and flags, a count, the entries.
func entries(payload []byte, entry int) ([]byte, error) {
	if len(payload) < 8 {
		return nil, ErrUnsupported
	}
	count := int64(binary.BigEndian.Uint32(payload[4:]))
	if count*int64(entry) > int64(len(payload)-8) {
		return nil, ErrUnsupported
	}
	return payload[8 : 8+count*int64(entry)], nil
}

// readSizes reads stsz: version and flags, the size of all or 0, a count, the sizes.
func (t *Track) readSizes(payload []byte) error {
	if len(payload) < 12 {
		return ErrUnsupported
	}
	t.uniformSize = int64(binary.BigEndian.Uint32(payload[4:]))
	count := int64(binary.BigEndian.Uint32(payload[8:]))
	t.count, t.hasSizes = int(count), true
	if t.uniformSize == 0 {
		if count*4 > int64(len(payload)-12) {
			return ErrUnsupported
		}
		t.stsz = payload[12 : 12+count*4]
	}
	return nil
}

// Each calls visit for each sample, in the order of their decoding, until it returns false. It returns ErrUnsupported when
// the tables contradict each other.
func (t *Track) Each(visit func(Sample) bool) error {
	times := table{data: t.stts, entry: 8}
	syncs := table{data: t.stss, entry: 4}
	spans := table{data: t.stsc, entry: 12}
	offsets := table{data: t.ctts, entry: 8}
	var ticks, firstOffset int64
	number := 0
	for chunk := 0; chunk < len(t.chunks)/t.chunkEntry && number < t.count; chunk++ {
		samples, ok := spans.samplesOf(chunk)
		if !ok {
			return ErrUnsupported
		}
		offset := t.chunkOffset(chunk)
		for range samples {
			if number == t.count {
				break
			}
			shift := int64(int32(offsets.takeDelta())) //nolint:gosec // it is signed
			if number == 0 {
				firstOffset = shift
			}
			sample := Sample{
				Number: number, Offset: offset, Size: t.size(number), ticks: ticks, Time: float64(ticks+shift-firstOffset) / float64(t.timescale),
				Sync: t.everySampleIsSync || syncs.takeSync(int64(number)+1),
			}
			if !visit(sample) {
				return nil
			}
			offset += sample.Size
			ticks += times.takeDelta()
			number++
		}
	}
	if number < t.count {
		return ErrUnsupported
	}
	return nil
}

func (t *Track) size(number int) int64 {
	if t.uniformSize > 0 {
		return t.uniformSize
	}
	return int64(binary.BigEndian.Uint32(t.stsz[number*4:]))
}

func (t *Track) chunkOffset(chunk int) int64 {
	if t.chunkEntry == 8 {
		return int64(binary.BigEndian.Uint64(t.chunks[chunk*8:]) & (1<<62 - 1))
	}
	return int64(binary.BigEndian.Uint32(t.chunks[chunk*4:]))
}

// table walks through the entries of a table.
type table struct {
	data  []byte
	entry int
	next  int
	used  int64 // of the entry next
}

func (t *table) len() int { return len(t.data) / t.entry }

// at returns the 32 bits at a byte of an entry.
func (t *table) at(entry, at int) int64 {
	return int64(binary.BigEndian.Uint32(t.data[entry*t.entry+at:]))
}

// samplesOf returns how many samples a chunk has (from 0), of a table of spans. It returns false for an empty table.
func (t *table) samplesOf(chunk int) (int64, bool) {
	for t.next+1 < t.len() && int64(chunk)+1 >= t.at(t.next+1, 0) {
		t.next++
	}
	if t.len() == 0 {
		return 0, false
	}
	return t.at(t.next, 4), true
}

// takeDelta returns what the next sample has in a table of (count, ticks): how long it lasts (stts), or how much later than
// it is decoded it is shown (ctts).
func (t *table) takeDelta() int64 {
	for t.next < t.len() {
		if t.used < t.at(t.next, 0) {
			t.used++
			return t.at(t.next, 4)
		}
		t.next, t.used = t.next+1, 0
	}
	return 0
}

// takeSync reports whether the sample of this number, from 1, is in stss, whose numbers ascend.
func (t *table) takeSync(number int64) bool {
	for t.next < t.len() && t.at(t.next, 0) < number {
		t.next++
	}
	return t.next < t.len() && t.at(t.next, 0) == number
}

// Duration is how long the samples last, in seconds.
func (t *Track) Duration() float64 {
	var ticks int64
	for entries := (table{data: t.stts, entry: 8}); entries.next < entries.len(); entries.next++ {
		ticks += entries.at(entries.next, 0) * entries.at(entries.next, 4)
	}
	return float64(max(ticks, 0)) / float64(t.timescale)
}
