// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	// FileName is the store's file within its directory.
	FileName = "spool.db"
	// lockTimeout is how long Open waits for another process to let go of it.
	lockTimeout = time.Second
	// allocBytes is by how much the file grows.
	allocBytes = 1 << 20
	// fileFactor is how often the bound the file may hold: removed records leave
	// pages behind that are only partly full.
	fileFactor = 2
	// minFileBytes leaves a small bound room for the pages that bbolt needs to
	// work, and the steps in which it grows.
	minFileBytes = 4 << 20
)

// The file's buckets.
var (
	waitingBucket = []byte("waiting")
	deadBucket    = []byte("dead")
)

// Options are what a Store needs to know.
type Options struct {
	// MaxBytes is how much all records may take, waiting and dead, as Stats
	// counts it. The file takes up to twice that, and 4 MiB at least.
	MaxBytes int64
	// Now is the clock.
	Now func() time.Time
}

// Open opens the store of a directory, which must exist, or makes it. A file
// that is damaged is renamed, never deleted, and a new one begun: setAside is
// its new path then, and empty otherwise. The error is ErrInUse while another
// process has the file open, and the file system's where it does not let us.
func Open(directory string, options Options) (store *Store, setAside string, err error) {
	path := filepath.Join(directory, FileName)
	store, err = open(path, options)
	if err == nil || !errors.Is(err, ErrCorrupt) {
		return store, "", err
	}
	setAside = fmt.Sprintf("%s.corrupt-%s", path, options.Now().UTC().Format("20060102T150405.000000000Z"))
	damage := err
	if err := os.Rename(path, setAside); err != nil {
		return nil, "", fmt.Errorf("set the spool aside, which cannot be read (%w): %w", damage, err)
	}
	store, err = open(path, options)
	return store, setAside, err
}

func open(path string, options Options) (*Store, error) {
	s := newStore(options)
	err := safely(func() error {
		var err error
		s.db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout: lockTimeout, FreelistType: bolt.FreelistMapType, NoStatistics: true,
			MaxSize: int(max(fileFactor*options.MaxBytes, minFileBytes)),
		})
		if err != nil {
			return translateOpen(err)
		}
		s.db.AllocSize = allocBytes
		return s.load()
	})
	if err == nil {
		// The name of a new file is durable once its directory is.
		err = syncDirectory(filepath.Dir(path))
	}
	if err != nil {
		s.abandon(err)
		return nil, fmt.Errorf("open the spool %s: %w", path, err)
	}
	go s.run()
	return s, nil
}

// translateOpen tells a file that is damaged from one that cannot be had.
func translateOpen(err error) error {
	var path *fs.PathError
	var number syscall.Errno
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrInUse
	case errors.As(err, &path), errors.As(err, &number):
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// load reads all there is, so that damage is found now, and indexes it.
func (s *Store) load() error {
	// A file that may be damaged is not written before it was read.
	isNew := false
	if err := s.db.View(func(tx *bolt.Tx) error {
		isNew = tx.Bucket(waitingBucket) == nil || tx.Bucket(deadBucket) == nil
		return nil
	}); err != nil {
		return err
	}
	if isNew {
		return translateWrite(s.db.Update(makeBuckets))
	}
	return s.db.View(func(tx *bolt.Tx) error {
		err := each(tx, waitingBucket, func(r Record, size int64) error {
			s.index.add(r.Session, item{r.ID, size})
			return nil
		})
		if err != nil {
			return err
		}
		return each(tx, deadBucket, func(r Record, size int64) error {
			s.index.bury(r.ID, size)
			return nil
		})
	})
}

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{waitingBucket, deadBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// each goes through a bucket's records in the order of their IDs.
func each(tx *bolt.Tx, bucket []byte, visit func(r Record, size int64) error) error {
	return tx.Bucket(bucket).ForEach(func(key, value []byte) error {
		r, err := decode(key, value)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return visit(r, cost(value))
	})
}

// abandon closes what a failed Open leaves. After damage bbolt may hold locks
// that it never gives back, so then the file is left to the end of the process.
func (s *Store) abandon(err error) {
	if s.db == nil || errors.Is(err, ErrCorrupt) {
		return
	}
	// The error that counts is the one that led here.
	_ = s.db.Close()
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
