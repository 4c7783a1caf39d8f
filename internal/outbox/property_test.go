// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// life is what happens to an Outbox, drawn by rapid, which cannot be asked from within the bubble.
type life struct {
	seed     uint64
	first    bool
	sessions int
	events   int
	pause    time.Duration // between events
	slowest  time.Duration // of writes
	trouble  int           // how many of ten phases fail
	crowded  int           // how many of ten senders do not wait for the API server
	crashes  bool
}

// run plays it, and checks that
//   - every event that was acknowledged is written, once unless there was a crash,
//   - events of a session take effect in the order in which they were accepted,
//   - a response takes no longer than the API server and the disk may.
func (l life) run(t *testing.T) {
	dice := rand.New(rand.NewPCG(l.seed, 0))
	var diceMutex sync.Mutex
	roll := func(n int) int {
		diceMutex.Lock()
		defer diceMutex.Unlock()
		return dice.IntN(n)
	}
	s := newServer()
	if l.slowest > 0 {
		s.delay = func() time.Duration { return time.Duration(roll(int(l.slowest))) }
	}
	directory := t.TempDir()
	change := func(o *Options) { o.SpoolFirst, o.IsCrowded = l.first, func() bool { return roll(10) < l.crowded } }
	w := newWorldIn(t, directory, s, change)
	acknowledged := map[recorder.Session][]int{}
	var mu sync.Mutex
	var senders sync.WaitGroup
	send := func(ev recorder.Event) {
		begin := time.Now()
		_, err := w.Record(context.Background(), ev)
		if took := time.Since(begin); took > 2*time.Second+spoolTimeout {
			t.Errorf("a response took %s", took)
		}
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		acknowledged[ev.Session] = append(acknowledged[ev.Session], numberOf(ev.Event))
	}
	for number := range l.events {
		if number%20 == 0 {
			s.set(l.phase(roll))
		}
		namespace := []string{"meetings", "gone"}[roll(2)]
		senders.Go(func() { send(eventIn(namespace, number%l.sessions, number)) })
		pass(l.pause + time.Microsecond)
		if l.crashes && number == l.events/2 {
			senders.Wait() // what has no response then is not acknowledged
			w.end(t)
			w = newWorldIn(t, directory, s, change)
		}
	}
	senders.Wait()
	s.set(nil)
	w.flush(t)
	for session, numbers := range acknowledged {
		got := s.of(recorder.Event{Session: session})
		for _, number := range numbers {
			if n := count(got, number); n == 0 || (n > 1 && !l.crashes) {
				t.Errorf("%v: %d was acknowledged and is written %d times", session, number, n)
			}
		}
		if !l.crashes && !slices.IsSorted(got) {
			t.Errorf("%v: written in the order %v", session, got)
		}
	}
	w.mu.Lock()
	if len(w.queues) > 0 || w.replays > 0 {
		t.Errorf("%d queues and %d replays are left", len(w.queues), w.replays)
	}
	w.mu.Unlock()
	w.end(t)
}

// phase is what the API server does for a while.
func (l life) phase(roll func(int) int) func(lifecycle.Event, recorder.Session) error {
	if roll(10) >= l.trouble {
		return nil
	}
	switch roll(4) {
	case 0:
		return always(errRefused)
	case 1:
		return func(_ lifecycle.Event, session recorder.Session) error {
			if session.Namespace == "gone" {
				return errNamespace
			}
			return nil
		}
	case 2:
		return func(lifecycle.Event, recorder.Session) error {
			if roll(2) == 0 {
				return recorder.ErrChanged
			}
			return nil
		}
	}
	return func(ev lifecycle.Event, _ recorder.Session) error {
		if numberOf(ev)%3 == 0 {
			return errRefused
		}
		return nil
	}
}

func count(list []int, of int) (n int) {
	for _, one := range list {
		if one == of {
			n++
		}
	}
	return n
}

func TestLives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := life{
			seed: rapid.Uint64().Draw(rt, "seed"), first: rapid.Bool().Draw(rt, "spool first"),
			sessions: rapid.IntRange(1, 20).Draw(rt, "sessions"), events: rapid.IntRange(1, 200).Draw(rt, "events"),
			pause:   rapid.SampledFrom([]time.Duration{0, time.Millisecond, 30 * time.Millisecond, time.Second}).Draw(rt, "pause"),
			slowest: rapid.SampledFrom([]time.Duration{0, 10 * time.Millisecond, time.Second, 5 * time.Second}).Draw(rt, "slowest write"),
			trouble: rapid.IntRange(0, 10).Draw(rt, "trouble"), crashes: rapid.Bool().Draw(rt, "crash"),
			crowded: rapid.IntRange(0, 10).Draw(rt, "crowded"),
		}
		synctest.Test(t, l.run)
		if t.Failed() {
			rt.Fatalf("failed: %+v", l)
		}
	})
}

// TestDurableBeforeSpooled: at the moment of a 202 a copy of the directory has the event and all that was accepted before it in its
// session and is not written.
func TestDurableBeforeSpooled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.delay = func() time.Duration { return 14 * time.Second }
		var senders sync.WaitGroup
		for number := range 12 {
			senders.Go(func() {
				w.expect(t, newEvent(number%2, number), Spooled, 2500*time.Millisecond)
				onDisk := numbersIn(t, copyOf(t, w.directory), number%2)
				for before := number % 2; before <= number; before += 2 {
					if !slices.Contains(onDisk, before) {
						t.Errorf("%d is acknowledged, and %d is not on disk: %v", number, before, onDisk)
					}
				}
				if !slices.IsSorted(onDisk) {
					t.Errorf("on disk in the order %v", onDisk)
				}
			})
			pass(100 * time.Millisecond)
		}
		senders.Wait()
		w.flush(t)
		w.end(t)
	})
}

func copyOf(t *testing.T, directory string) string {
	t.Helper()
	into := t.TempDir()
	files, err := filepath.Glob(filepath.Join(directory, "*.spool"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(into, filepath.Base(file)), content, 0o600); err != nil {
			t.Error(err)
		}
	}
	return into
}

func numbersIn(t *testing.T, directory string, session int) (numbers []int) {
	t.Helper()
	store, err := spool.Open(directory, spool.Options{MaxBytes: testSpoolBytes, Now: time.Now})
	if err != nil {
		t.Error(err)
		return nil
	}
	records, err := store.Read(sessionKey(newEvent(session, 0).Session), spool.AnyID, 1000)
	if err != nil {
		t.Error(err)
	}
	for _, r := range records {
		ev, err := Decode(r)
		if err != nil {
			t.Error(err)
		}
		numbers = append(numbers, numberOf(ev.Event.Event))
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	return numbers
}
