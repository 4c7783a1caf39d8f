// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testOptions(maxBytes int64) Options {
	return Options{MaxBytes: maxBytes, Now: func() time.Time { return epoch }}
}

func mustOpen(t testing.TB, directory string, maxBytes int64) *Store {
	t.Helper()
	s, setAside, err := Open(directory, testOptions(maxBytes))
	if err != nil || setAside != "" {
		t.Fatalf("set aside %q, error %v", setAside, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustAppend(t testing.TB, s *Store, session string, payloads ...string) {
	t.Helper()
	for _, payload := range payloads {
		if err := s.Append(t.Context(), session, json.RawMessage(payload)); err != nil {
			t.Fatal(err)
		}
	}
}

func payloads(t interface{ Fatal(...any) }, s *Store, session string, limit int) []string {
	records, err := s.Peek(session, limit)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range records {
		found = append(found, string(r.Payload))
	}
	return found
}

// TestModel compares the store with lists in memory, over crashes at any point:
// a copy of the file, taken while it is open, is what a killed process leaves.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		directory, err := os.MkdirTemp("", "spool")
		if err != nil {
			t.Fatal(err)
		}
		m := &model{directory: directory, waiting: map[string][]string{}, max: 4000}
		m.open(t)
		defer func() {
			_ = m.store.Close()
			_ = os.RemoveAll(directory)
		}()
		sessions := rapid.SampledFrom([]string{"a", "b", "c"})
		t.Repeat(map[string]func(*rapid.T){
			"append":  func(t *rapid.T) { m.append(t, sessions.Draw(t, "session"), rapid.IntRange(0, 400).Draw(t, "size")) },
			"resolve": func(t *rapid.T) { m.resolve(t, sessions.Draw(t, "session"), rapid.IntRange(1, 5).Draw(t, "count")) },
			"revive":  func(t *rapid.T) { m.revive(t) },
			"crash":   func(t *rapid.T) { m.crash(t) },
			"":        func(t *rapid.T) { m.check(t) },
		})
	})
}

type model struct {
	directory string
	store     *Store
	max       int64
	next      int
	waiting   map[string][]string
	dead      []string // with their session before them
}

func (m *model) open(t *rapid.T) {
	s, setAside, err := Open(m.directory, testOptions(m.max))
	if err != nil || setAside != "" {
		t.Fatalf("set aside %q, error %v", setAside, err)
	}
	m.store = s
}

func (m *model) append(t *rapid.T, session string, size int) {
	m.next++
	payload := fmt.Sprintf(`"%d %0*d"`, m.next, size, 0)
	before := m.store.Stats()
	err := m.store.Append(t.Context(), session, json.RawMessage(payload))
	switch {
	case err == nil:
		m.waiting[session] = append(m.waiting[session], payload)
	case !errors.Is(err, ErrFull):
		t.Fatal(err)
	case before.Bytes+int64(len(payload)) < m.max/2:
		t.Fatalf("full with %+v", before)
	}
}

func (m *model) resolve(t *rapid.T, session string, count int) {
	records, err := m.store.Peek(session, count)
	if err != nil {
		t.Fatal(err)
	}
	var delivered []uint64
	var buried []Burial
	var left []string
	for i, r := range records {
		switch rapid.SampledFrom([]string{"deliver", "bury", "leave"}).Draw(t, "outcome") {
		case "deliver":
			delivered = append(delivered, r.ID)
		case "bury":
			buried = append(buried, Burial{r.ID, "no"})
			m.dead = append(m.dead, session+m.waiting[session][i])
		default:
			left = append(left, m.waiting[session][i])
		}
	}
	if err := m.store.Resolve(t.Context(), session, delivered, buried); err != nil {
		t.Fatal(err)
	}
	m.waiting[session] = append(left, m.waiting[session][len(records):]...)
}

func (m *model) revive(t *rapid.T) {
	n, err := m.store.Revive(t.Context())
	if err != nil || n != len(m.dead) {
		t.Fatalf("revived %d of %d: %v", n, len(m.dead), err)
	}
	for _, letter := range m.dead {
		m.waiting[letter[:1]] = append(m.waiting[letter[:1]], letter[1:])
	}
	m.dead = nil
}

func (m *model) crash(t *rapid.T) {
	content, err := os.ReadFile(filepath.Join(m.directory, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.directory, FileName), content, 0o600); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *model) check(t *rapid.T) {
	events := 0
	for _, session := range []string{"a", "b", "c"} {
		want := m.waiting[session]
		events += len(want)
		if got := payloads(t, m.store, session, 1000); !slices.Equal(got, want) {
			t.Fatalf("session %s: %q, want %q", session, got, want)
		}
		if m.store.Has(session) != (len(want) > 0) || slices.Contains(m.store.Sessions(), session) != (len(want) > 0) {
			t.Fatalf("session %s waits: %v", session, m.store.Has(session))
		}
	}
	var dead []string
	err := m.store.Each(func(r Record) error {
		if r.State == Dead {
			dead = append(dead, r.Session+string(r.Payload))
		}
		return nil
	})
	if err != nil || !slices.Equal(dead, m.dead) {
		t.Fatalf("dead letters %q, want %q (%v)", dead, m.dead, err)
	}
	if stats := m.store.Stats(); stats.Events != events || stats.DeadLetters != len(dead) || (stats.Bytes == 0) != (events+len(dead) == 0) {
		t.Fatalf("%+v with %d events and %d dead letters", stats, events, len(dead))
	}
}

// TestAppendTogether: many at once share transactions, and lose nothing.
func TestAppendTogether(t *testing.T) {
	s := mustOpen(t, t.TempDir(), 1<<20)
	var appends sync.WaitGroup
	for i := range 500 {
		appends.Go(func() {
			if err := s.Append(t.Context(), strconv.Itoa(i%7), json.RawMessage(strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	appends.Wait()
	if stats := s.Stats(); stats.Events != 500 || len(s.Sessions()) != 7 {
		t.Errorf("%+v, sessions %v", stats, s.Sessions())
	}
}

// TestFull: the bound holds in memory and on disk, room that is freed is used
// again, and what removes works always.
func TestFull(t *testing.T) {
	directory := t.TempDir()
	const bound = 3 << 20
	s := mustOpen(t, directory, bound)
	payload := `"` + string(slices.Repeat([]byte("x"), 60<<10)) + `"`
	for round := range 5 {
		var err error
		for err == nil {
			err = s.Append(t.Context(), "a", json.RawMessage(payload))
		}
		if !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		stats := s.Stats()
		if stats.Bytes > bound || stats.Bytes < bound*9/10 {
			t.Errorf("round %d: %+v", round, stats)
		}
		if info, err := os.Stat(filepath.Join(directory, FileName)); err != nil || info.Size() > fileFactor*bound {
			t.Errorf("round %d: %v bytes on disk, %v", round, info.Size(), err)
		}
		records, err := s.Peek("a", 1000)
		if err != nil {
			t.Fatal(err)
		}
		var ids []uint64
		for _, r := range records {
			ids = append(ids, r.ID)
		}
		if err := s.Resolve(t.Context(), "a", ids, nil); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(Stats{}, s.Stats()); diff != "" {
		t.Error(diff)
	}
}

// TestDeadLetter keeps why and since when.
func TestDeadLetter(t *testing.T) {
	s := mustOpen(t, t.TempDir(), 1<<20)
	mustAppend(t, s, "a", "1", "2")
	records, err := s.Peek("a", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Resolve(t.Context(), "a", nil, []Burial{{records[0].ID, "the name is taken"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendDead(t.Context(), "b", json.RawMessage("3"), "no such field"); err != nil {
		t.Fatal(err)
	}
	var dead []Record
	if err := s.Each(func(r Record) error {
		if r.State == Dead {
			dead = append(dead, r)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []Record{
		{ID: 3, State: Dead, Session: "a", StoredAt: epoch, Payload: json.RawMessage("1"), Reason: "the name is taken", DeadAt: epoch},
		{ID: 4, State: Dead, Session: "b", StoredAt: epoch, Payload: json.RawMessage("3"), Reason: "no such field", DeadAt: epoch},
	}
	if diff := cmp.Diff(want, dead); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if n, err := s.Revive(t.Context()); n != 2 || err != nil {
		t.Errorf("revived %d, %v", n, err)
	}
	if got := payloads(t, s, "a", 10); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("session a: %v", got)
	}
}

// TestDamage: every kind of damage is found at the start, set aside with all
// its bytes, and followed by a store that works.
func TestDamage(t *testing.T) {
	directory := t.TempDir()
	s := mustOpen(t, directory, 8<<20)
	for i := range 300 {
		mustAppend(t, s, strconv.Itoa(i%10), fmt.Sprintf(`"marked-%d-%0500d"`, i, i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(directory, FileName))
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for _, tc := range []struct {
		name   string
		damage func(content []byte) []byte
	}{
		{"garbage", func([]byte) []byte { return []byte("this is no database") }},
		{"zeros", func(c []byte) []byte { return make([]byte, len(c)) }},
		{"one byte", func(c []byte) []byte { return c[:1] }},
		{"half a page", func(c []byte) []byte { return c[:page/2] }},
		{"only the heads", func(c []byte) []byte { return c[:2*page] }},
		{"cut in the middle", func(c []byte) []byte { return c[:(300*600/2)/page*page] }},
		{"both heads wiped", func(c []byte) []byte { clear(c[:2*page]); return c }},
		{"a page of data wiped", func(c []byte) []byte { clear(c[10*page : 40*page]); return c }},
		{"a byte of a record", func(c []byte) []byte {
			for at := range len(c) - 10 {
				if string(c[at:at+8]) == `marked-7` {
					c[at] = 'M'
				}
			}
			return c
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			directory := t.TempDir()
			damaged := tc.damage(slices.Clone(whole))
			if err := os.WriteFile(filepath.Join(directory, FileName), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			s, setAside, err := Open(directory, testOptions(1<<20))
			if err != nil || setAside == "" {
				t.Fatalf("set aside %q, error %v", setAside, err)
			}
			defer func() { _ = s.Close() }()
			if kept, err := os.ReadFile(setAside); err != nil || len(kept) != len(damaged) {
				t.Errorf("%d bytes were kept of %d, %v", len(kept), len(damaged), err)
			}
			mustAppend(t, s, "a", "1")
			if got := payloads(t, s, "a", 1); !slices.Equal(got, []string{"1"}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestEmptyFile is what a crash leaves right after the file was made.
func TestEmptyFile(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, FileName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, mustOpen(t, directory, 1<<20), "a", "1")
}

// TestDamageWhileOpen ends the store, and is set aside by the next.
func TestDamageWhileOpen(t *testing.T) {
	directory := t.TempDir()
	s := mustOpen(t, directory, 1<<20)
	for i := range 50 {
		mustAppend(t, s, "a", fmt.Sprintf(`"%0500d"`, i))
	}
	if err := os.Truncate(filepath.Join(directory, FileName), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Peek("a", 50); !errors.Is(err, ErrCorrupt) {
		t.Errorf("peek: %v", err)
	}
	if err := s.Append(t.Context(), "a", json.RawMessage("1")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("append: %v", err)
	}
	if err := s.Each(func(Record) error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Errorf("each: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestCannotOpen(t *testing.T) {
	t.Run("no directory", func(t *testing.T) {
		if _, _, err := Open(filepath.Join(t.TempDir(), "none"), testOptions(1)); !errors.Is(err, ErrUnwritable) {
			t.Error(err)
		}
	})
	t.Run("a directory in place of the file", func(t *testing.T) {
		directory := t.TempDir()
		if err := os.Mkdir(filepath.Join(directory, FileName), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(directory, testOptions(1)); !errors.Is(err, ErrUnwritable) {
			t.Error(err)
		}
	})
	t.Run("in use", func(t *testing.T) {
		directory := t.TempDir()
		mustOpen(t, directory, 1)
		if _, _, err := Open(directory, testOptions(1)); !errors.Is(err, ErrInUse) {
			t.Error(err)
		}
	})
}

// TestWriteFails: a failure of the disk is told, and is over when it is.
func TestWriteFails(t *testing.T) {
	s := mustOpen(t, t.TempDir(), 1<<20)
	mustAppend(t, s, "a", "1")
	fail := errors.New("no such device")
	err := s.do(t.Context(), func(*transaction) error { return fail })
	if !errors.Is(err, ErrUnwritable) || !errors.Is(err, fail) {
		t.Error(err)
	}
	mustAppend(t, s, "a", "2")
	if got := payloads(t, s, "a", 5); !slices.Equal(got, []string{"1", "2"}) {
		t.Error(got)
	}
	if err := s.Append(t.Context(), "a", json.RawMessage("{")); err == nil {
		t.Error("a payload that is not JSON was stored")
	}
}

// TestSlowDisk: nobody waits longer than its context.
func TestSlowDisk(t *testing.T) {
	s := mustOpen(t, t.TempDir(), 1<<20)
	tx, err := s.db.Begin(true) // holds up every other one
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Append(ctx, "a", json.RawMessage("1")); !errors.Is(err, ErrSlow) {
		t.Error(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "a", "2")
}

func TestClosed(t *testing.T) {
	s := mustOpen(t, t.TempDir(), 1<<20)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Append(t.Context(), "a", json.RawMessage("1")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := s.Peek("a", 1); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
