// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"cmp"
	"slices"
)

// reference is a record that memory knows of.
type reference struct {
	id uint64
	location
}

func byID(r reference, id uint64) int { return cmp.Compare(r.id, id) }

// index says which records are there and where. Most sessions have one record, so the first of each is kept apart from the others:
// with a million sessions that is half the memory, and nothing for the garbage collector to look into.
type index struct {
	first map[uint64]reference   // by session
	rest  map[uint64][]reference // by session, in the order of their IDs
	dead  map[uint64]location    // by ID
	ages  []age

	events           int
	bytes, deadBytes int64 // costs
}

// age counts the waiting records of a span of time.
type age struct {
	span  uint64 // ID >> ageBits
	count int
}

// ageBits makes a span four seconds.
const ageBits = 22

func newIndex() *index {
	return &index{first: map[uint64]reference{}, rest: map[uint64][]reference{}, dead: map[uint64]location{}}
}

// add notes where a record is, and returns where it was before, or 0.
func (x *index) add(r Record, where location) (before location) {
	if r.State == Dead {
		before = x.dead[r.ID]
		x.dead[r.ID] = where
		x.deadBytes += where.cost()
		x.bytes += where.cost()
		x.forget(before, &x.deadBytes)
		return before
	}
	added, rest := reference{r.ID, where}, x.rest[r.Session]
	switch head, isKnown := x.first[r.Session]; {
	case !isKnown:
		x.first[r.Session] = added
	case r.ID <= head.id:
		x.first[r.Session] = added
		if before = head.location; r.ID < head.id {
			before = 0
			x.rest[r.Session] = slices.Insert(rest, 0, head)
		}
	default:
		at, isKnown := slices.BinarySearchFunc(rest, r.ID, byID)
		if isKnown {
			before, rest[at] = rest[at].location, added
		} else {
			x.rest[r.Session] = slices.Insert(rest, at, added)
		}
	}
	if before == 0 { // otherwise it has only moved
		x.bytes += where.cost()
		x.count(r.ID, 1)
	}
	return before
}

func (x *index) forget(where location, bytes *int64) {
	if where != 0 {
		*bytes -= where.cost()
		x.bytes -= where.cost()
	}
}

// find returns where a record is that waits or is dead, or 0.
func (x *index) find(r Record) location {
	switch head := x.first[r.Session]; {
	case r.State == Dead:
		return x.dead[r.ID]
	case r.State != Waiting:
		return 0
	case head.id == r.ID:
		return head.location
	}
	rest := x.rest[r.Session]
	if at, isKnown := slices.BinarySearchFunc(rest, r.ID, byID); isKnown {
		return rest[at].location
	}
	return 0
}

// removeDead takes a dead letter out and returns where it was, or 0.
func (x *index) removeDead(id uint64) location {
	where := x.dead[id]
	x.forget(where, &x.deadBytes)
	delete(x.dead, id)
	return where
}

// remove takes a waiting record out and returns where it was, or 0.
func (x *index) remove(session, id uint64) location {
	where := x.find(Record{State: Waiting, Session: session, ID: id})
	if where == 0 {
		return 0
	}
	rest := x.rest[session]
	if head := x.first[session]; head.id != id {
		at, _ := slices.BinarySearchFunc(rest, id, byID)
		rest = slices.Delete(rest, at, at+1)
	} else if len(rest) == 0 {
		delete(x.first, session)
	} else {
		x.first[session], rest = rest[0], rest[1:]
	}
	if x.rest[session] = rest; len(rest) == 0 {
		delete(x.rest, session)
	}
	x.bytes -= where.cost()
	x.count(id, -1)
	return where
}

// head returns the first waiting records of a session with IDs below one, at most so many.
func (x *index) head(session, below uint64, limit int) []reference {
	first, isKnown := x.first[session]
	if !isKnown || first.id >= below {
		return nil
	}
	rest := x.rest[session]
	at, _ := slices.BinarySearchFunc(rest, below, byID)
	return append([]reference{first}, rest[:min(at, limit-1)]...)
}

// count counts a record that has come to wait, or waits no more.
func (x *index) count(id uint64, n int) {
	x.events += n
	span := id >> ageBits
	at, isKnown := slices.BinarySearchFunc(x.ages, span, func(a age, span uint64) int { return cmp.Compare(a.span, span) })
	if !isKnown {
		x.ages = slices.Insert(x.ages, at, age{span: span})
	}
	if x.ages[at].count += n; x.ages[at].count == 0 {
		x.ages = slices.Delete(x.ages, at, at+1)
	}
}
