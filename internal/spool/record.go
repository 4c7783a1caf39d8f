// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/json"
	"time"
)

// State says whether a record is to be delivered.
type State string

// The states of a record.
const (
	// Waiting records are to be delivered.
	Waiting State = "waiting"
	// Dead records are dead letters: kept for an operator to look at.
	Dead State = "dead"
)

// Record is one payload, and what the store knows about it.
type Record struct {
	// ID grows in the order in which records are appended. It is the time of that, in microseconds, or the next free number after the
	// last one where the clock stands still or goes back.
	ID    uint64 `json:"id"`
	State State  `json:"state"`
	// Group and Session belong to whoever uses the store. Records of a session keep their order. No Session is 0.
	Group   string `json:"group,omitempty"`
	Session uint64 `json:"-"`
	// Payload is JSON.
	Payload json.RawMessage `json:"payload"`
}

// StoredAt returns when the record was appended.
func (r Record) StoredAt() time.Time { return time.UnixMicro(int64(r.ID)) }

func (r Record) frame() frame {
	f := frame{kind: kindWaiting, group: r.Group, id: r.ID, session: r.Session, payload: r.Payload}
	if r.State == Dead {
		f.kind = kindDead
	}
	return f
}

// record returns a copy of the frame's content.
func (f frame) record() Record {
	r := Record{ID: f.id, State: Waiting, Group: f.group, Session: f.session, Payload: append([]byte(nil), f.payload...)}
	if f.kind == kindDead {
		r.State = Dead
	}
	return r
}

const (
	sizeBits    = 14
	offsetBits  = 26
	segmentBits = 24
)

// location says where a frame is: the segment's number, the offset, and the size in units of the alignment.
type location uint64

func at(segment uint32, offset int64, size int) location {
	return location(uint64(segment)<<(offsetBits+sizeBits) | uint64(offset)<<sizeBits | uint64(size/alignment))
}

func (l location) segment() uint32 { return uint32(l >> (offsetBits + sizeBits)) }
func (l location) offset() int64   { return int64(l >> sizeBits & (1<<offsetBits - 1)) }
func (l location) size() int64     { return int64(l&(1<<sizeBits-1)) * alignment }

// cost returns what the record counts for in Options.MaxBytes.
func (l location) cost() int64 { return l.size() + recordOverhead }

// recordOverhead stands for what a record needs beside its frame: memory, and room in segments that are not compacted yet.
const recordOverhead = 192
