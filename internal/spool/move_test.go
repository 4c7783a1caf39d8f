// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"os"
	"strings"
	"testing"
)

// TestMoveFailsOnce: a disk that refuses one move, as one that is full, does not keep the log from being compacted later.
func TestMoveFailsOnce(t *testing.T) {
	directory := t.TempDir()
	s := openIn(t, directory, testBytes)
	mustAppend(t, s, 1, `"stays"`)
	payload := `"` + strings.Repeat("x", 1000) + `"`
	payloads := make([]string, 200)
	for i := range payloads {
		payloads[i] = payload
	}
	max := s.segmentBytes()
	fill := func() {
		for range 1 + 4*max/(200*1000) {
			for _, r := range mustAppend(t, s, 2, payloads...) {
				s.Remove(2, r.ID)
			}
		}
		s.settle(t)
	}
	s.moving.RLock()
	fill()
	blocker := s.path(s.nextNumber)
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = s.active.Close() // as a disk that is full: this write fails, and so does the new segment of the move behind it
	s.moving.RUnlock()
	mustFail(t, s)
	mustFail(t, s)
	if err := os.Remove(blocker); err != nil {
		t.Fatal(err)
	}
	fill()
	fill()
	if size := fileSizes(t, directory); size > 4*max {
		t.Errorf("%d bytes on disk for one record; oldest segment %+v", size, *s.segments[0])
	}
}

// TestMoveInPlace: a record that has moved stays in its place, so a move costs the same however many dead letters there are.
func TestMoveInPlace(t *testing.T) {
	x := &index{first: map[uint64]reference{}, rest: map[uint64][]reference{}}
	const letters = 1000
	for id := uint64(1); id <= letters; id++ {
		x.add(deadLetters, id, at(1, int64(id)*16, 800))
	}
	events, bytes := x.dead, x.deadBytes
	place := &x.rest[deadLetters][0]
	for id := uint64(1); id <= letters; id++ {
		if before := x.add(deadLetters, id, at(2, int64(id)*16, 800)); before != at(1, int64(id)*16, 800) {
			t.Fatalf("letter %d was at %v", id, before)
		}
		if x.find(deadLetters, id) != at(2, int64(id)*16, 800) {
			t.Fatalf("letter %d is not where it was moved", id)
		}
	}
	if x.dead != events || x.deadBytes != bytes || &x.rest[deadLetters][0] != place || place.id != 2 {
		t.Errorf("%d letters of %d bytes, want %d of %d in the same list", x.dead, x.deadBytes, events, bytes)
	}
}
