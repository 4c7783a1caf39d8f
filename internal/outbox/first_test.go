// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// newFirst is a Spooling that acknowledges by the Spool.
func newFirst(s Spool, write recorder.WriteFunc) *Spooling {
	made, _ := newTestSpooling(s, write)
	made.First = true
	return NewSpooling(made.SpoolingOptions)
}

// journal is a WriteFunc that notes when what was written.
type journal struct {
	mu     sync.Mutex
	writes []string
	take   func() error
	delay  time.Duration
}

func (j *journal) write(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
	linger(ctx, j.delay)
	j.mu.Lock()
	defer j.mu.Unlock()
	var types []string
	for _, ev := range events {
		types = append(types, string(ev.Type))
	}
	written := make([]recorder.Written, len(events))
	if j.take != nil {
		if err := j.take(); err != nil {
			for i := range written {
				written[i].Err = fmt.Errorf("%w: %w", recorder.ErrTimeout, err)
			}
			return written
		}
	}
	j.writes = append(j.writes, fmt.Sprintf("%s %s", session.SessionID, strings.Join(types, " ")))
	return written
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.writes...)
}

func recordFirst(t *testing.T, s *Spooling, session recorder.Session, types ...v1alpha1.EventType) {
	t.Helper()
	for _, eventType := range types {
		if o, err := s.Record(t.Context(), newDelivery(session, event(eventType, 0))); err != nil || o.Result != Spooled {
			t.Errorf("%s: %v, %v", eventType, o, err)
		}
	}
}

// TestFirst: events are acknowledged without a word of the API server's; those
// of one session that come within the delay are written together, and with the
// one that ends the recording at once.
func TestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		j := &journal{delay: time.Second}
		s := newFirst(kept, j.write)
		stop := running(s)
		begin := time.Now()
		recordFirst(t, s, sessionNumber(1), v1alpha1.EventStarting, v1alpha1.EventStarted)
		if took := time.Since(begin); took != 0 {
			t.Errorf("acknowledged after %s", took)
		}
		linger(t.Context(), gatherDelay-time.Millisecond)
		if len(j.all()) > 0 || s.replay.turns.busy > 0 {
			t.Errorf("written too soon: %q", j.all())
		}
		linger(t.Context(), time.Second+time.Millisecond)
		// While they are written, two more come, and are one write.
		recordFirst(t, s, sessionNumber(2), v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped)
		synctest.Wait()
		if s.replay.turns.busy != 1 {
			t.Errorf("%d are written, want the session that has ended", s.replay.turns.busy)
		}
		recordFirst(t, s, sessionNumber(2), v1alpha1.EventStarting, v1alpha1.EventStopped)
		s.Flush(t.Context())
		stop()
		if diff := cmp.Diff([]string{
			"session-1 Starting Started", "session-2 Starting Started Stopping Stopped", "session-2 Starting Stopped",
		}, j.all()); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFirstInParallel: sessions do not wait for each other.
func TestFirstInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		j := &journal{delay: time.Minute}
		s := newFirst(kept, j.write)
		stop := running(s)
		for n := range 2 * maxWorkers {
			recordFirst(t, s, sessionNumber(n), v1alpha1.EventStopped)
			linger(t.Context(), crowdSpan/(crowdSize-1)) // they are many, but no crowd
		}
		expectBusy(t, s, maxWorkers)
		s.Flush(t.Context())
		stop()
		if got := len(j.all()); got != 2*maxWorkers {
			t.Errorf("%d writes", got)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFirstInACrowd: in a crowd nothing is written but what waits for long, and
// the longer it does, the more; when the crowd is over all is.
func TestFirstInACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		j := &journal{delay: time.Minute}
		s := newFirst(kept, j.write)
		stop := running(s)
		for range crowdSize {
			recordFirst(t, s, sessionNumber(0), v1alpha1.EventStarting)
		}
		n, begin := 0, time.Now()
		sendUntil := func(end time.Duration) {
			for ; time.Since(begin) < end; linger(t.Context(), time.Millisecond) {
				n++
				recordFirst(t, s, sessionNumber(n), v1alpha1.EventStopped)
			}
		}
		for _, want := range []struct {
			after time.Duration
			busy  int
		}{{crowdPatience - time.Millisecond, 0}, {crowdPatience, 1}, {crowdPatience + 2*workerStep, 2}, {crowdPatience + 10*workerStep, 10}} {
			sendUntil(want.after)
			expectBusy(t, s, want.busy)
		}
		linger(t.Context(), crowdSpan)
		expectBusy(t, s, maxWorkers)
		s.Flush(t.Context())
		stop()
		if got := len(j.all()); got != n+1 {
			t.Errorf("%d writes, want %d", got, n+1)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// expectBusy expects so many sessions to be written at the moment.
func expectBusy(t *testing.T, s *Spooling, want int) {
	t.Helper()
	synctest.Wait()
	s.replay.mu.Lock()
	defer s.replay.mu.Unlock()
	if busy := s.replay.turns.busy; busy != want {
		t.Errorf("%d sessions are written, want %d", busy, want)
	}
}

// fullAtTimes is a Spool that refuses when told to.
type fullAtTimes struct {
	Spool
	mu   sync.Mutex
	full bool
}

func (f *fullAtTimes) set(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

func (f *fullAtTimes) Append(ctx context.Context, session string, payload json.RawMessage) error {
	f.mu.Lock()
	full := f.full
	f.mu.Unlock()
	if full {
		return spool.ErrFull
	}
	return f.Spool.Append(ctx, session, payload)
}

// TestFirstWithFullSpool: what the disk does not take is written at once, unless
// it would overtake what the disk has.
func TestFirstWithFullSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		disk := &fullAtTimes{Spool: kept}
		j := &journal{}
		s := newFirst(disk, j.write)
		recordFirst(t, s, sessionNumber(1), v1alpha1.EventStarting) // waits: nothing replays yet
		disk.set(true)
		if _, err := s.Record(t.Context(), newDelivery(sessionNumber(1), event(v1alpha1.EventStarted, 0))); !errors.Is(err, spool.ErrFull) {
			t.Errorf("error %v", err)
		}
		o, err := s.Record(t.Context(), newDelivery(sessionNumber(2), event(v1alpha1.EventStarting, 0)))
		if err != nil || o.Result == Spooled {
			t.Errorf("%v, %v", o, err)
		}
		disk.set(false)
		stop := running(s)
		recordFirst(t, s, sessionNumber(1), v1alpha1.EventStarted)
		s.Flush(t.Context())
		stop()
		if diff := cmp.Diff([]string{"session-2 Starting", "session-1 Starting", "session-1 Started"}, j.all()); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFirstOverOutages: an API server that comes and goes, and restarts of ours:
// what was acknowledged is written, in the order of each session.
func TestFirstOverOutages(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			l := &ledger{rand: random, first: map[recorder.Session][]string{}, seen: map[string]bool{}}
			directory, want := t.TempDir(), map[recorder.Session][]string{}
			for life := range 4 {
				kept := openSpool(t, directory)
				s := newFirst(kept, l.write)
				stop := running(s)
				for i := range 60 {
					session, path := sessionNumber(random.IntN(5)), fmt.Sprintf("/%d/%03d", life, i)
					eventType := []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStopped}[random.IntN(2)]
					if o, err := s.Record(t.Context(), newDelivery(session, event(eventType, 0, path))); err != nil || o.Result != Spooled {
						t.Fatalf("%v, %v", o, err)
					}
					want[session] = append(want[session], path)
					l.mu.Lock()
					pause := time.Duration(random.IntN(300)) * time.Millisecond
					l.mu.Unlock()
					linger(t.Context(), pause)
				}
				if life == 3 {
					s.Flush(t.Context())
				}
				stop()
				if err := kept.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, l.first); diff != "" {
				t.Errorf("seed %d: order (-acknowledged +written):\n%s", seed, diff)
			}
		})
	}
}
