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

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

var errAway = errors.New("connection refused")

const testSpoolBytes = 1 << 20

func openSpool(t *testing.T, directory string) *spool.Store {
	t.Helper()
	store, setAside, err := spool.Open(directory, spool.Options{MaxBytes: testSpoolBytes, Now: time.Now})
	if err != nil || setAside != "" {
		t.Fatalf("set aside %q, error %v", setAside, err)
	}
	return store
}

func newTestSpooling(s Spool, write recorder.WriteFunc) (*Spooling, *prometheus.Registry) {
	registry := prometheus.NewRegistry()
	return NewSpooling(SpoolingOptions{
		Write: write, Timeout: 2 * time.Second, Spool: s, MaxBytes: testSpoolBytes,
		Metrics: NewSpoolMetrics(registry, s.Stats), Log: logr.Discard(), Now: time.Now,
	}), registry
}

// running has s replay until the function that it returns is called.
func running(s *Spooling) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { s.Run(ctx) })
	return func() {
		cancel()
		ended.Wait()
		s.Wait()
	}
}

func sessionNumber(n int) recorder.Session {
	return recorder.Session{MeetingID: testMeeting, SessionID: fmt.Sprint("session-", n)}
}

// TestSpooling is an outage: events wait for the API server for as long as it
// may be there, then no more; they are written in their order, with the time of
// their arrival, and after that events go the direct way again.
func TestSpooling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		var away sync.Map
		store.hook = func(string, string) error {
			if _, is := away.Load("away"); is {
				return errAway
			}
			return nil
		}
		away.Store("away", true)
		writer := &recorder.Writer{Store: store, Windows: testWindows}
		kept := openSpool(t, t.TempDir())
		s, registry := newTestSpooling(kept, writer.Write)
		record := func(session recorder.Session, ev lifecycle.Event, want lifecycle.Result, atMost time.Duration) {
			t.Helper()
			synctest.Wait() // the write before, which nobody waits for any more, has told what it found
			begin := time.Now()
			o, err := s.Record(t.Context(), newDelivery(session, ev))
			if took := time.Since(begin); err != nil || o.Result != want || took > atMost {
				t.Errorf("%v, %v after %s; want %s within %s", o, err, took, want, atMost)
			}
		}
		record(session, event(v1alpha1.EventStarting, 0), Spooled, 2*time.Second)
		record(session, event(v1alpha1.EventStarted, 1), Spooled, 0) // behind the first
		for i := range breakerFailures - 1 {
			record(sessionNumber(i), event(v1alpha1.EventStarting, 0), Spooled, 2*time.Second)
		}
		record(sessionNumber(10), event(v1alpha1.EventStarting, 0), Spooled, 0) // the API server is known to be away
		stop := running(s)
		linger(t.Context(), time.Minute)
		record(session, event(v1alpha1.EventStopping, 2), Spooled, 0)
		tries := len(store.takeCalls())
		if tries > 60*12 {
			t.Errorf("the API server was asked %d times in a minute", tries)
		}

		away.Delete("away")
		begin := time.Now()
		s.Flush(t.Context())
		if took := time.Since(begin); took > replayTimeout+maxReplayPause {
			t.Errorf("replayed after %s", took)
		}
		record(session, event(v1alpha1.EventStopped, 3, "/file"), lifecycle.Recorded, 0)
		stop()
		chain := store.chain()
		if len(chain) != 1 || chain[0].Recording.State != v1alpha1.RecordingStopped || len(chain[0].Recording.Events) != 4 {
			t.Fatalf("chain %+v", chain)
		}
		if got := chain[0].Recording.Events[0].ReceiveTime.Time; !got.Equal(epoch) {
			t.Errorf("received at %s", got)
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP meetingrecording_spool_replayed_total Events of the spool that are in a MeetingRecording's status by now.
# TYPE meetingrecording_spool_replayed_total counter
meetingrecording_spool_replayed_total 6
# HELP meetingrecording_spool_events Events of the spool that wait to be written.
# TYPE meetingrecording_spool_events gauge
meetingrecording_spool_events 0
`), "meetingrecording_spool_replayed_total", "meetingrecording_spool_events"); err != nil {
			t.Error(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSpoolingOrder: an API server that comes and goes, restarts of ours, and
// senders that wait for each answer or do not: what was acknowledged is written,
// and what was sent after an answer is never written before what that was for.
func TestSpoolingOrder(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) { flappingRun(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

// ledger is an API server that remembers which events it got first.
type ledger struct {
	mu    sync.Mutex
	rand  *rand.Rand
	first map[recorder.Session][]string
	seen  map[string]bool
}

func (l *ledger) write(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
	l.mu.Lock()
	mood := l.rand.IntN(10)
	delay := time.Duration(l.rand.IntN(900)) * time.Millisecond
	l.mu.Unlock()
	written := make([]recorder.Written, len(events))
	if mood < 3 {
		<-ctx.Done()
	} else {
		linger(ctx, delay)
	}
	if mood == 0 || mood > 2 { // 0: written, but nobody gets to know
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, ev := range events {
			if !l.seen[ev.FilePath] {
				l.seen[ev.FilePath] = true
				l.first[session] = append(l.first[session], ev.FilePath)
			}
		}
	}
	for i := range written {
		if mood < 3 {
			written[i].Err = fmt.Errorf("%w: %w", recorder.ErrTimeout, errAway)
		}
	}
	return written
}

func flappingRun(t *testing.T, random *rand.Rand) {
	directory := t.TempDir()
	l := &ledger{rand: random, first: map[recorder.Session][]string{}, seen: map[string]bool{}}
	acknowledged := map[string]bool{}
	var mu sync.Mutex
	want := map[recorder.Session][]string{}
	for life := range 3 {
		kept := openSpool(t, directory)
		s, _ := newTestSpooling(kept, l.write)
		stop := running(s)
		var senders sync.WaitGroup
		for n := range 6 {
			senders.Go(func() {
				for i := range 15 {
					path := fmt.Sprintf("/%d/%d/%02d", n, life, i)
					_, err := s.Record(t.Context(), newDelivery(sessionNumber(n), event(v1alpha1.EventStopped, 0, path)))
					if err != nil {
						t.Error(err)
						continue
					}
					mu.Lock()
					acknowledged[path] = true
					want[sessionNumber(n)] = append(want[sessionNumber(n)], path)
					mu.Unlock()
				}
			})
		}
		senders.Wait()
		if life == 2 {
			s.Flush(t.Context())
		}
		stop()
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for path := range acknowledged {
		if !l.seen[path] {
			t.Errorf("%s was acknowledged and lost", path)
		}
	}
	if diff := cmp.Diff(want, l.first); diff != "" {
		t.Errorf("order (-sent +written):\n%s", diff)
	}
}

// TestOvertaking: what waited behind an event that was given up before its
// write began is not written before it.
func TestOvertaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		calls := 0
		write := func(_ context.Context, _ recorder.Session, events []lifecycle.Event) []recorder.Written {
			mu.Lock()
			calls++
			first := calls == 1
			mu.Unlock()
			if first {
				linger(context.Background(), 2500*time.Millisecond) // longer than it may
			}
			mu.Lock()
			defer mu.Unlock()
			for _, ev := range events {
				order = append(order, ev.FilePath)
			}
			return make([]recorder.Written, len(events))
		}
		kept := openSpool(t, t.TempDir())
		s, _ := newTestSpooling(kept, write)
		var senders sync.WaitGroup
		for i, path := range []string{"/a", "/b", "/c"} {
			senders.Go(func() {
				linger(t.Context(), time.Duration(i)*400*time.Millisecond)
				if _, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStopped, 0, path))); err != nil {
					t.Error(err)
				}
			})
		}
		senders.Wait()
		stop := running(s)
		s.Flush(t.Context())
		stop()
		if diff := cmp.Diff([]string{"/a", "/a", "/b", "/c"}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestDeadLetters: what the API server refuses is kept, at once and in a replay,
// and does not hold up what comes behind it.
func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rejection := &recorder.RejectedError{Field: "data.meetingId", Err: errors.New("too long")}
		var mu sync.Mutex
		away, refuses := false, true
		var got []string
		write := func(_ context.Context, _ recorder.Session, events []lifecycle.Event) []recorder.Written {
			mu.Lock()
			defer mu.Unlock()
			written := make([]recorder.Written, len(events))
			for i, ev := range events {
				switch {
				case away:
					written[i].Err = recorder.ErrTimeout
				case refuses && ev.FilePath == "/bad":
					written[i].Err = rejection
				default:
					got = append(got, ev.FilePath)
				}
			}
			return written
		}
		kept := openSpool(t, t.TempDir())
		s, _ := newTestSpooling(kept, write)
		record := func(path string) error {
			_, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStopped, 0, path)))
			return err
		}
		if err := record("/bad"); !errors.Is(err, rejection) {
			t.Error(err)
		}
		away = true
		for _, path := range []string{"/bad", "/good"} {
			if err := record(path); err != nil {
				t.Error(err)
			}
		}
		if err := kept.Append(t.Context(), spoolKey(session), json.RawMessage(`"of another version"`)); err != nil {
			t.Fatal(err)
		}
		away = false
		stop := running(s)
		s.Flush(t.Context())
		if stats := kept.Stats(); stats.DeadLetters != 3 {
			t.Errorf("%+v", stats)
		}
		mu.Lock()
		refuses = false
		mu.Unlock()
		if n, err := kept.Revive(t.Context()); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		s.Wake()
		s.Flush(t.Context())
		stop()
		if diff := cmp.Diff([]string{"/good", "/bad", "/bad"}, got); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
		if stats := kept.Stats(); stats.DeadLetters != 1 {
			t.Errorf("%+v", stats)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReplayMeetsBug: an event that makes the write panic becomes a dead letter,
// and those before and behind it are written.
func TestReplayMeetsBug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := openSpool(t, t.TempDir())
		for _, path := range []string{"/a", "/bug", "/b"} {
			payload, err := encodeSpooled(newDelivery(session, event(v1alpha1.EventStopped, 0, path)))
			if err != nil {
				t.Fatal(err)
			}
			if err := kept.Append(t.Context(), spoolKey(session), payload); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		s, _ := newTestSpooling(kept, func(_ context.Context, _ recorder.Session, events []lifecycle.Event) []recorder.Written {
			for _, ev := range events {
				if ev.FilePath == "/bug" {
					panic("bug")
				}
			}
			for _, ev := range events {
				got = append(got, ev.FilePath)
			}
			return make([]recorder.Written, len(events))
		})
		stop := running(s)
		s.Flush(t.Context())
		stop()
		if diff := cmp.Diff([]string{"/a", "/b"}, got); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
		if stats := kept.Stats(); stats.DeadLetters != 1 {
			t.Errorf("%+v", stats)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// brokenSpool is one that takes nothing.
type brokenSpool struct {
	Spool
	err error
}

func (brokenSpool) Has(string) bool    { return false }
func (brokenSpool) Stats() spool.Stats { return spool.Stats{} }
func (b brokenSpool) Append(context.Context, string, json.RawMessage) error {
	return b.err
}
func (b brokenSpool) AppendDead(context.Context, string, json.RawMessage, string) error {
	return b.err
}

// TestSpoolAnswers: 202 for what is on disk; 503 where not even that can be,
// with a metric, and a log line that says what to mend.
func TestSpoolAnswers(t *testing.T) {
	away := func(_ context.Context, _ recorder.Session, events []lifecycle.Event) []recorder.Written {
		return []recorder.Written{{Err: fmt.Errorf("%w: %w", recorder.ErrTimeout, errAway)}}
	}
	kept := openSpool(t, t.TempDir())
	defer func() { _ = kept.Close() }()
	for _, tc := range []struct {
		name         string
		spool        Spool
		metric, mend string
	}{
		{"works", kept, "", ""},
		{"full", brokenSpool{err: spool.ErrFull}, "full", "raise --spool-max-bytes"},
		{"corrupt", brokenSpool{err: spool.ErrCorrupt}, "corrupt", "restart the sidecar"},
		{"unwritable", brokenSpool{err: spool.ErrUnwritable}, "unwritable", "--spool-dir is on a healthy disk"},
		{"slow", brokenSpool{err: spool.ErrSlow}, "slow", "disk of --spool-dir busy"},
		{"closed", brokenSpool{err: spool.ErrClosed}, "unwritable", "restart"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, registry := newTestSpooling(tc.spool, away)
			o, err := s.Record(t.Context(), newDelivery(session, event(started, 0)))
			if tc.metric == "" && tc.mend == "" && (err != nil || o.Result != Spooled) {
				t.Errorf("%v, %v", o, err)
			}
			if tc.mend != "" && (err == nil || !strings.Contains(err.Error(), tc.mend)) {
				t.Errorf("error %v", err)
			}
			if tc.metric != "" && testutil.ToFloat64(s.Metrics.errors.WithLabelValues(tc.metric)) != 1 {
				t.Errorf("no error counted as %s", tc.metric)
			}
			if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
				t.Errorf("metrics: %v, %v", problems, err)
			}
		})
	}
}

// TestRefusedEventsAreBounded: what strangers can have refused does not fill
// the spool, and cannot be kept when it is broken.
func TestRefusedEventsAreBounded(t *testing.T) {
	refuse := func(context.Context, recorder.Session, []lifecycle.Event) []recorder.Written {
		return []recorder.Written{{Err: &recorder.RejectedError{Err: errors.New("no " + strings.Repeat("x", 5000))}}}
	}
	kept := openSpool(t, t.TempDir())
	defer func() { _ = kept.Close() }()
	s, _ := newTestSpooling(kept, refuse)
	for range 200 {
		if _, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStarting, 0))); recorder.RejectionOf(err) == nil {
			t.Fatal(err)
		}
	}
	if stats := kept.Stats(); stats.DeadBytes > testSpoolBytes/deadShare+4096 || stats.DeadLetters < 50 {
		t.Errorf("%+v", stats)
	}
	s, _ = newTestSpooling(brokenSpool{err: spool.ErrFull}, refuse)
	if _, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStarting, 0))); recorder.RejectionOf(err) == nil {
		t.Error(err)
	}
	if testutil.ToFloat64(s.Metrics.errors.WithLabelValues("full")) != 1 {
		t.Error("not counted")
	}
}

// TestSpoolKeys differ for different sessions.
func TestSpoolKeys(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []recorder.Session{
		{Namespace: "", MeetingID: "a", SessionID: "b"}, {Namespace: "", MeetingID: "a,b", SessionID: ""}, {Namespace: "", MeetingID: `a","b`, SessionID: ""}, {Namespace: "", MeetingID: "", SessionID: "a,b"}, {Namespace: "", MeetingID: "b", SessionID: "a"},
		{Namespace: "a", MeetingID: "a", SessionID: "b"}, {Namespace: "b", MeetingID: "a", SessionID: "b"}, {Namespace: "a", MeetingID: "b", SessionID: ""}, {Namespace: "a,b", MeetingID: "", SessionID: ""},
	} {
		if seen[spoolKey(s)] {
			t.Errorf("%v shares its key", s)
		}
		seen[spoolKey(s)] = true
	}
}
