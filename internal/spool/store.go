// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spool is a durable queue of payloads in one directory. It knows neither what a payload is nor where it goes.
//
// It is a log: a series of files, the segments, to which records are appended. When [Store.Append] reports success, its records are on
// disk, together with everything appended before them. A record that is removed is dead weight until its segment is deleted; segments
// are deleted from the oldest on, and where a few records keep a segment alive they are copied to the end of the log.
//
// Each record has a checksum, and none depends on another: damage costs the records that it hits, and they are set aside in a file.
//
// Memory holds about 50 bytes for each waiting record. Payloads are read when they are needed.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// What can be wrong with a store. Errors wrap one of them.
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

// translate says what an error of the file system means for the store.
func translate(err error) error {
	if err == nil {
		return nil
	}
	for _, number := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, number) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}

// Options are what a Store needs to know. All are required but OnDamage.
type Options struct {
	// MaxBytes limits what all records count for, see Stats.Bytes. The files take up to twice as much.
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
	closing   chan struct{}
	ended     chan struct{}
	close     sync.Once

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

// Stats is how much a store holds.
type Stats struct {
	// Events wait to be delivered; DeadLetters do not.
	Events, DeadLetters int
	// Bytes is what both count for; DeadBytes is the part of the dead letters.
	Bytes, DeadBytes int64
	// MaxBytes is the limit of Bytes, and FileBytes the size of all segments.
	MaxBytes, FileBytes int64
	// Oldest is when the first of the waiting events was stored, give or take four seconds; zero if none waits.
	Oldest time.Time
}

// Stats returns how much there is.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Events: s.index.events, DeadLetters: len(s.index.dead), Bytes: s.index.bytes + s.reserved, DeadBytes: s.index.deadBytes, MaxBytes: s.options.MaxBytes}
	for _, segment := range s.segments {
		stats.FileBytes += segment.size
	}
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

// Append stores records behind all others, in one commit, and sets their IDs. One that has an ID takes the place of the waiting record with
// that ID, which so can become a dead letter. It does not block: done is called once they are on disk, or cannot be. Calls take effect in
// their order, and so do their done functions. An error of Append itself means that nothing happens and done is not called.
func (s *Store) Append(records []Record, done func(error)) error {
	return s.enqueue(&operation{records: records, done: done})
}

// Remove forgets waiting records of a session that are on disk. It takes effect at once, and survives a crash of the process, but maybe
// not of the machine.
func (s *Store) Remove(session uint64, ids ...uint64) {
	op := &operation{}
	for _, id := range ids {
		op.records = append(op.records, Record{State: removed, ID: id, Session: session})
	}
	_ = s.enqueue(op) // it can only be closed, and then nothing is to be forgotten
}

// Exchange removes dead letters and appends records in their place, in one commit, and returns when that is on disk. It sets the IDs of
// the records.
func (s *Store) Exchange(remove []uint64, add []Record) error {
	result := make(chan error, 1)
	op := &operation{records: slices.Clone(add), done: func(err error) { result <- err }}
	for _, id := range remove {
		op.records = append(op.records, Record{State: removed, ID: id})
	}
	if err := s.enqueue(op); err != nil {
		return err
	}
	copy(add, op.records)
	select {
	case err := <-result:
		return err
	case <-s.ended:
		return ErrClosed
	}
}

func (s *Store) enqueue(op *operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return ErrClosed
	default:
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
		if r.State != removed {
			op.cost += int64(r.size()) + recordOverhead
		}
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

// AnyID is above all IDs.
const AnyID = uint64(math.MaxUint64)

// Read returns the first waiting records of a session with IDs below one, at most so many. What is damaged is set aside and missing in
// the result.
func (s *Store) Read(session, below uint64, limit int) ([]Record, error) {
	for tries := 0; ; tries++ {
		s.mu.Lock()
		refs := s.index.head(session, below, limit)
		s.mu.Unlock()
		records, err := s.readAll(session, refs)
		// A segment may be compacted between the look at the index and that at the file.
		if err == nil || tries == 2 || !errors.Is(err, fs.ErrNotExist) {
			return records, translate(err)
		}
	}
}

func (s *Store) readAll(session uint64, refs []reference) ([]Record, error) {
	var file *os.File
	defer func() { _ = file.Close() }() // it is only read
	records := make([]Record, 0, len(refs))
	for i, ref := range refs {
		if i == 0 || refs[i-1].segment() != ref.segment() {
			_ = file.Close()
			var err error
			if file, err = os.Open(s.path(ref.segment())); err != nil {
				return nil, err
			}
		}
		data := make([]byte, ref.size())
		if _, err := file.ReadAt(data, ref.offset()); err != nil {
			return nil, err
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

// Each visits all records in the order of the log, which is that of their IDs but for a few that were moved. What is appended or
// removed meanwhile may be visited or not. A slow visit delays nothing.
func (s *Store) Each(visit func(Record) error) error {
	s.mu.Lock()
	segments := slices.Clone(s.segments)
	s.mu.Unlock()
	for _, segment := range segments {
		// It may be compacted meanwhile.
		if err := s.eachOf(segment.number, visit); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// eachOf visits the records of a segment that are there.
func (s *Store) eachOf(number uint32, visit func(Record) error) error {
	data, err := os.ReadFile(s.path(number))
	if err != nil {
		return translate(err)
	}
	return scan(data, func(offset, size int, r Record) error {
		s.mu.Lock()
		isCurrent := s.index.find(r) == at(number, int64(offset), size)
		s.mu.Unlock()
		if !isCurrent {
			return nil
		}
		r.Payload = slices.Clone(r.Payload)
		return visit(r)
	}, nil)
}

// Close commits what is pending and ends the store.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.mu.Lock()
		close(s.closing)
		s.mu.Unlock()
	})
	<-s.ended
	var err error
	if s.active != nil {
		err = translate(errors.Join(s.active.Sync(), s.active.Close()))
		s.active = nil
	}
	return errors.Join(err, s.lock.Close())
}
