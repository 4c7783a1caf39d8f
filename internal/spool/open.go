// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
)

const lockName = "lock"

// Open opens the store of a directory, and creates the directory if it is missing. Damaged records are copied into files of their own
// and reported to Options.OnDamage; the others are there. The error is ErrInUse while another process has the directory open.
func Open(directory string, options Options) (*Store, error) {
	s := &Store{
		options: options, directory: directory, index: newIndex(),
		wake: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := s.open(); err != nil {
		if s.lockFile != nil {
			_ = s.lockFile.Close() // the error that counts is the first
		}
		return nil, fmt.Errorf("open spool %s: %w", directory, err)
	}
	go s.run()
	return s, nil
}

func (s *Store) open() error {
	if err := os.MkdirAll(s.directory, 0o700); err != nil {
		return translate(err)
	}
	var err error
	if s.lockFile, err = os.OpenFile(filepath.Join(s.directory, lockName), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return translate(err)
	}
	if err := lock(s.lockFile); err != nil {
		return err
	}
	numbers, err := s.find()
	if err != nil {
		return err
	}
	var buffer []byte
	for i, number := range numbers {
		if buffer, err = s.load(number, i == len(numbers)-1, buffer); err != nil {
			return err
		}
	}
	return translate(syncDirectory(s.directory))
}

// find returns the numbers of the segments in their order.
func (s *Store) find() ([]uint32, error) {
	entries, err := os.ReadDir(s.directory)
	if err != nil {
		return nil, translate(err)
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

// load reads a segment into the index. The end of the last one may be half written, which is no damage: nobody was told that it is there.
func (s *Store) load(number uint32, isLast bool, buffer []byte) ([]byte, error) {
	data, err := readFile(s.path(number), buffer)
	if err != nil {
		return nil, translate(err)
	}
	s.segments = append(s.segments, &segment{number: number, size: int64(len(data))})
	for offset := 0; offset < len(data); {
		f, size, intact := parseFrame(data[offset:])
		if intact {
			s.lastID = max(s.lastID, f.id)
			s.apply(f, at(number, int64(offset), size))
			offset += size
			continue
		}
		next := nextFrame(data, offset+alignment)
		isHalfWritten := isLast && next == len(data) && (offset+max(size, headerBytes) > len(data) || isZero(data[offset:]))
		if !isHalfWritten {
			s.setAside(number, int64(offset), data[offset:next])
		}
		offset = next
	}
	s.nextNumber = number + 1
	return data, nil
}

// setAside copies damaged bytes into a file. The same bytes go to the same file, so that a segment that stays for a while is reported once.
func (s *Store) setAside(number uint32, offset int64, data []byte) {
	name := filepath.Join(s.directory, fmt.Sprintf("damaged-%08d-%d-%08x", number, offset, crc32.Checksum(data, castagnoli)))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return
	}
	if err == nil {
		_, err = file.Write(data)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		name = "" // the damage is reported all the same
	}
	if s.options.OnDamage != nil {
		s.options.OnDamage(name, int64(len(data)))
	}
}

func isZero(data []byte) bool {
	return !slices.ContainsFunc(data, func(b byte) bool { return b != 0 })
}

// readFile is os.ReadFile into a buffer that is used again.
func readFile(path string, buffer []byte) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data := slices.Grow(buffer[:0], int(info.Size()))[:info.Size()]
	if len(data) == 0 {
		return data, nil
	}
	_, err = file.ReadAt(data, 0)
	return data, err
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
