// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
)

const lockName = "lock"

// Open opens the store of a directory, and creates the directory if it is missing. Damaged records are copied into separate files and
// reported to Options.OnDamage; all others are kept. The error is ErrInUse while another process has the directory open.
func Open(directory string, options Options) (*Store, error) {
	s := &Store{
		options: options, directory: directory, index: &index{first: map[uint64]reference{}, rest: map[uint64][]reference{}}, lock: flock.New(filepath.Join(directory, lockName)),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.closing, s.close = context.WithCancel(context.Background())
	if err := s.open(); err != nil {
		_ = s.lock.Close() // return the first error
		return nil, fmt.Errorf("open spool %s: %w", directory, err)
	}
	go s.run()
	return s, nil
}

func (s *Store) open() error {
	if err := os.MkdirAll(s.directory, 0o700); err != nil {
		return translate(err)
	}
	isLocked, err := s.lock.TryLock() // the kernel releases it when the process ends
	if err != nil {
		return translate(err)
	}
	if !isLocked {
		return ErrInUse
	}
	numbers, err := s.find()
	if err != nil {
		return translate(err)
	}
	for i, number := range numbers {
		if err := s.load(number, i == len(numbers)-1); err != nil {
			return translate(err)
		}
	}
	return translate(syncDirectory(s.directory))
}

// find returns the numbers of the segments in their order.
func (s *Store) find() ([]uint32, error) {
	entries, err := os.ReadDir(s.directory)
	if err != nil {
		return nil, err
	}
	var numbers []uint32
	for _, entry := range entries {
		var number uint32
		if _, err := fmt.Sscanf(entry.Name(), "%08d.spool", &number); err == nil && filepath.Base(s.path(number)) == entry.Name() {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// load reads a segment into the index. The end of the last one may be half written.
func (s *Store) load(number uint32, isLast bool) error {
	data, err := os.ReadFile(s.path(number))
	if err != nil {
		return err
	}
	s.segments, s.nextNumber = append(s.segments, &segment{number: number, size: int64(len(data))}), number+1
	return scan(data, func(offset, size int, r Record) error {
		s.lastID = max(s.lastID, r.ID)
		s.apply(r, at(number, int64(offset), size))
		return nil
	}, func(from, to int) {
		if !isLast || to < len(data) || !isHalfWritten(data[from:]) {
			s.setAside(number, int64(from), data[from:to])
		}
	})
}

// setAside copies damaged bytes into a file. The same bytes go to the same file, so that each damage is reported once.
func (s *Store) setAside(number uint32, offset int64, data []byte) {
	name := filepath.Join(s.directory, fmt.Sprintf("damaged-%08d-%d-%08x", number, offset, crc32.Checksum(data, castagnoli)))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a name that the spool made, in its own folder
	if errors.Is(err, os.ErrExist) {
		return
	}
	if err == nil {
		_, err = file.Write(data)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		name = "" // report the damage anyway
	}
	if s.options.OnDamage != nil {
		s.options.OnDamage(name, int64(len(data)))
	}
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
