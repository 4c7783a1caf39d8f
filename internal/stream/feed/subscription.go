// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"errors"
	"sync"
)

// Why a subscription has ended.
var (
	// ErrSlow: its reader is too far behind.
	ErrSlow = errors.New("the reader is too slow")
	// ErrReset: events may be missing, so that it must begin again.
	ErrReset = errors.New("events may be missing")
)

// Subscription is one stream's place in a feed. It is not safe for concurrent use.
type Subscription struct {
	filter Filter
	wake   chan<- struct{}
	began  Cursor
	mu     *sync.Mutex // the feed's, which guards all that follows

	line    *line  // nil when it has ended
	after   Cursor // what is not later than this was sent before
	pending []*Entry
	limit   int // of pending
	err     error
}

// offer appends an event, unless it was sent before.
func (s *Subscription) offer(entry *Entry) {
	if !entry.At.After(s.after) {
		return
	}
	if len(s.pending) >= s.limit {
		s.end(ErrSlow)
		return
	}
	s.pending = append(s.pending, entry)
	s.signal()
}

func (s *Subscription) end(err error) {
	if s.line != nil {
		s.line.remove(s)
	}
	s.pending, s.err = nil, err
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it has not looked since it was last told
	}
}

// Next returns the new events and their place: later events of these recordings come after it. The error is ErrSlow or ErrReset.
func (s *Subscription) Next() ([]*Entry, Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, Cursor{}, s.err
	}
	taken := s.pending
	s.pending = nil
	if s.line != nil {
		s.limit = s.line.limit
		if reached := (Cursor{s.line.cursor, Whole}); reached.After(s.after) {
			s.after = reached
		}
	}
	return taken, s.after, nil
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != nil {
		s.line.remove(s)
	}
	s.pending = nil
}

// Began is the place of the present state that Feed.Begin returned with the subscription, or what Feed.Resume was given.
func (s *Subscription) Began() Cursor { return s.began }
