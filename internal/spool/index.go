// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"cmp"
	"slices"
)

// item is a waiting record, as far as memory keeps it.
type item struct {
	id   uint64
	cost int64
}

// index is what memory knows of the file: enough to say at once which sessions
// wait, and how much there is.
type index struct {
	waiting map[string][]item // in the order of IDs; no empty ones
	dead    map[uint64]int64  // by ID, with the cost
	events  int
	bytes   int64 // of both
	inDead  int64 // bytes, of the dead ones
}

func newIndex() *index {
	return &index{waiting: map[string][]item{}, dead: map[uint64]int64{}}
}

func (x *index) add(session string, it item) {
	x.waiting[session] = append(x.waiting[session], it)
	x.events++
	x.bytes += it.cost
}

func (x *index) remove(session string, id uint64) {
	items := x.waiting[session]
	at := slices.IndexFunc(items, func(it item) bool { return it.id == id })
	if at < 0 {
		return
	}
	x.events--
	x.bytes -= items[at].cost
	if at == 0 {
		items = items[1:]
	} else {
		items = slices.Delete(items, at, at+1)
	}
	if len(items) == 0 {
		delete(x.waiting, session)
		return
	}
	x.waiting[session] = items
}

func (x *index) bury(id uint64, cost int64) {
	x.dead[id] = cost
	x.bytes += cost
	x.inDead += cost
}

func (x *index) exhume(id uint64) {
	x.bytes -= x.dead[id]
	x.inDead -= x.dead[id]
	delete(x.dead, id)
}

// sessions returns those that wait, the one that has waited longest first.
func (x *index) sessions() []string {
	sessions := make([]string, 0, len(x.waiting))
	for session := range x.waiting {
		sessions = append(sessions, session)
	}
	slices.SortFunc(sessions, func(a, b string) int { return cmp.Compare(x.waiting[a][0].id, x.waiting[b][0].id) })
	return sessions
}
