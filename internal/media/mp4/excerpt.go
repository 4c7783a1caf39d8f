// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mp4

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// maxSampleBytes is the largest sample that is taken into an excerpt.
const maxSampleBytes = 64 << 20

// WriteExcerpt writes an MP4 file that has only the given samples of one track, each of which can be decoded alone, at
// their times. The samples must be in the track's order, and read returns a sample's bytes.
func (x *Index) WriteExcerpt(w io.Writer, track *Track, samples []Sample, read func(Sample) ([]byte, error)) error {
	var bytes int64
	for _, s := range samples {
		if s.Size > maxSampleBytes {
			return fmt.Errorf("%w: a frame has %d bytes", ErrUnsupported, s.Size)
		}
		bytes += s.Size
	}
	if len(samples) == 0 || bytes > math.MaxUint32-maxIndexBytes {
		return ErrUnsupported
	}
	head := append([]byte(nil), x.fileType...)
	moov, err := x.excerptMoov(track, samples, 0)
	if err != nil {
		return err
	}
	dataAt := int64(len(head)+len(moov)) + 8
	if moov, err = x.excerptMoov(track, samples, dataAt); err != nil { // of the same length: now the offset is known
		return err
	}
	head = append(head, moov...)
	head = binary.BigEndian.AppendUint32(head, uint32(bytes+8))
	head = append(head, "mdat"...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, s := range samples {
		data, err := read(s)
		if err != nil {
			return err
		}
		if int64(len(data)) != s.Size {
			return fmt.Errorf("%w: frame %d has %d bytes instead of %d", ErrTruncated, s.Number, len(data), s.Size)
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// excerptMoov returns an index of one track with a new sample table, and without its edit list: times count from the first
// sample.
func (x *Index) excerptMoov(track *Track, samples []Sample, dataAt int64) ([]byte, error) {
	stsd := find(track.trak, "mdia", "minf", "stbl", "stsd")
	tkhd, mdhd, hdlr := find(track.trak, "tkhd"), find(track.trak, "mdia", "mdhd"), find(track.trak, "mdia", "hdlr")
	dinf := find(track.trak, "mdia", "minf", "dinf")
	if stsd == nil || tkhd == nil || dinf == nil {
		return nil, ErrUnsupported
	}
	stts := head(len(samples))
	stsz := append(make([]byte, 8), head(len(samples))[4:]...)
	for i, s := range samples {
		var delta int64
		if i+1 < len(samples) {
			delta = samples[i+1].ticks - s.ticks
		}
		stts = binary.BigEndian.AppendUint32(stts, 1)
		stts = binary.BigEndian.AppendUint32(stts, uint32(min(delta, math.MaxInt32)))
		stsz = binary.BigEndian.AppendUint32(stsz, uint32(s.Size)) //nolint:gosec // checked by WriteExcerpt
	}
	stsc := head(1)
	for _, n := range []int{1, len(samples), 1} {
		stsc = binary.BigEndian.AppendUint32(stsc, uint32(n)) //nolint:gosec // a count of samples
	}
	stco := binary.BigEndian.AppendUint32(head(1), uint32(dataAt)) //nolint:gosec // an index's length
	stbl := wrap("stbl", stsd.raw, wrap("stts", stts), wrap("stsc", stsc), wrap("stsz", stsz), wrap("stco", stco))
	var media []byte
	if vmhd := find(track.trak, "mdia", "minf", "vmhd"); vmhd != nil {
		media = vmhd.raw
	}
	mdia := wrap("mdia", mdhd.raw, hdlr.raw, wrap("minf", media, dinf.raw, stbl))
	return wrap("moov", x.header, wrap("trak", tkhd.raw, mdia)), nil
}

// head is the head of a table: version and flags, a count.
func head(count int) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 4), uint32(count)) //nolint:gosec // a count of samples
}

// wrap makes a box of parts.
func wrap(kind string, parts ...[]byte) []byte {
	b := append(make([]byte, 4), kind...)
	for _, part := range parts {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b))) //nolint:gosec // an index's length
	return b
}
