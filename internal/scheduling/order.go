// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scheduling

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Recording is a recording that waits.
type Recording struct {
	// EndTime is when the recording ended: the first comes first.
	EndTime time.Time
	// Name identifies the recording within its namespace, and decides between two that ended at once.
	Name string
}

func (r Recording) compare(other Recording) int {
	return cmp.Or(r.EndTime.Compare(other.EndTime), strings.Compare(r.Name, other.Name))
}

// Request is one step's request for a slot.
type Request struct {
	// Queue is the queue to wait in.
	Queue string
	// Step is the step's index within its pipeline: it decides between steps of one recording.
	Step int
	// Job is the name of the step's Job, which is unique.
	Job string
}

// place is a request in its queue.
type place struct {
	Recording
	Request
}

func (p place) compare(other place) int {
	return cmp.Or(p.Recording.compare(other.Recording), cmp.Compare(p.Step, other.Step), strings.Compare(p.Job, other.Job))
}

// sorted is a set in order. To find is logarithmic; to insert and remove moves what follows, which is nothing for the last and
// the first.
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

// pop removes and returns the first item, which must exist.
func (s *sorted[T]) pop() T {
	first := s.items[0]
	var none T
	s.items[0] = none
	if s.items = s.items[1:]; len(s.items) == 0 {
		s.items = nil
	}
	return first
}
