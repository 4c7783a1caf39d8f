// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
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

// model is what a store should have.
type model struct {
	waiting map[uint64][]Record
	dead    []Record
}

func (m *model) check(t *rapid.T, s *Store) {
	events, bytes := 0, int64(0)
	for session := range uint64(4) {
		got, err := s.Read(session+1, AnyID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		want := m.waiting[session+1]
		if diff := cmp.Diff(payloadsOf(want), payloadsOf(got)); diff != "" {
			t.Fatalf("session %d (-want +got):\n%s", session+1, diff)
		}
		if s.Has(session+1) != (len(want) > 0) {
			t.Fatalf("Has(%d) is %t", session+1, len(want) == 0)
		}
		for _, r := range got {
			bytes += int64(r.size()) + recordOverhead
		}
		events += len(want)
	}
	var dead []Record
	if err := s.Each(func(r Record) error {
		if r.State == Dead {
			dead = append(dead, r)
			bytes += int64(r.size()) + recordOverhead
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(dead, func(a, b Record) int { return int(int64(a.ID) - int64(b.ID)) })
	slices.SortFunc(m.dead, func(a, b Record) int { return int(int64(a.ID) - int64(b.ID)) })
	if diff := cmp.Diff(payloadsOf(m.dead), payloadsOf(dead)); diff != "" {
		t.Fatalf("dead letters (-want +got):\n%s", diff)
	}
	if stats := s.Stats(); stats.Events != events || stats.DeadLetters != len(dead) || stats.Bytes != bytes {
		t.Fatalf("stats %+v, want %d events, %d dead letters, %d bytes", stats, events, len(dead), bytes)
	}
}

// TestModel: whatever is appended, removed, buried, exchanged, compacted and opened again, a store has what it should have, in order.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		directory, err := os.MkdirTemp(t.TempDir(), "model")
		if err != nil {
			rt.Fatal(err)
		}
		s := openIn(t, directory, testBytes)
		m := &model{waiting: map[uint64][]Record{}}
		number := 0
		session := rapid.Uint64Range(1, 4)
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				to := session.Draw(rt, "session")
				var payloads []string
				for range rapid.IntRange(1, 5).Draw(rt, "records") {
					number++
					payloads = append(payloads, fmt.Sprintf(`"%d %s"`, number, strings.Repeat("x", rapid.IntRange(0, 50).Draw(rt, "length"))))
				}
				records, err := appendAll(s, Waiting, to, payloads...)
				if err != nil {
					rt.Fatal(err)
				}
				m.waiting[to] = append(m.waiting[to], records...)
			},
			"remove": func(rt *rapid.T) {
				from := session.Draw(rt, "session")
				for range min(len(m.waiting[from]), rapid.IntRange(1, 6).Draw(rt, "records")) {
					at := rapid.IntRange(0, len(m.waiting[from])-1).Draw(rt, "record")
					s.Remove(from, m.waiting[from][at].ID)
					m.waiting[from] = slices.Delete(m.waiting[from], at, at+1)
				}
			},
			"bury": func(rt *rapid.T) {
				from := session.Draw(rt, "session")
				if len(m.waiting[from]) == 0 {
					return
				}
				r := m.waiting[from][0]
				r.State, r.Payload = Dead, json.RawMessage(fmt.Sprintf(`"dead %d"`, r.ID))
				result := make(chan error, 1)
				if err := s.Append([]Record{r}, func(err error) { result <- err }); err != nil || <-result != nil {
					rt.Fatal(err)
				}
				m.waiting[from], m.dead = m.waiting[from][1:], append(m.dead, r)
			},
			"exchange": func(rt *rapid.T) {
				if len(m.dead) == 0 {
					return
				}
				r := m.dead[0]
				again := Record{State: Waiting, Session: r.Session, Payload: r.Payload}
				records := []Record{again, {State: Removed, ID: r.ID}}
				if err := AppendNow(s, records); err != nil {
					rt.Fatal(err)
				}
				m.dead = m.dead[1:]
				m.waiting[r.Session] = append(m.waiting[r.Session], records[0])
			},
			"move": func(rt *rapid.T) {
				s.settle(t)
				if len(s.segments) > 1 {
					if err := s.moveOldest(s.segments[0]); err != nil { // nothing else is under way
						rt.Fatal(err)
					}
					s.compact()
				}
			},
			"reopen": func(rt *rapid.T) {
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				s = openIn(t, directory, testBytes)
			},
			"": func(rt *rapid.T) {
				s.settle(t)
				m.check(rt, s)
			},
		})
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestOrderOfCalls: what is appended later is on disk later, and done in that order.
func TestOrderOfCalls(t *testing.T) {
	s := openIn(t, t.TempDir(), testBytes)
	var mu sync.Mutex
	var order []int
	var done sync.WaitGroup
	for i := range 1000 {
		done.Add(1)
		if err := s.Append([]Record{{State: Waiting, Session: 1, Payload: json.RawMessage(fmt.Sprint(i))}}, func(err error) {
			defer done.Done()
			mu.Lock()
			defer mu.Unlock()
			if order = append(order, i); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	done.Wait()
	if !slices.IsSorted(order) || len(order) != 1000 {
		t.Errorf("done in the order %v", order)
	}
	records, err := s.Read(1, AnyID, 2000)
	if err != nil || len(records) != 1000 || !slices.IsSortedFunc(records, func(a, b Record) int { return int(int64(a.ID) - int64(b.ID)) }) {
		t.Errorf("%d records, %v", len(records), err)
	}
	if first, err := s.Read(1, records[3].ID, 2000); err != nil || len(first) != 3 {
		t.Errorf("%d records before the fourth, %v", len(first), err)
	}
}

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

// files returns how many files there are, and the last one.
func (s *Store) files() (int, segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segments), *s.last()
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

// BenchmarkAppend is a commit of one event, with its fsync.
func BenchmarkAppend(b *testing.B) {
	s := openIn(b, b.TempDir(), testBytes)
	for i := 0; b.Loop(); i++ {
		mustAppend(b, s, uint64(i+1), `{"namespace":"meetings"}`)
	}
}
