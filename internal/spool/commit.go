// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// maxGroup is how many operations share one transaction, and its fsync.
	maxGroup = 512
	// fill is how full pages are made: keys only grow.
	fill = 0.95
)

// operation is one change, for run to do.
type operation struct {
	ctx  context.Context
	work func(*transaction) error
	done chan error // has room for the answer
}

// do has run make a change, and returns when it is durable.
func (s *Store) do(ctx context.Context, work func(*transaction) error) error {
	op := &operation{ctx: ctx, work: work, done: make(chan error, 1)}
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case s.ops <- op:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrSlow, context.Cause(ctx))
	case <-s.ended:
		return ErrClosed
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrSlow, context.Cause(ctx))
	case <-s.ended:
	}
	select {
	case err := <-op.done: // the last one before the end
		return err
	default:
		return ErrClosed
	}
}

// run makes changes until the store is closed. Those that wait at the same time
// share a transaction, since it is the fsync that costs.
func (s *Store) run() {
	defer close(s.ended)
	for {
		select {
		case op := <-s.ops:
			s.commit(s.gather(op))
		case <-s.closing:
			return
		}
	}
}

func (s *Store) gather(first *operation) []*operation {
	group := []*operation{first}
	for len(group) < maxGroup {
		select {
		case op := <-s.ops:
			group = append(group, op)
		default:
			return group
		}
	}
	return group
}

// commit does a group's changes in one transaction. A change that does not fit
// fails alone; every other failure is that of all.
func (s *Store) commit(group []*operation) {
	results, err := s.try(group)
	if errors.Is(err, ErrFull) && len(group) > 1 {
		// What removes records may still be possible.
		for _, op := range group {
			s.commit([]*operation{op})
		}
		return
	}
	for i, op := range group {
		op.done <- cmp.Or(results[i], err)
	}
}

// try returns each change's own failure, and that of all.
func (s *Store) try(group []*operation) ([]error, error) {
	if err := s.failure(); err != nil {
		return make([]error, len(group)), err
	}
	results := make([]error, len(group))
	tx := &transaction{store: s, used: s.Stats().Bytes}
	err := translateWrite(safely(func() error {
		return s.db.Update(func(inner *bolt.Tx) error { return tx.all(inner, group, results) })
	}))
	s.judge(err)
	if errors.Is(err, errNothing) {
		return results, nil
	}
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, after := range tx.after {
			after(s.index)
		}
	}
	return results, err
}

// errNothing rolls back a transaction that has changed nothing.
var errNothing = errors.New("nothing to write")

// transaction is one transaction of the file, and what has to be done to the
// index once it is durable.
type transaction struct {
	store         *Store
	waiting, dead *bolt.Bucket
	after         []func(*index)
	used          int64 // bytes, with what the transaction adds
}

func (t *transaction) all(inner *bolt.Tx, group []*operation, results []error) error {
	t.waiting, t.dead = inner.Bucket(waitingBucket), inner.Bucket(deadBucket)
	t.waiting.FillPercent, t.dead.FillPercent = fill, fill
	for i, op := range group {
		if op.ctx.Err() != nil {
			results[i] = ErrSlow // its caller has gone
			continue
		}
		err := op.work(t)
		switch {
		case errors.Is(err, errNoRoom):
			results[i] = err
		case err != nil:
			return err
		}
	}
	if len(t.after) == 0 {
		return errNothing
	}
	return nil
}

// errNoRoom tells that a change was not made, because of the bound.
var errNoRoom = fmt.Errorf("%w: its bound is reached", ErrFull)

// put stores a new record, if it fits.
func (t *transaction) put(r Record, value []byte) error {
	size := cost(value)
	if t.used+size > t.store.options.MaxBytes {
		return errNoRoom
	}
	return t.write(r, value)
}

// write stores a record under a new ID.
func (t *transaction) write(r Record, value []byte) error {
	// One sequence for both buckets, so that an ID means one record.
	id, err := t.waiting.NextSequence()
	if err != nil {
		return err
	}
	size := cost(value)
	t.used += size
	if r.State == Dead {
		t.after = append(t.after, func(x *index) { x.bury(id, size) })
		return t.dead.Put(key(id), value)
	}
	t.after = append(t.after, func(x *index) { x.add(r.Session, item{id, size}) })
	return t.waiting.Put(key(id), value)
}

func (t *transaction) remove(session string, id uint64) error {
	t.used -= cost(t.waiting.Get(key(id)))
	t.after = append(t.after, func(x *index) { x.remove(session, id) })
	return t.waiting.Delete(key(id))
}

// bury moves a waiting record. It needs no room but for the reason.
func (t *transaction) bury(session string, burial Burial) error {
	value := t.waiting.Get(key(burial.ID))
	if value == nil {
		return nil
	}
	r, err := decode(key(burial.ID), value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	r.State, r.Reason, r.DeadAt = Dead, burial.Reason, t.store.options.Now()
	if value, err = r.encode(); err != nil {
		return err
	}
	if err := t.remove(session, burial.ID); err != nil {
		return err
	}
	return t.write(r, value)
}

// revive moves some dead letters, the oldest first.
func (t *transaction) revive(limit int) (int, error) {
	var records []Record
	cursor := t.dead.Cursor()
	for k, value := cursor.First(); k != nil && len(records) < limit; k, value = cursor.Next() {
		r, err := decode(k, value)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		records = append(records, r)
	}
	for _, r := range records {
		id := r.ID
		t.used -= cost(t.dead.Get(key(id)))
		t.after = append(t.after, func(x *index) { x.exhume(id) })
		if err := t.dead.Delete(key(id)); err != nil {
			return 0, err
		}
		r.State, r.Reason, r.DeadAt = Waiting, "", time.Time{}
		value, err := r.encode()
		if err != nil {
			return 0, err
		}
		if err := t.write(r, value); err != nil {
			return 0, err
		}
	}
	return len(records), nil
}
