// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	// segmentBytes is the size at which a segment is full. Larger spools have larger segments, so that there are not too many.
	segmentBytes    = 4 << 20
	maxSegmentBytes = 1 << (offsetBits - 1)
	segmentsPerFull = 64
	// groupBytes is about how much one commit writes.
	groupBytes = 1 << 20
	// maxPendingBytes limits what waits in memory for a slow disk.
	maxPendingBytes = 4 << 20
	// minTruncate is the size from which an empty log is started again.
	minTruncate = 64 << 10
)

// segment is one file of the log.
type segment struct {
	number uint32
	size   int64
	live   int   // records that are there
	bytes  int64 // of their frames
	// isDamaged means that it has records that could not be moved.
	isDamaged bool
}

// operation is one change, for run to make: records to append, and to remove.
type operation struct {
	records []Record
	done    func(error) // nil for removals that have taken effect already
	cost    int64
}

func (s *Store) path(number uint32) string {
	return filepath.Join(s.directory, fmt.Sprintf("%08d.spool", number))
}

// run makes changes until the store is closed. Changes that are pending at the same time share a commit, because the fsync takes most of
// the time.
func (s *Store) run() {
	defer close(s.ended)
	for isClosing := false; !isClosing; {
		select {
		case <-s.wake:
		case <-s.closing.Done():
			isClosing = true
		}
		for group := s.take(); len(group) > 0; group = s.take() {
			s.commit(group, false)
			s.compact()
		}
	}
	if len(s.debts) > 0 {
		s.commit(s.debts, false)
	}
}

// take returns the operations of the next commit.
func (s *Store) take() []*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return nil
	}
	group, bytes := s.debts, int64(0)
	s.debts = nil
	for len(s.pending) > 0 && bytes < groupBytes {
		group, bytes = append(group, s.pending[0]), bytes+s.pending[0].cost
		s.pending = s.pending[1:]
	}
	return group
}

// commit writes a group of changes, with one fsync unless all are removals. Records to move may have been removed meanwhile.
func (s *Store) commit(group []*operation, isMove bool) {
	var buffer []byte
	var offsets []int
	isDurable := false
	for _, op := range group {
		for _, r := range op.records {
			offsets = append(offsets, len(buffer))
			buffer = r.appendTo(buffer)
			isDurable = isDurable || r.State != Removed
		}
	}
	target, err := s.append(buffer, isDurable)
	s.mu.Lock()
	for _, op := range group {
		s.reserved -= op.cost
		if err != nil && op.done == nil {
			s.debts = append(s.debts, op)
		}
		for _, r := range op.records {
			if err == nil && (!isMove || s.index.find(r.list(), r.ID) != 0) {
				s.apply(r, at(target.number, target.size+int64(offsets[0]), r.size()))
			}
			offsets = offsets[1:]
		}
	}
	if err == nil {
		target.size += int64(len(buffer))
	}
	s.mu.Unlock()
	for _, op := range group {
		if op.done != nil {
			op.done(err)
		}
	}
}

// apply makes the index agree with a record. It is called with mu held.
func (s *Store) apply(r Record, where location) {
	if r.State == Removed || r.State == Dead {
		s.weigh(s.index.remove(r.Session, r.ID), -1)
	}
	if r.State == Waiting || r.State == Dead {
		s.weigh(s.index.add(r.list(), r.ID, where), -1)
		s.weigh(where, 1)
	}
}

// weigh updates the counts of a segment.
func (s *Store) weigh(where location, n int) {
	if where == 0 {
		return
	}
	at, isKnown := slices.BinarySearchFunc(s.segments, where.segment(), func(g *segment, number uint32) int { return int(g.number) - int(number) })
	if isKnown {
		s.segments[at].live += n
		s.segments[at].bytes += int64(n) * where.size()
	}
}

// append writes to the last segment and returns it, with the size that it had before.
func (s *Store) append(buffer []byte, isDurable bool) (*segment, error) {
	if s.active == nil || s.last().size+int64(len(buffer)) > s.segmentBytes() {
		if err := s.rotate(); err != nil {
			return nil, translate(err)
		}
	}
	target := s.last()
	_, err := s.active.WriteAt(buffer, target.size)
	if err == nil && isDurable {
		err = s.sync(s.path(target.number))
	}
	if err != nil {
		// Discard what reached the disk. If even this fails, it is delivered once more after a restart. A file that could not be synced is in an
		// unknown state, so nothing more is appended to it.
		_ = s.active.Truncate(target.size)
		_ = s.active.Close()
		s.active = nil
		return nil, translate(err)
	}
	return target, nil
}

// sync makes writes survive a crash. It fails if someone deleted the file.
func (s *Store) sync(path string) error {
	there, errThere := os.Stat(path)
	written, errWritten := s.active.Stat()
	err := errors.Join(s.active.Sync(), errThere, errWritten)
	if err == nil && !os.SameFile(there, written) {
		err = fmt.Errorf("%s was replaced", path)
	}
	return err
}

// last is the segment to append to. Only run changes it.
func (s *Store) last() *segment { return s.segments[len(s.segments)-1] }

func (s *Store) segmentBytes() int64 {
	return min(max(s.options.MaxBytes/segmentsPerFull, segmentBytes), maxSegmentBytes)
}

// rotate begins a new segment.
func (s *Store) rotate() error {
	if s.active != nil {
		_ = s.active.Close() // everything in it is synced, or may be lost
		s.active = nil
	}
	number := max(s.nextNumber, 1)
	file, err := os.OpenFile(s.path(number), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := syncDirectory(s.directory); err != nil {
		_ = file.Close()
		_ = os.Remove(s.path(number))
		return err
	}
	s.active, s.nextNumber = file, number+1
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = append(s.segments, &segment{number: number})
	return nil
}

// compact deletes the oldest segments while they have no records left. If the log is over twice as large as its records, it first moves the
// records of the oldest segment to the end. Only the oldest segment may be deleted: a later one's removals are needed while earlier
// segments exist.
func (s *Store) compact() {
	for len(s.segments) > 0 {
		s.mu.Lock()
		oldest := s.segments[0]
		var total, live int64
		for _, segment := range s.segments {
			total, live = total+segment.size, live+segment.bytes
		}
		isActive := s.active != nil && oldest == s.last()
		isEmpty := oldest.live == 0
		s.mu.Unlock()
		switch {
		case isEmpty && (!isActive || oldest.size >= minTruncate):
			s.deleteOldest(isActive)
		case !isEmpty && !isActive && !oldest.isDamaged && total > 2*live+2*s.segmentBytes() && s.moving.TryLock():
			err := s.moveOldest(oldest)
			s.moving.Unlock()
			if err != nil {
				return // with the next commit there may be room
			}
		default:
			return
		}
	}
}

func (s *Store) deleteOldest(isActive bool) {
	if isActive {
		_ = s.active.Close() // it is empty
		s.active = nil
	}
	_ = os.Remove(s.path(s.segments[0].number)) // the next start finds it empty
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = s.segments[1:]
}

// moveOldest appends the records of a segment to the log.
func (s *Store) moveOldest(oldest *segment) error {
	op := &operation{}
	err := s.eachOf(oldest.number, func(r Record) error { op.records = append(op.records, r); return nil })
	if err != nil {
		return err
	}
	op.done = func(failure error) { err = failure }
	s.commit([]*operation{op}, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest.isDamaged = err == nil && oldest.live > 0 // records damaged since then are set aside when they are read
	return err
}
