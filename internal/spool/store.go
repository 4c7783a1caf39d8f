// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Store is the queue. It may be used concurrently.
type Store struct {
	options Options
	db      *bolt.DB
	ops     chan *operation
	closing chan struct{}
	ended   chan struct{}
	close   sync.Once

	mu     sync.Mutex
	index  *index
	broken error // an ErrCorrupt that was met; nothing is tried after it
}

// Stats is how much a store holds.
type Stats struct {
	// Events wait to be delivered; DeadLetters never will be by themselves.
	Events, DeadLetters int
	// Bytes is what both take, out of Options.MaxBytes; DeadBytes what the dead
	// letters take of that.
	Bytes, DeadBytes int64
}

func newStore(options Options) *Store {
	return &Store{
		options: options, index: newIndex(), ops: make(chan *operation, maxGroup),
		closing: make(chan struct{}), ended: make(chan struct{}),
	}
}

// Append stores a payload behind all others of its session. It returns nil once
// that is on disk; or ErrFull, ErrUnwritable or ErrCorrupt; or, when ctx is done
// first, ErrSlow, and then the payload may be stored all the same.
func (s *Store) Append(ctx context.Context, session string, payload json.RawMessage) error {
	return s.store(ctx, Record{State: Waiting, Session: session, StoredAt: s.options.Now(), Payload: payload})
}

// AppendDead stores a payload as a dead letter. Errors are those of Append.
func (s *Store) AppendDead(ctx context.Context, session string, payload json.RawMessage, reason string) error {
	now := s.options.Now()
	return s.store(ctx, Record{State: Dead, Session: session, StoredAt: now, Payload: payload, Reason: reason, DeadAt: now})
}

func (s *Store) store(ctx context.Context, r Record) error {
	value, err := r.encode()
	if err != nil {
		return err
	}
	return s.do(ctx, func(tx *transaction) error { return tx.put(r, value) })
}

// Burial makes a waiting record a dead letter.
type Burial struct {
	ID     uint64
	Reason string
}

// Resolve removes those of a session's records that were delivered, and makes
// dead letters of others, all at once. It works also when the store is full.
func (s *Store) Resolve(ctx context.Context, session string, delivered []uint64, buried []Burial) error {
	return s.do(ctx, func(tx *transaction) error {
		for _, id := range delivered {
			if err := tx.remove(session, id); err != nil {
				return err
			}
		}
		for _, burial := range buried {
			if err := tx.bury(session, burial); err != nil {
				return err
			}
		}
		return nil
	})
}

// Revive has all dead letters wait again, behind everything that waits now, and
// returns how many there were.
func (s *Store) Revive(ctx context.Context) (int, error) {
	total := 0
	for {
		var revived int
		err := s.do(ctx, func(tx *transaction) (err error) {
			revived, err = tx.revive(reviveAtOnce)
			return err
		})
		if err != nil {
			return total, err
		}
		total += revived
		if revived < reviveAtOnce {
			return total, nil
		}
	}
}

// reviveAtOnce bounds one transaction.
const reviveAtOnce = 500

// Has tells whether records of the session wait.
func (s *Store) Has(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.index.waiting[session]) > 0
}

// Sessions returns those with waiting records, the longest waiting one first.
func (s *Store) Sessions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.sessions()
}

// Stats returns how much there is.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Events: s.index.events, DeadLetters: len(s.index.dead), Bytes: s.index.bytes, DeadBytes: s.index.inDead}
}

// Peek returns the first records of a session, at most so many.
func (s *Store) Peek(session string, limit int) ([]Record, error) {
	s.mu.Lock()
	items := s.index.waiting[session]
	ids := make([]uint64, 0, min(limit, len(items)))
	for _, it := range items[:min(limit, len(items))] {
		ids = append(ids, it.id)
	}
	s.mu.Unlock()
	records := make([]Record, 0, len(ids))
	err := s.view(func(tx *bolt.Tx) error {
		for _, id := range ids {
			value := tx.Bucket(waitingBucket).Get(key(id))
			if value == nil {
				continue // resolved meanwhile
			}
			r, err := decode(key(id), value)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			records = append(records, r)
		}
		return nil
	})
	return records, err
}

// Each visits all records, those that wait first, each kind in its order. What
// is stored or resolved meanwhile may be visited or not. A slow visit holds up
// nothing.
func (s *Store) Each(visit func(Record) error) error {
	for _, bucket := range [][]byte{waitingBucket, deadBucket} {
		for next := uint64(0); ; {
			page, err := s.page(bucket, next)
			if err != nil {
				return err
			}
			for _, r := range page {
				if err := visit(r); err != nil {
					return err
				}
				next = r.ID + 1
			}
			if len(page) < pageRecords {
				break
			}
		}
	}
	return nil
}

// pageRecords is how many records are read at once: a transaction that stays
// open keeps the file from growing.
const pageRecords = 256

// page returns the next records of a bucket, from an ID on.
func (s *Store) page(bucket []byte, from uint64) ([]Record, error) {
	var records []Record
	err := s.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucket).Cursor()
		for k, value := cursor.Seek(key(from)); k != nil && len(records) < pageRecords; k, value = cursor.Next() {
			r, err := decode(k, value)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			records = append(records, r)
		}
		return nil
	})
	return records, err
}

func (s *Store) view(read func(*bolt.Tx) error) error {
	if err := s.failure(); err != nil {
		return err
	}
	err := safely(func() error { return s.db.View(read) })
	s.judge(err)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// failure is what keeps the store from being used, nil if nothing does.
func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// judge gives the store up after damage: bbolt may hold locks for ever.
func (s *Store) judge(err error) {
	if !errors.Is(err, ErrCorrupt) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = err
	}
}

// Close ends the store. What was not stored yet fails with ErrClosed.
func (s *Store) Close() error {
	s.close.Do(func() { close(s.closing) })
	<-s.ended
	s.mu.Lock()
	isUsable := s.broken == nil
	s.mu.Unlock()
	if isUsable {
		return s.db.Close()
	}
	return nil // see judge
}

// isDiskFull tells whether the file system has no room, or lets the file not
// grow. bbolt keeps no chain of errors for some.
func isDiskFull(err error) bool {
	for _, number := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, number) || strings.Contains(err.Error(), number.Error()) {
			return true
		}
	}
	return false
}
