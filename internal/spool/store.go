// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"
)

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
	lockFile  *os.File
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
		stats.Oldest = time.UnixMicro(int64(s.index.ages[0].span << ageBits))
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
// that ID, which so can become a dead letter. It does not block: done is called once they are on disk, or cannot be. Calls take effect in their order, and so do their done functions. An error of Append itself means that nothing happens
// and done is not called.
func (s *Store) Append(records []Record, done func(error)) error {
	return s.enqueue(&operation{put: records, done: done})
}

// Remove forgets waiting records of a session that are on disk. It takes effect at once, and survives a crash of the process, but maybe
// not of the machine.
func (s *Store) Remove(session uint64, ids ...uint64) {
	op := &operation{}
	for _, id := range ids {
		op.removed = append(op.removed, frame{kind: kindRemoved, id: id, session: session})
	}
	_ = s.enqueue(op) // it can only be closed, and then nothing is to be forgotten
}

// Exchange removes dead letters and appends records in their place, in one commit, and returns when that is on disk.
func (s *Store) Exchange(remove []uint64, add []Record) error {
	result := make(chan error, 1)
	op := &operation{put: add, done: func(err error) { result <- err }}
	for _, id := range remove {
		op.removed = append(op.removed, frame{kind: kindRemoved, id: id})
	}
	if err := s.enqueue(op); err != nil {
		return err
	}
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
	isNew := len(op.put) > 0 && len(op.removed) == 0
	for i := range op.put {
		r := &op.put[i]
		if r.ID != 0 {
			isNew = false
		} else {
			s.lastID = max(s.lastID+1, uint64(s.options.Now().UnixMicro()))
			r.ID = s.lastID
		}
		f := r.frame()
		if f.size() > maxFrameBytes || len(f.group) > maxGroupBytes {
			return fmt.Errorf("%w: a record of %d bytes is too large", ErrUnwritable, f.size())
		}
		op.cost += int64(f.size()) + recordOverhead
	}
	if isNew && s.index.bytes+s.reserved+op.cost > s.options.MaxBytes {
		return fmt.Errorf("%w: its limit of %d bytes is reached", ErrFull, s.options.MaxBytes)
	}
	if op.done == nil {
		for _, f := range op.removed {
			s.apply(f, 0)
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

// Read returns the first waiting records of a session with IDs below one, at most so many. What is damaged is set aside and missing in
// the result.
func (s *Store) Read(session, below uint64, limit int) ([]Record, error) {
	var err error
	for range 3 { // a segment may be compacted between the look at the index and that at the file
		s.mu.Lock()
		refs := s.index.head(session, below, limit)
		s.mu.Unlock()
		var records []Record
		if records, err = s.readAll(session, refs); !errors.Is(err, fs.ErrNotExist) {
			return records, err
		}
	}
	return nil, err
}

// AnyID is above all IDs.
const AnyID = uint64(math.MaxUint64)

func (s *Store) readAll(session uint64, refs []reference) ([]Record, error) {
	var file *os.File
	var open uint32
	defer func() {
		if file != nil {
			_ = file.Close() // it was only read
		}
	}()
	records := make([]Record, 0, len(refs))
	for _, ref := range refs {
		if file == nil || open != ref.segment() {
			if file != nil {
				_ = file.Close() // it was only read
			}
			var err error
			if file, err = os.Open(s.path(ref.segment())); err != nil {
				return nil, translate(err)
			}
			open = ref.segment()
		}
		data := make([]byte, ref.size())
		if _, err := file.ReadAt(data, ref.offset()); err != nil {
			return nil, translate(err)
		}
		f, _, intact := parseFrame(data)
		if !intact || f.id != ref.id || f.session != session {
			s.lose(session, ref, data)
			continue
		}
		records = append(records, f.record())
	}
	return records, nil
}

// lose sets a record aside that has become unreadable.
func (s *Store) lose(session uint64, ref reference, data []byte) {
	s.setAside(ref.segment(), ref.offset(), data)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(s.index.remove(session, ref.id))
}

// Each visits all records in the order of the log, which is that of their IDs but for a few that were moved. What is appended or
// removed meanwhile may be visited or not. A slow visit delays nothing.
func (s *Store) Each(visit func(Record) error) error {
	s.mu.Lock()
	numbers := make([]uint32, 0, len(s.segments))
	for _, segment := range s.segments {
		numbers = append(numbers, segment.number)
	}
	s.mu.Unlock()
	for _, number := range numbers {
		data, err := os.ReadFile(s.path(number))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was compacted meanwhile
		}
		if err != nil {
			return translate(err)
		}
		for offset := 0; offset < len(data); {
			f, size, intact := parseFrame(data[offset:])
			if !intact {
				offset = nextFrame(data, offset+alignment)
				continue
			}
			s.mu.Lock()
			isCurrent := s.index.isCurrent(f, at(number, int64(offset), size))
			s.mu.Unlock()
			if isCurrent {
				if err := visit(f.record()); err != nil {
					return err
				}
			}
			offset += size
		}
	}
	return nil
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
	return errors.Join(err, s.lockFile.Close())
}
