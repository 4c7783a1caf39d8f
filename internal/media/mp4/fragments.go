// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mp4

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// maxFragments bounds the boxes of a fragmented file: a day of fragments of a tenth of a second, and their data.
	maxFragments = 2 * 24 * 3600 * 10
	// leastSampleBytes is less than the mean sample of any recording.
	leastSampleBytes = 8
	// maxFragmentBytes is the largest index of a fragment.
	maxFragmentBytes = 16 << 20
)

// known are the boxes that a fragmented file has beside each other.
var known = map[string]bool{
	"ftyp": true, "styp": true, "moov": true, "moof": true, "mdat": true, "mfra": true, "sidx": true, "ssix": true, "prft": true, "emsg": true,
	"free": true, "skip": true, "uuid": true, "meta": true, "udta": true, "wide": true,
}

// CheckFragments goes through a fragmented file. It returns ErrTruncated for one that ends within a box, ErrImplausible for
// one that claims more samples than it can hold, or an error of r or ctx. What follows the last box and is none is ignored.
func CheckFragments(ctx context.Context, r io.ReaderAt, size int64) error {
	var samples int64
	for offset, n := int64(0), 0; size-offset >= 8; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		kind, length, headerLength, err := readHeader(r, offset, size)
		switch {
		case errors.Is(err, ErrUnsupported), err == nil && !known[kind]:
			return nil
		case err != nil:
			return err
		case n == maxFragments:
			return fmt.Errorf("%w: it has more than %d parts", ErrImplausible, maxFragments)
		case length > size-offset:
			return fmt.Errorf("%w: it ends at byte %d, within a part that goes to byte %d", ErrTruncated, size, offset+length)
		case kind == "moof" && length > maxFragmentBytes:
			return fmt.Errorf("%w: a fragment's index has %d bytes", ErrImplausible, length)
		case kind == "moof":
			moof, err := readAt(r, offset+headerLength, length-headerLength)
			if err != nil {
				return err
			}
			if samples += samplesOf(moof); samples > size/leastSampleBytes+1 {
				return fmt.Errorf("%w: more samples than its %d bytes can hold", ErrImplausible, size)
			}
		}
		offset += length
	}
	return nil
}

// samplesOf returns how many samples a fragment claims to have.
func samplesOf(moof []byte) (samples int64) {
	boxes, _ := children(moof) // those before a malformed one count
	for _, traf := range boxes {
		if traf.kind != "traf" {
			continue
		}
		runs, _ := children(traf.payload)
		for _, run := range runs {
			if run.kind == "trun" && len(run.payload) >= 8 {
				samples += int64(binary.BigEndian.Uint32(run.payload[4:]))
			}
		}
	}
	return samples
}
