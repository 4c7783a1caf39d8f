// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

const (
	feedBuffers = 4 // one in each stage, and one to wait
	bufferBytes = 256 << 10
)

// feed is the way from the network to a store: buffers that go round from the one who reads to the one who hashes, to
// the one who stores, and back. So the three run at the same time, and memory is bounded.
type feed struct {
	version  version
	body     *Body
	received int64 // bytes that were put

	free   chan []byte
	made   int
	raw    chan []byte // to be hashed
	hashed chan []byte // to be stored
	cause  error       // why it ended; set before raw is closed; nil: it is complete

	stored chan struct{} // closed when the store has returned
	err    error         // what it returned
}

func newFeed(v version, announced *digest) *feed {
	f := &feed{
		version: v,
		free:    make(chan []byte, feedBuffers),
		raw:     make(chan []byte, feedBuffers),
		hashed:  make(chan []byte, feedBuffers),
		stored:  make(chan struct{}),
	}
	f.body = &Body{filled: f.hashed, free: f.free, announced: announced, sha256: sha256.New()}
	return f
}

func (f *feed) start(ctx context.Context, store Store, file File) {
	go f.hash()
	go func() {
		defer close(f.stored)
		f.err = store(ctx, file)
	}()
}

// buffer returns an empty buffer, and false when the store has ended.
func (f *feed) buffer() ([]byte, bool) {
	if f.made < feedBuffers && len(f.free) == 0 {
		f.made++
		return make([]byte, bufferBytes), true
	}
	select {
	case b := <-f.free:
		return b[:cap(b)], true
	case <-f.stored:
		return nil, false
	}
}

// put passes a buffer on. It returns false when the store has ended.
func (f *feed) put(b []byte) bool {
	select {
	case f.raw <- b:
		f.received += int64(len(b))
		return true
	case <-f.stored:
		return false
	}
}

// hasEnded reports whether the store has ended, which may be before the file's end.
func (f *feed) hasEnded() bool {
	select {
	case <-f.stored:
		return true
	default:
		return false
	}
}

// hash is the stage in the middle.
func (f *feed) hash() {
	defer close(f.hashed)
	for b := range f.raw {
		f.body.hash(b)
		select {
		case f.hashed <- b:
		case <-f.stored:
		}
	}
	f.body.ending = f.cause
	if f.cause == nil {
		f.body.ending = f.body.verify()
	}
}

// end ends the feed: complete without an error, or broken with one. It waits for the store, and returns its error.
func (f *feed) end(cause error) error {
	f.cause = cause
	close(f.raw)
	<-f.stored
	return f.err
}

// Body has a file's bytes, as they arrive. It waits for retries. It ends with io.EOF if the file is complete and matches what the source
// announced, or with any other error. It is not safe for concurrent use.
type Body struct {
	filled    <-chan []byte
	free      chan<- []byte
	current   []byte // all of the buffer that is being read
	rest      []byte // what was not read of it yet
	ending    error  // io.EOF or worse; to be read when filled is closed
	announced *digest
	sha256    hash.Hash
	size      int64
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 && !b.next() {
		return 0, b.ending
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// WriteTo implements io.WriterTo, for io.Copy. It returns the body's error, or that of w.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for len(b.rest) > 0 || b.next() {
		n, err := w.Write(b.rest)
		written += int64(n)
		b.rest = b.rest[n:]
		if err != nil {
			return written, err
		}
	}
	if b.ending == io.EOF { //nolint:errorlint // as it is set here, and readers are to compare it
		return written, nil
	}
	return written, b.ending
}

// Size returns how many bytes the file has. It may be called only after the end.
func (b *Body) Size() int64 { return b.size }

// SHA256 returns the digest of the file as 64 lower-case hexadecimal digits. It may be called only after the end.
func (b *Body) SHA256() string { return hex.EncodeToString(b.sha256.Sum(nil)) }

// next gives the buffer back that is read, and waits for another. It returns false at the end.
func (b *Body) next() bool {
	if b.current != nil {
		b.free <- b.current // never full: there are as many places as buffers
		b.current = nil
	}
	for buffer := range b.filled {
		b.current, b.rest = buffer, buffer
		if len(buffer) > 0 {
			return true
		}
		b.free <- buffer
	}
	b.current, b.rest = nil, nil
	return false
}

func (b *Body) hash(p []byte) {
	b.sha256.Write(p) // a hash never fails
	if b.announced != nil && b.announced.hash != nil {
		b.announced.hash.Write(p)
	}
	b.size += int64(len(p))
}

// verify returns io.EOF when the bytes are those that were announced.
func (b *Body) verify() error {
	if b.announced == nil {
		return io.EOF
	}
	h := b.announced.hash
	if h == nil {
		h = b.sha256
	}
	return b.announced.compare(h.Sum(nil))
}
