// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Recording is who waits.
type Recording struct {
	// EndedAt is when the recording ended: who ended first comes first.
	EndedAt time.Time
	// Name tells recordings of one namespace apart, and decides between two that ended at once.
	Name string
}

func (r Recording) compare(other Recording) int {
	return cmp.Or(r.EndedAt.Compare(other.EndedAt), strings.Compare(r.Name, other.Name))
}

// Ticket is one step that asks for its turn.
type Ticket struct {
	// Pipeline is the line to wait in.
	Pipeline string
	// Step is the step's place within its pipeline: it decides between steps of one recording.
	Step int
	// Job is the name of the step's Job, which no other has.
	Job string
}

// place is a ticket in its line.
type place struct {
	Recording
	Ticket
}

func (p place) compare(other place) int {
	return cmp.Or(p.Recording.compare(other.Recording), cmp.Compare(p.Step, other.Step), strings.Compare(p.Job, other.Job))
}

// sorted is a set in order. To find is logarithmic; to insert and remove moves what comes after, which is nothing for one who comes
// last and for one who is first.
type sorted[T any] struct {
	items   []T
	compare func(T, T) int
}

// find returns where the item is, or would be.
func (s *sorted[T]) find(item T) (int, bool) {
	return slices.BinarySearchFunc(s.items, item, s.compare)
}

func (s *sorted[T]) add(item T) {
	if at, there := s.find(item); !there {
		s.items = slices.Insert(s.items, at, item)
	}
}

func (s *sorted[T]) remove(item T) {
	at, there := s.find(item)
	switch {
	case !there:
	case at == 0:
		s.pop()
	default:
		s.items = slices.Delete(s.items, at, at+1)
	}
}

// pop removes the first, which must be there.
func (s *sorted[T]) pop() T {
	first := s.items[0]
	var none T
	s.items[0] = none
	if s.items = s.items[1:]; len(s.items) == 0 {
		s.items = nil
	}
	return first
}
