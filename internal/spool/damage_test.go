// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDamage: one flipped bit costs one record, which is set aside once; a half-written end costs nothing.
func TestDamage(t *testing.T) {
	directory := t.TempDir()
	s := openIn(t, directory, testBytes)
	for i := range 1000 {
		mustAppend(t, s, uint64(i+1), fmt.Sprintf(`"event %d"`, i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.spool"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for round := range 300 {
		bit := rand.IntN(len(content) * 8)
		for name, damaged := range map[string][]byte{
			"bit":       flip(content, bit),
			"half end":  content[:len(content)-1-rand.IntN(40)],
			"zeros":     append(bytes.Clone(content), make([]byte, 100)...),
			"untouched": content,
		} {
			if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			reports := 0
			for range 2 {
				s, err := Open(directory, Options{MaxBytes: testBytes, Now: time.Now, OnDamage: func(string, int64) { reports++ }})
				if err != nil {
					t.Fatal(err)
				}
				if got := len(all(t, s)); got < 999 || (name != "bit" && name != "half end" && got != 1000) {
					t.Fatalf("round %d, %s (bit %d of %d): %d of 1000 records", round, name, bit, len(content)*8, got)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if reports > 1 || (reports > 0 && name != "bit") {
				t.Errorf("%s: %d reports", name, reports)
			}
		}
	}
	aside, err := filepath.Glob(filepath.Join(directory, "damaged-*"))
	if err != nil || len(aside) == 0 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

func flip(content []byte, bit int) []byte {
	damaged := bytes.Clone(content)
	damaged[bit/8] ^= 1 << (bit % 8)
	return damaged
}

// TestDamageWhileOpen: a record that becomes unreadable is set aside when it is read, and the others of its session are there.
func TestDamageWhileOpen(t *testing.T) {
	directory := t.TempDir()
	var aside string
	s, err := Open(directory, Options{MaxBytes: testBytes, Now: time.Now, OnDamage: func(file string, _ int64) { aside = file }})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 1, `"first"`, `"second"`, `"third"`)
	file := s.path(1)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(content, []byte("second"), []byte("sec0nd"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	records, err := s.Read(1, AnyID, 10)
	if diff := cmp.Diff([]string{`"first"`, `"third"`}, payloadsOf(records)); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	if kept, err := os.ReadFile(aside); err != nil || !bytes.Contains(kept, []byte("sec0nd")) || s.Stats().Events != 2 {
		t.Errorf("%q, %v, %+v", kept, err, s.Stats())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	parent := t.TempDir()
	missing := filepath.Join(parent, "a", "b")
	s := openIn(t, missing, testBytes)
	if info, err := os.Stat(missing); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Open(missing, Options{MaxBytes: testBytes, Now: time.Now}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{MaxBytes: testBytes, Now: time.Now}); !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), file) {
		t.Errorf("a file: %v", err)
	}
	garbage := filepath.Join(parent, "garbage")
	if err := os.Mkdir(garbage, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(garbage, "00000007.spool"), []byte(strings.Repeat("garbage", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	reports := 0
	s, err := Open(garbage, Options{MaxBytes: testBytes, Now: time.Now, OnDamage: func(string, int64) { reports++ }})
	if err != nil || reports != 1 {
		t.Fatalf("garbage: %v, %d reports", err, reports)
	}
	mustAppend(t, s, 1, `"good"`)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestWriteFails: what could not be written is not there, now and after a restart; what is removed meanwhile stays removed; and once the
// disk works again, so does the store.
func TestWriteFails(t *testing.T) {
	directory := t.TempDir()
	s := openIn(t, directory, testBytes)
	before := mustAppend(t, s, 1, `"before"`, `"kept"`)
	_ = s.active.Close() // as a disk that fails
	if _, err := appendAll(s, Waiting, 2, `"lost"`); !errors.Is(err, ErrUnwritable) {
		t.Errorf("error %v", err)
	}
	if s.Has(2) || s.Stats().Events != 2 {
		t.Errorf("%+v", s.Stats())
	}
	mustAppend(t, s, 3, `"after"`)
	_ = s.active.Close()
	s.Remove(1, before[0].ID)
	mustFail(t, s)
	if records, err := s.Read(1, AnyID, 10); err != nil || len(records) != 1 {
		t.Errorf("%v, %v", records, err)
	}
	mustAppend(t, s, 4, `"last"`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openIn(t, directory, testBytes)
	if diff := cmp.Diff([]string{`"kept"`, `"after"`, `"last"`}, payloadsOf(all(t, s))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func mustFail(t *testing.T, s *Store) {
	t.Helper()
	if _, err := appendAll(s, Waiting, 9, `"lost"`); err == nil {
		t.Error("a write to a closed file succeeds")
	}
}

// TestFilesGone: what goes into a file that somebody deletes is not durable; what was in it is missing, and stops nothing else.
func TestFilesGone(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "spool")
	reports := 0
	s, err := Open(directory, Options{MaxBytes: testBytes, Now: time.Now, OnDamage: func(string, int64) { reports++ }})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 1, `"gone"`)
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := appendAll(s, Waiting, 2, `"lost"`); !errors.Is(err, ErrUnwritable) {
			t.Errorf("error %v", err)
		}
	}
	if records, err := s.Read(1, AnyID, 10); err != nil || len(records) != 0 || reports != 1 || s.Has(1) || s.Has(2) {
		t.Errorf("%v, %v, %d reports, %+v", records, err, reports, s.Stats())
	}
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 1, `"again"`)
	if records, err := s.Read(1, AnyID, 10); err != nil || len(records) != 1 {
		t.Errorf("%v, %v", records, err)
	}
	if err := os.Truncate(s.path(s.last().number), 20); err != nil {
		t.Fatal(err)
	}
	if records, err := s.Read(1, AnyID, 10); err != nil || len(records) != 0 || reports != 2 {
		t.Errorf("%v, %v, %d reports", records, err, reports)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzParseFrame: no bytes break it, and what it accepts it writes again.
func FuzzParseFrame(f *testing.F) {
	f.Add(Record{State: Waiting, Group: "team", ID: 1, Session: 2, Payload: []byte(`{}`)}.appendTo(nil))
	f.Add(bytes.Repeat(magic[:], 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, size, intact := parseFrame(data)
		if intact && parsed.State != "" && (size > len(data) || !bytes.Equal(parsed.appendTo(nil)[:headerBytes], append(bytes.Clone(data[:14]), append([]byte{0, 0}, data[16:headerBytes]...)...)) && data[14] == 0 && data[15] == 0) {
			t.Errorf("%+v of %d bytes", parsed, size)
		}
		if next := nextFrame(data, 0); next < 0 || next > len(data) {
			t.Errorf("next is %d", next)
		}
	})
}
