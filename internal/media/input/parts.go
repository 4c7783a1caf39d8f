// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package input

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/meetingops/meeting-recording-operator/internal/source"
)

const (
	// blockBytes is how much is fetched at least.
	blockBytes = 32 << 10
	// maxRequestBytes is how much is fetched by one request, and held in memory, at most.
	maxRequestBytes = 4 << 20
)

// parts is a sparse local file of the recording's size that is filled with what is read. It is not safe for concurrent
// use.
type parts struct {
	ctx    context.Context //nolint:containedctx // an io.ReaderAt has none; it is that of the one step
	ranges *source.Ranges
	file   *os.File
	have   []bool // by block
	errs   func(error) error
}

func (r Recording) openParts(ctx context.Context) (_ Reader, err error) {
	ranges, head, err := r.Client.OpenRanges(ctx, r.URL, blockBytes)
	if err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(r.Scratch, "parts"))
	if err != nil {
		return nil, r.writeError(err)
	}
	p := &parts{
		ctx: ctx, ranges: ranges, file: file, errs: r.writeError,
		have: make([]bool, (ranges.Size()+blockBytes-1)/blockBytes),
	}
	if err = file.Truncate(ranges.Size()); err == nil {
		err = p.store(0, head)
	}
	if err = r.writeError(err); err == nil {
		err = sniff(p)
	}
	if err != nil {
		_ = file.Close() // there is a worse error to report
		return nil, err
	}
	return p, nil
}

func (p *parts) Name() string { return p.file.Name() }

func (p *parts) Size() int64 { return p.ranges.Size() }

func (*parts) Whole() bool { return false }

func (p *parts) Close() error { return p.file.Close() }

// ReadAt implements io.ReaderAt. It fetches what is missing first, and returns the source's ExitErrors.
func (p *parts) ReadAt(buffer []byte, offset int64) (int, error) {
	if offset >= p.Size() {
		return 0, io.EOF
	}
	end := min(offset+int64(len(buffer)), p.Size())
	for block := offset / blockBytes; block*blockBytes < end; block++ {
		if p.have[block] {
			continue
		}
		from := block * blockBytes
		to := from
		for to < end && to-from < maxRequestBytes && !p.have[to/blockBytes] {
			to += blockBytes
		}
		data, err := p.ranges.Read(p.ctx, from, min(to, p.Size())-from)
		if err != nil {
			return 0, err
		}
		if err := p.errs(p.store(from, data)); err != nil {
			return 0, err
		}
	}
	return p.file.ReadAt(buffer, offset)
}

// store writes what came, which begins with a block.
func (p *parts) store(offset int64, data []byte) error {
	if _, err := p.file.WriteAt(data, offset); err != nil {
		return err
	}
	for end := offset + int64(len(data)); offset < end; offset += blockBytes {
		if offset+blockBytes <= end || end == p.Size() {
			p.have[offset/blockBytes] = true
		}
	}
	return nil
}
