// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	// segmentBytes is the size from which on a segment is not appended to. Larger spools have larger ones, so that there are not too many.
	segmentBytes    = 4 << 20
	maxSegmentBytes = 1 << (offsetBits - 1)
	segmentsPerFull = 64
	// groupBytes is about how much one commit writes.
	groupBytes = 1 << 20
	// minTruncate is the size of an empty log that is worth to be begun anew.
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

// operation is one change, for run to make.
type operation struct {
	put     []Record
	removed []frame
	done    func(error)
	cost    int64
}

func (s *Store) path(number uint32) string {
	return filepath.Join(s.directory, fmt.Sprintf("%08d.spool", number))
}

// run makes changes until the store is closed. Those that are pending at the same time share a commit, since it is the fsync that takes
// time.
func (s *Store) run() {
	defer close(s.ended)
	for {
		var closing bool
		select {
		case <-s.wake:
		case <-s.closing:
			closing = true
		}
		for group := s.take(); len(group) > 0; group = s.take() {
			s.commit(group, false)
			s.compact()
		}
		if closing {
			if len(s.debts) > 0 {
				s.commit(s.debts, false)
			}
			return
		}
	}
}

// take returns what one commit is for.
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

// commit writes a group's changes, with one fsync if records are among them. Records that are moved may have been removed meanwhile.
func (s *Store) commit(group []*operation, isMove bool) {
	var buffer []byte
	var frames []frame
	var offsets []int
	durable := false
	for _, op := range group {
		for _, r := range op.put {
			frames, durable = append(frames, r.frame()), true
		}
		frames = append(frames, op.removed...)
	}
	for _, f := range frames {
		offsets = append(offsets, len(buffer))
		buffer = f.appendTo(buffer)
	}
	target, err := s.append(buffer, durable)
	s.mu.Lock()
	if err == nil {
		for i, f := range frames {
			if where := at(target.number, target.size+int64(offsets[i]), f.size()); !isMove || s.index.has(f) {
				s.apply(f, where)
			}
		}
		target.size += int64(len(buffer))
	}
	for _, op := range group {
		s.reserved -= op.cost
		if err != nil && op.done == nil {
			s.debts = append(s.debts, op)
		}
	}
	s.mu.Unlock()
	for _, op := range group {
		if op.done != nil {
			op.done(err)
		}
	}
}

// apply makes the index agree with a frame. It is called with mu held.
func (s *Store) apply(f frame, where location) {
	switch f.kind {
	case kindWaiting:
		s.drop(s.index.add(f.session, reference{f.id, where}))
		s.keep(where)
	case kindDead:
		s.drop(s.index.remove(f.session, f.id))
		s.drop(s.index.addDead(reference{f.id, where}))
		s.keep(where)
	case kindRemoved:
		if f.session != 0 {
			s.drop(s.index.remove(f.session, f.id))
		} else {
			s.drop(s.index.removeDead(f.id))
		}
	}
}

func (s *Store) keep(where location) { s.weigh(where, 1) }

func (s *Store) drop(where location) {
	if where != 0 {
		s.weigh(where, -1)
	}
}

func (s *Store) weigh(where location, n int) {
	if len(s.segments) == 0 {
		return
	}
	// Segments are numbered without gaps but for those that could not be created, so this mostly finds it at once.
	for i := min(int(where.segment()-s.segments[0].number), len(s.segments)-1); i >= 0; i-- {
		if segment := s.segments[i]; segment.number == where.segment() {
			segment.live += n
			segment.bytes += int64(n) * where.size()
			return
		}
	}
}

// append writes to the last segment and returns it, with the size that it had before.
func (s *Store) append(buffer []byte, durable bool) (*segment, error) {
	if s.active == nil || s.last().size+int64(len(buffer)) > s.segmentBytes() {
		if err := s.rotate(); err != nil {
			return nil, err
		}
	}
	target := s.last()
	_, err := s.active.WriteAt(buffer, target.size)
	if err == nil && durable {
		err = s.active.Sync()
	}
	if err != nil {
		// What reached the disk is not to come back. If even this fails, it is delivered once more after a restart. Nothing is known about
		// a file that could not be synced, so no more is appended to it.
		_ = s.active.Truncate(target.size)
		_ = s.active.Close()
		s.active = nil
		return nil, translate(err)
	}
	return target, nil
}

// last is the segment that is appended to. Only run changes which one that is.
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
		return translate(err)
	}
	if err := syncDirectory(s.directory); err != nil {
		_ = file.Close()
		_ = os.Remove(s.path(number))
		return translate(err)
	}
	s.active, s.nextNumber = file, number+1
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = append(s.segments, &segment{number: number})
	return nil
}

// compact deletes the oldest segments while nothing in them is there any more. If the log is more than twice as large as what is there,
// it first moves what is left of the oldest one to the end. Only the oldest segment may be deleted: what a later one says about records
// of earlier ones is needed as long as those are there.
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
		case isEmpty && isActive && oldest.size < minTruncate:
			return
		case isEmpty:
			s.deleteOldest(isActive)
		case !isActive && !oldest.isDamaged && total > 2*live+2*s.segmentBytes():
			if s.moveOldest(oldest) != nil {
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
	_ = os.Remove(s.path(s.segments[0].number)) // what is left is found empty by the next start
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = s.segments[1:]
}

// moveOldest appends what is left of a segment to the log.
func (s *Store) moveOldest(oldest *segment) error {
	data, err := os.ReadFile(s.path(oldest.number))
	if err != nil {
		return err
	}
	op := &operation{}
	for offset := 0; offset < len(data); {
		f, size, intact := parseFrame(data[offset:])
		if !intact {
			offset = nextFrame(data, offset+alignment)
			continue
		}
		s.mu.Lock()
		isCurrent := s.index.isCurrent(f, at(oldest.number, int64(offset), size))
		s.mu.Unlock()
		if isCurrent {
			op.put = append(op.put, f.record())
		}
		offset += size
	}
	op.done = func(failure error) { err = failure }
	s.commit([]*operation{op}, true)
	oldest.isDamaged = oldest.live > 0 // what was damaged since is set aside when it is read
	return err
}
