// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spool is a durable queue of payloads in one directory. It does not interpret payloads.
//
// It is a log: a series of files, the segments, to which records are appended. When [Store.Append] reports success, its records are on
// disk, together with everything appended before them. A removed record uses disk until its segment is deleted. Segments are deleted oldest
// first. If only a few records keep a segment, they are copied to the end of the log.
//
// Each record has a checksum, and none depends on another: damage loses only the damaged records, which are set aside in a file.
//
// Memory holds about 50 bytes for each waiting record. Payloads are read when they are needed.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Errors of a store. Every error wraps one of them.
var (
	// ErrFull means that Options.MaxBytes is reached, or that the disk is full.
	ErrFull = errors.New("spool is full")
	// ErrUnwritable means that the file system refuses to write or read.
	ErrUnwritable = errors.New("spool cannot be written")
	// ErrDamaged means that records were damaged and set aside.
	ErrDamaged = errors.New("spool records are damaged")
	// ErrInUse means that another process has the directory open.
	ErrInUse = errors.New("another process uses the spool")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("spool is closed")
)

// translate returns the store's error for one of the file system.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}

// Options configure a Store. All are required except OnDamage.
type Options struct {
	// MaxBytes limits Stats.Bytes. The files take up to twice as much.
	MaxBytes int64
	// Now is the clock.
	Now func() time.Time
	// OnDamage, if not nil, is called with the file into which damaged bytes were copied. It may be called with locks held.
	OnDamage func(file string, bytes int64)
}

// Store is the queue. It may be used concurrently.
type Store struct {
	options   Options
	directory string
	lock      *flock.Flock
	wake      chan struct{}
	closing   context.Context
	close     func()
	ended     chan struct{}

	moving   sync.RWMutex // is held while records are moved, and by who must find each where it was
	mu       sync.Mutex
	index    *index
	segments []*segment // the oldest first; the last one is appended to if active
	lastID   uint64
	pending  []*operation
	reserved int64 // costs of what is pending

	// Only run uses these.
	active     *os.File     // of the last segment; nil: begin a new one
	nextNumber uint32       // of a segment
	debts      []*operation // removals that could not be written yet
}

// Stats are the sizes of a store.
type Stats struct {
	// Events wait to be delivered; DeadLetters do not.
	Events, DeadLetters int
	// Bytes is the cost of both, DeadBytes the cost of the dead letters.
	Bytes, DeadBytes int64
	// MaxBytes is the limit of Bytes.
	MaxBytes int64
	// Oldest is when the oldest waiting event was stored, exact to four seconds; zero if none waits.
	Oldest time.Time
}

// Stats returns the current sizes.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Events: s.index.events, DeadLetters: s.index.dead, Bytes: s.index.bytes + s.reserved, DeadBytes: s.index.deadBytes, MaxBytes: s.options.MaxBytes}
	if len(s.index.ages) > 0 {
		stats.Oldest = time.UnixMicro(int64(s.index.ages[0].span << ageBits)) //nolint:gosec // ids are microseconds of this era
	}
	return stats
}

// Has reports whether records of the session wait on disk.
func (s *Store) Has(session uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.index.first[session]
	return found
}

// Append stores records after all others, in one commit, and sets their IDs. A record with an ID replaces the waiting record of that ID,
// for example by a dead letter. A Removed record of session 0 deletes a dead letter. Append does not block: it calls done once the records
// are on disk, or cannot be. Calls and their done functions take effect in order. If Append returns an error, nothing is stored and done is
// not called.
func (s *Store) Append(records []Record, done func(error)) error {
	return s.enqueue(&operation{records: records, done: done})
}

// Remove removes a session's waiting record that is on disk. It takes effect at once, and survives a crash of the process, but perhaps not
// of the machine.
func (s *Store) Remove(session, id uint64) {
	// The only error is ErrClosed, and then there is nothing to remove.
	_ = s.enqueue(&operation{records: []Record{{State: Removed, ID: id, Session: session}}})
}

// AppendNow appends and returns once the records are on disk, or cannot be.
func AppendNow(to interface {
	Append(records []Record, done func(error)) error
}, records []Record) error {
	result := make(chan error, 1)
	if err := to.Append(records, func(err error) { result <- err }); err != nil {
		return err
	}
	return <-result
}

func (s *Store) enqueue(op *operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return ErrClosed
	}
	onlyAdds := len(op.records) > 0
	for i := range op.records {
		r := &op.records[i]
		onlyAdds = onlyAdds && r.ID == 0
		if r.ID == 0 {
			s.lastID = max(s.lastID+1, uint64(s.options.Now().UnixMicro()))
			r.ID = s.lastID
		}
		if r.size() > maxFrameBytes || len(r.Group) > maxGroupBytes {
			return fmt.Errorf("%w: a record of %d bytes is too large", ErrUnwritable, r.size())
		}
		if r.State != Removed {
			op.cost += int64(r.size()) + recordOverhead
		}
	}
	if onlyAdds && s.reserved > maxPendingBytes {
		return fmt.Errorf("%w: %d bytes wait for the disk already", ErrUnwritable, s.reserved)
	}
	if onlyAdds && s.index.bytes+s.reserved+op.cost > s.options.MaxBytes {
		return fmt.Errorf("%w: its limit of %d bytes is reached", ErrFull, s.options.MaxBytes)
	}
	if op.done == nil {
		for _, r := range op.records {
			s.apply(r, 0)
		}
	}
	s.reserved += op.cost
	s.pending = append(s.pending, op)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// AnyID is greater than all IDs.
const AnyID = uint64(math.MaxUint64)

// Read returns up to limit waiting records of a session with IDs below a bound, first ones first. Damaged records are set aside.
func (s *Store) Read(session, below uint64, limit int) ([]Record, error) {
	s.moving.RLock()
	defer s.moving.RUnlock()
	s.mu.Lock()
	refs := s.index.head(session, below, limit)
	s.mu.Unlock()
	var records []Record
	for _, ref := range refs {
		data, err := s.readFrame(ref.location)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, io.EOF) {
			return nil, translate(err)
		}
		r, _, isIntact := parseFrame(data)
		if !isIntact || r.ID != ref.id || r.Session != session {
			s.setAside(ref.segment(), ref.offset(), data)
			s.mu.Lock()
			s.weigh(s.index.remove(session, ref.id), -1)
			s.mu.Unlock()
			continue
		}
		records = append(records, r)
	}
	return records, nil
}

func (s *Store) readFrame(where location) ([]byte, error) {
	file, err := os.Open(s.path(where.segment()))
	if err != nil {
		return nil, err
	}
	data := make([]byte, where.size())
	_, err = file.ReadAt(data, where.offset())
	return data, errors.Join(err, file.Close())
}

// Each visits all records in the order of the log, which is the order of their IDs except for a few that were moved. Records that are appended
// or removed meanwhile may be visited or not. A slow visit delays only compaction.
func (s *Store) Each(visit func(Record) error) error {
	s.moving.RLock()
	defer s.moving.RUnlock()
	s.mu.Lock()
	segments := slices.Clone(s.segments)
	s.mu.Unlock()
	for _, segment := range segments {
		// It may have been emptied and deleted meanwhile.
		if err := s.eachOf(segment.number, visit); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// eachOf visits the existing records of a segment.
func (s *Store) eachOf(number uint32, visit func(Record) error) error {
	data, err := os.ReadFile(s.path(number))
	if err != nil {
		return translate(err)
	}
	return scan(data, func(offset, size int, r Record) error {
		s.mu.Lock()
		isCurrent := s.index.find(r.list(), r.ID) == at(number, int64(offset), size)
		s.mu.Unlock()
		if !isCurrent {
			return nil
		}
		r.Payload = slices.Clone(r.Payload)
		return visit(r)
	}, nil)
}

// Close commits pending changes and closes the store.
func (s *Store) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	<-s.ended
	var err error
	if s.active != nil {
		err = translate(errors.Join(s.active.Sync(), s.active.Close()))
		s.active = nil
	}
	return errors.Join(err, s.lock.Close())
}
