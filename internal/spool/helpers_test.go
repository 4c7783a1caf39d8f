// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const testBytes = 1 << 30

func openIn(t testing.TB, directory string, maxBytes int64) *Store {
	t.Helper()
	s, err := Open(directory, Options{MaxBytes: maxBytes, Now: time.Now, OnDamage: func(file string, _ int64) { t.Errorf("damage, see %s", file) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// appendAll appends payloads and waits until they are on disk.
func appendAll(s *Store, state State, session uint64, payloads ...string) ([]Record, error) {
	var records []Record
	for _, payload := range payloads {
		records = append(records, Record{State: state, Group: "team", Session: session, Payload: json.RawMessage(payload)})
	}
	result := make(chan error, 1)
	if err := s.Append(records, func(err error) { result <- err }); err != nil {
		return nil, err
	}
	return records, <-result
}

func mustAppend(t testing.TB, s *Store, session uint64, payloads ...string) []Record {
	t.Helper()
	records, err := appendAll(s, Waiting, session, payloads...)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// settle waits until everything before is on disk, and compacted: that comes before the second commit.
func (s *Store) settle(t testing.TB) {
	t.Helper()
	for range 2 {
		if err := AppendNow(s, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func payloadsOf(records []Record) []string {
	payloads := []string{}
	for _, r := range records {
		payloads = append(payloads, string(r.Payload))
	}
	return payloads
}

func all(t testing.TB, s *Store) (records []Record) {
	t.Helper()
	if err := s.Each(func(r Record) error { records = append(records, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return records
}

// fileSizes returns the sizes of a store's files.
func fileSizes(t testing.TB, directory string) (total int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.spool"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	return total
}

// files returns how many files there are, and the last one.
func (s *Store) files() (int, segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segments), *s.last()
}
