// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestClockGoesBack: IDs keep growing, and so the order of a session survives a restart.
func TestClockGoesBack(t *testing.T) {
	now := time.Now()
	directory := t.TempDir()
	var last uint64
	for i := range 3 {
		s, err := Open(directory, Options{MaxBytes: testBytes, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		records := mustAppend(t, s, 1, fmt.Sprint(2*i), fmt.Sprint(2*i+1))
		if records[0].ID <= last || records[1].ID <= records[0].ID {
			t.Errorf("IDs %d, %d after %d", records[0].ID, records[1].ID, last)
		}
		last = records[1].ID
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now = now.Add(-time.Hour)
	}
	s := openIn(t, directory, testBytes)
	records, err := s.Read(1, AnyID, 10)
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5"}, payloadsOf(records)); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

// TestFull: what does not fit is refused, and what is removed makes room.
func TestFull(t *testing.T) {
	s := openIn(t, t.TempDir(), 4096)
	var records []Record
	for {
		added, err := appendAll(s, Waiting, 1, `"x"`)
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, added...)
	}
	if len(records) < 10 || s.Stats().Bytes > 4096 {
		t.Errorf("%d records, %+v", len(records), s.Stats())
	}
	result := make(chan error, 1)
	dead := records[0]
	dead.State = Dead
	if err := s.Append([]Record{dead}, func(err error) { result <- err }); err != nil || <-result != nil {
		t.Errorf("bury in a full spool: %v", err)
	}
	s.Remove(1, records[1].ID)
	mustAppend(t, s, 1, `"y"`)
}

// TestHangingDisk: what waits for the disk is bounded, and is stored once that works again.
func TestHangingDisk(t *testing.T) {
	s := openIn(t, t.TempDir(), testBytes)
	hang, stored := make(chan struct{}), make(chan error, 1000)
	if err := s.Append(nil, func(error) { <-hang }); err != nil {
		t.Fatal(err)
	}
	payload := json.RawMessage(`"` + strings.Repeat("x", 10_000) + `"`)
	count := 0
	for ; count < 1000; count++ {
		err := s.Append([]Record{{State: Waiting, Session: 1, Payload: payload}}, func(err error) { stored <- err })
		if errors.Is(err, ErrUnwritable) && strings.Contains(err.Error(), "wait for the disk") {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if count < 100 || count == 1000 {
		t.Errorf("%d records of 10 kB wait", count)
	}
	close(hang)
	for range count {
		if err := <-stored; err != nil {
			t.Error(err)
		}
	}
	mustAppend(t, s, 1, `"again"`)
	if got := s.Stats().Events; got != count+1 {
		t.Errorf("%d events, want %d", got, count+1)
	}
}

// TestDrained: once nothing waits, hardly anything is left on disk, and a commit writes little.
func TestDrained(t *testing.T) {
	directory := t.TempDir()
	s := openIn(t, directory, testBytes)
	payload := `"` + strings.Repeat("x", 1000) + `"`
	var records []Record
	for range 100 {
		for range 200 {
			records = append(records, Record{State: Waiting, Session: uint64(len(records) + 1), Payload: json.RawMessage(payload)})
		}
		if err := AppendNow(s, records[len(records)-200:]); err != nil {
			t.Fatal(err)
		}
	}
	if size := fileSizes(t, directory); size < 16<<20 {
		t.Fatalf("%d bytes on disk", size)
	}
	for _, r := range records {
		s.Remove(r.Session, r.ID)
	}
	s.settle(t)
	if size := fileSizes(t, directory); size > minTruncate {
		t.Errorf("%d bytes on disk after all is removed", size)
	}
	before := fileSizes(t, directory)
	mustAppend(t, s, 1, payload)
	if grown := fileSizes(t, directory) - before; grown > 8<<10 {
		t.Errorf("a commit of %d bytes writes %d", len(payload), grown)
	}
}

// TestPinned: a few records that stay do not keep the files of all that came and went.
func TestPinned(t *testing.T) {
	directory := t.TempDir()
	s := openIn(t, directory, 1<<20)
	payload := `"` + strings.Repeat("x", 1000) + `"`
	pinned := mustAppend(t, s, 1, `"stays"`)[0]
	dead, err := appendAll(s, Dead, 1, `"dead"`)
	if err != nil {
		t.Fatal(err)
	}
	for range 60_000 / 200 {
		var payloads []string
		for range 200 {
			payloads = append(payloads, payload)
		}
		for _, r := range mustAppend(t, s, 2, payloads...) {
			s.Remove(2, r.ID)
		}
	}
	s.settle(t)
	if size := fileSizes(t, directory); size > 4*segmentBytes {
		t.Errorf("%d bytes on disk for two records", size)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openIn(t, directory, 1<<20)
	got := all(t, s)
	slices.SortFunc(got, func(a, b Record) int { return int(int64(a.ID) - int64(b.ID)) })
	if len(got) != 2 || got[0].ID != pinned.ID || got[1].ID != dead[0].ID || got[1].State != Dead {
		t.Errorf("%+v", got)
	}
}

// TestEachWhileCompacted: no record is missed because it would be moved while Each is under way.
func TestEachWhileCompacted(t *testing.T) {
	s := openIn(t, t.TempDir(), testBytes)
	payload := `"` + strings.Repeat("x", 200_000) + `"`
	var garbage []Record
	const sessions = 6
	for session := range uint64(sessions) {
		mustAppend(t, s, session+1, `"stays"`)
		for _, last := s.files(); last.size+200_100 < s.segmentBytes(); _, last = s.files() { // the next one begins another file
			garbage = append(garbage, mustAppend(t, s, 100, payload)...)
		}
		garbage = append(garbage, mustAppend(t, s, 100, payload)...)
	}
	seen := map[uint64]bool{}
	if err := s.Each(func(r Record) error {
		for _, g := range garbage {
			s.Remove(g.Session, g.ID)
		}
		garbage = nil
		s.settle(t)
		seen[r.Session] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for session := range uint64(sessions) {
		if !seen[session+1] {
			t.Errorf("session %d is not visited: %v", session+1, seen)
		}
	}
	before, _ := s.files()
	s.settle(t)
	if after, _ := s.files(); after >= before {
		t.Errorf("%d files, before %d: not compacted behind it", after, before)
	}
}

func TestClosed(t *testing.T) {
	s := openIn(t, t.TempDir(), testBytes)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := appendAll(s, Waiting, 1, `1`); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if err := AppendNow(s, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	s.Remove(1, 1)
}

func TestTooLarge(t *testing.T) {
	s := openIn(t, t.TempDir(), testBytes)
	if _, err := appendAll(s, Waiting, 1, `"`+strings.Repeat("x", maxFrameBytes)+`"`); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error %v", err)
	}
}

// TestOldest: the age of the first event is known, whatever order they go in.
func TestOldest(t *testing.T) {
	now := time.Now()
	s, err := Open(t.TempDir(), Options{MaxBytes: testBytes, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Stats().Oldest.IsZero() {
		t.Error("an empty spool has an oldest event")
	}
	first := mustAppend(t, s, 1, `1`)[0]
	now = now.Add(time.Hour)
	second := mustAppend(t, s, 2, `2`)[0]
	now = now.Add(time.Hour)
	for _, step := range []struct {
		want time.Duration
		then Record
	}{{2 * time.Hour, first}, {time.Hour, second}} {
		if age := now.Sub(s.Stats().Oldest); age < step.want || age > step.want+5*time.Second {
			t.Errorf("age %s, want %s", age, step.want)
		}
		s.Remove(step.then.Session, step.then.ID)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkAppend is a commit of one event, with its fsync.
func BenchmarkAppend(b *testing.B) {
	s := openIn(b, b.TempDir(), testBytes)
	for i := 0; b.Loop(); i++ {
		mustAppend(b, s, uint64(i+1), `{"namespace":"meetings"}`)
	}
}
