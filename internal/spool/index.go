// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"cmp"
	"slices"
)

// reference is a record in the index.
type reference struct {
	id uint64
	location
}

func byID(r reference, id uint64) int { return cmp.Compare(r.id, id) }

// deadLetters is the session of dead letters.
const deadLetters = 0

// index has the location of each record. Most sessions have one record, so the first of each is in a separate map: with a million sessions
// that halves the memory, and the garbage collector does not scan it.
type index struct {
	first map[uint64]reference   // by session
	rest  map[uint64][]reference // by session, in the order of their IDs
	ages  []age

	events, dead     int
	bytes, deadBytes int64 // costs
}

// age counts the waiting records of a span of time.
type age struct {
	span  uint64 // ID >> ageBits
	count int
}

// ageBits makes a span four seconds.
const ageBits = 22

// add sets the location of a record, and returns the earlier one, or 0. Moving a record costs no more than finding it.
func (x *index) add(session, id uint64, where location) (before location) {
	added := reference{id, where}
	head, isKnown := x.first[session]
	rest := x.rest[session]
	at, isThere := slices.BinarySearchFunc(rest, id, byID)
	if before = x.find(session, id); before != 0 {
		x.count(session, id, before, -1)
	}
	x.count(session, id, where, 1)
	switch {
	case !isKnown, head.id == id:
		x.first[session] = added
	case isThere:
		rest[at] = added
	case id < head.id:
		x.first[session], x.rest[session] = added, slices.Insert(rest, 0, head)
	default:
		x.rest[session] = slices.Insert(rest, at, added)
	}
	return before
}

// find returns the location of a record, or 0.
func (x *index) find(session, id uint64) location {
	if head := x.first[session]; head.id == id {
		return head.location
	}
	rest := x.rest[session]
	if at, isKnown := slices.BinarySearchFunc(rest, id, byID); isKnown {
		return rest[at].location
	}
	return 0
}

// remove removes a record and returns its location, or 0.
func (x *index) remove(session, id uint64) location {
	where := x.find(session, id)
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
	x.count(session, id, where, -1)
	return where
}

// head returns up to limit waiting records of a session with IDs below a bound, first ones first.
func (x *index) head(session, below uint64, limit int) []reference {
	first, isKnown := x.first[session]
	if !isKnown || first.id >= below {
		return nil
	}
	rest := x.rest[session]
	at, _ := slices.BinarySearchFunc(rest, below, byID)
	return append([]reference{first}, rest[:min(at, limit-1)]...)
}

// count counts a record that was added or removed.
func (x *index) count(session, id uint64, where location, n int) {
	cost := int64(n) * where.cost()
	x.bytes += cost
	if session == deadLetters {
		x.dead += n
		x.deadBytes += cost
		return
	}
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
