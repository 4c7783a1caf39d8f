// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package watchedfile reads files again when they change, and keeps the last good value while they cannot be used.
//
// [Open] a [File] once, and call [File.Get] wherever the value is needed. Content is compared, not the time of change: Secret and
// ConfigMap volumes swap a symbolic link, and the time can stay the same. No goroutine runs: Get reads the files, at most once a second.
package watchedfile

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// checkInterval is the least time between two reads by Get.
const checkInterval = time.Second

// Content is what one of the files holds.
type Content struct {
	Path string
	Data []byte
}

// Options say how files are read.
type Options struct {
	// MaxBytes limits the size of each file. It is required.
	MaxBytes int64
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// OnError is called once for each new reason why the files can no longer be used. It may be nil.
	OnError func(error)
}

// File is a value that is parsed from one or more files. It is safe for concurrent use.
type File[T any] struct {
	paths   []string
	parse   func([]Content) (T, error)
	options Options

	state atomic.Pointer[state[T]]
	mu    sync.Mutex // is held while the files are read
}

// state is what the last read found. It is replaced, never modified.
type state[T any] struct {
	value     T
	failure   error             // why value is not that of the files as they are now
	digest    [sha256.Size]byte // of the content that was parsed last
	checkedAt time.Time
}

// Open reads the files, which must be regular ones. parse gets their contents in the order of paths; its errors must not contain secrets,
// because they are logged.
func Open[T any](parse func([]Content) (T, error), options Options, paths ...string) (*File[T], error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	f := &File[T]{paths: paths, parse: parse, options: options}
	first := f.read(state[T]{})
	f.state.Store(&first)
	if first.failure != nil {
		return nil, first.failure
	}
	return f, nil
}

// Get returns the last good value. It reads the files if that was not done within the last second, and never waits for another caller
// that does.
func (f *File[T]) Get() T { return f.check().value }

// Outdated is the value of a metric: 1 while the value is an earlier one, else 0.
func (f *File[T]) Outdated() float64 {
	if f.check().failure != nil {
		return 1
	}
	return 0
}

func (f *File[T]) check() *state[T] {
	last := f.state.Load()
	// A clock that went back must not end the checks.
	if age := f.options.Now().Sub(last.checkedAt); (age < 0 || age >= checkInterval) && f.mu.TryLock() {
		return f.refresh()
	}
	return last
}

// Refresh reads the files now. Its error says why they cannot be used, and Get then returns an earlier value.
func (f *File[T]) Refresh() error {
	f.mu.Lock()
	return f.refresh().failure
}

// refresh reads the files, and reports a failure that is new. It is called with mu held, and unlocks it.
func (f *File[T]) refresh() *state[T] {
	last := f.state.Load()
	next := f.read(*last)
	f.state.Store(&next)
	f.mu.Unlock()
	isNew := next.failure != nil && (last.failure == nil || last.failure.Error() != next.failure.Error())
	if isNew && f.options.OnError != nil {
		f.options.OnError(fmt.Errorf("%w; the last good content stays in use", next.failure))
	}
	return &next
}

// read returns what follows a state.
func (f *File[T]) read(s state[T]) state[T] {
	s.checkedAt = f.options.Now()
	contents := make([]Content, len(f.paths))
	all := sha256.New()
	for i, path := range f.paths {
		data, err := readFile(path, f.options.MaxBytes)
		if err != nil {
			s.failure, s.digest = err, [sha256.Size]byte{}
			return s
		}
		contents[i] = Content{path, data}
		one := sha256.Sum256(data)
		_, _ = all.Write(one[:]) // a hash takes everything
	}
	digest := [sha256.Size]byte(all.Sum(nil))
	if digest == s.digest {
		return s
	}
	value, err := f.parse(contents)
	if s.digest, s.failure = digest, err; err == nil {
		s.value = value
	}
	return s
}

// readFile reads a regular file. Anything else could block, or never end.
func readFile(path string, maxBytes int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > maxBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxBytes)
	}
	return data, nil
}

// ParseCertificate is for Open with two files: a certificate with its chain, and its private key, both in PEM. No error contains any of
// the key.
func ParseCertificate(files []Content) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(files[0].Data, files[1].Data)
	if err != nil {
		return nil, fmt.Errorf("must be a certificate and its private key, both in PEM: %w", err)
	}
	return &pair, nil
}
