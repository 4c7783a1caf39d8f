// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

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
