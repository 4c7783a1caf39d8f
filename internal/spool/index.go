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

// index says which records are there and where. Most sessions have one record, so the first of each is kept apart from the others:
// with a million sessions that is half the memory, and nothing for the garbage collector to look into.
type index struct {
	first map[uint64]reference   // by session
	rest  map[uint64][]reference // by session, in the order of their IDs
	dead  map[uint64]reference   // by ID
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
	return &index{first: map[uint64]reference{}, rest: map[uint64][]reference{}, dead: map[uint64]reference{}}
}

// add puts a waiting record in its place. A record that is there already has only moved.
func (x *index) add(session uint64, r reference) (before location) {
	head, found := x.first[session]
	switch {
	case !found:
		x.first[session] = r
	case head.id == r.id:
		x.first[session] = r
		before = head.location
	case r.id < head.id:
		x.first[session] = r
		x.rest[session] = append([]reference{head}, x.rest[session]...)
	default:
		rest := x.rest[session]
		at, known := slices.BinarySearchFunc(rest, r.id, func(o reference, id uint64) int { return cmp.Compare(o.id, id) })
		if known {
			before, rest[at] = rest[at].location, r
			break
		}
		x.rest[session] = slices.Insert(rest, at, r)
	}
	if before == 0 {
		x.events++
		x.bytes += r.cost()
		x.count(r.id, 1)
	}
	return before
}

// find returns the location of a waiting record, or 0.
func (x *index) find(session, id uint64) location {
	if head := x.first[session]; head.id == id {
		return head.location
	}
	rest := x.rest[session]
	if at, known := slices.BinarySearchFunc(rest, id, func(o reference, id uint64) int { return cmp.Compare(o.id, id) }); known {
		return rest[at].location
	}
	return 0
}

// remove takes a waiting record out and returns where it was, or 0.
func (x *index) remove(session, id uint64) location {
	where := x.find(session, id)
	if where == 0 {
		return 0
	}
	rest := x.rest[session]
	if head := x.first[session]; head.id != id {
		at, _ := slices.BinarySearchFunc(rest, id, func(o reference, id uint64) int { return cmp.Compare(o.id, id) })
		rest = slices.Delete(rest, at, at+1)
	} else if len(rest) == 0 {
		delete(x.first, session)
	} else {
		x.first[session], rest = rest[0], rest[1:]
	}
	if x.rest[session] = rest; len(rest) == 0 {
		delete(x.rest, session)
	}
	x.events--
	x.bytes -= where.cost()
	x.count(id, -1)
	return where
}

func (x *index) addDead(r reference) (before location) {
	before = x.dead[r.id].location
	x.dead[r.id] = r
	x.bytes += r.cost()
	x.deadBytes += r.cost()
	if before != 0 {
		x.bytes -= before.cost()
		x.deadBytes -= before.cost()
	}
	return before
}

func (x *index) removeDead(id uint64) location {
	where := x.dead[id].location
	if where != 0 {
		delete(x.dead, id)
		x.bytes -= where.cost()
		x.deadBytes -= where.cost()
	}
	return where
}

// isCurrent reports whether the record of a frame is the one at this location.
func (x *index) isCurrent(f frame, where location) bool {
	switch f.kind {
	case kindWaiting:
		return x.find(f.session, f.id) == where
	case kindDead:
		return x.dead[f.id].location == where
	case kindRemoved:
	}
	return false
}

// has reports whether the record of a frame is there.
func (x *index) has(f frame) bool {
	if f.kind == kindDead {
		return x.dead[f.id].location != 0
	}
	return x.find(f.session, f.id) != 0
}

// head returns the first waiting records of a session with IDs below one, at most so many.
func (x *index) head(session, below uint64, limit int) []reference {
	first, found := x.first[session]
	if !found || first.id >= below {
		return nil
	}
	refs := []reference{first}
	for _, r := range x.rest[session] {
		if len(refs) >= limit || r.id >= below {
			break
		}
		refs = append(refs, r)
	}
	return refs
}

func (x *index) count(id uint64, n int) {
	span := id >> ageBits
	at, found := slices.BinarySearchFunc(x.ages, span, func(a age, span uint64) int { return cmp.Compare(a.span, span) })
	if !found {
		x.ages = slices.Insert(x.ages, at, age{span: span})
	}
	if x.ages[at].count += n; x.ages[at].count == 0 {
		x.ages = slices.Delete(x.ages, at, at+1)
	}
}
