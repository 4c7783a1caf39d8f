// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const testSpoolBytes = 64 << 20

var (
	errRefused   = errors.New("connection refused")
	errNamespace = fmt.Errorf("create: %w", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "gone"))
	errRejected  = &recorder.RejectedError{Field: "data.meetingId", Err: errors.New("too long")}
)

// newEvent returns an event with a number, by which the fake API server knows it.
func newEvent(session, number int) recorder.Event {
	return eventIn("meetings", session, number)
}

func eventIn(namespace string, session, number int) recorder.Event {
	return recorder.Event{
		Session: recorder.Session{Namespace: namespace, MeetingID: "hstr-afz3-tt4f", SessionID: fmt.Sprintf("session-%d", session)},
		Event: lifecycle.Event{
			Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, FilePath: strconv.Itoa(number), ReceivedAt: time.Now(),
		},
	}
}

// server is a fake API server.
type server struct {
	mu sync.Mutex
	// written are the numbers of the events of each session, in the order in which they took effect.
	written map[recorder.Session][]int
	batches []int // their sizes
	tries   int
	// delay is how long a write takes; fail, if not nil, says what happens to an event.
	delay func() time.Duration
	fail  func(ev lifecycle.Event, session recorder.Session) error
}

func newServer() *server { return &server{written: map[recorder.Session][]int{}} }

func (s *server) set(fail func(lifecycle.Event, recorder.Session) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *server) triesSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// always fails every event.
func always(err error) func(lifecycle.Event, recorder.Session) error {
	return func(lifecycle.Event, recorder.Session) error { return err }
}

func numberOf(ev lifecycle.Event) int {
	number, err := strconv.Atoi(ev.FilePath)
	if err != nil {
		panic(err)
	}
	return number
}

func (s *server) write(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
	s.mu.Lock()
	s.tries++
	delay := s.delay
	s.mu.Unlock()
	if delay != nil {
		select {
		case <-time.After(delay()):
		case <-ctx.Done():
			return failAll(events, ctx.Err())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, len(events))
	written := make([]recorder.Written, len(events))
	for i, ev := range events {
		if s.fail != nil {
			if err := s.fail(ev, session); err != nil {
				written[i].Err = err
				if recorder.RejectionOf(err) == nil {
					return failAll(events[i:], err, written[:i]...)
				}
				continue
			}
		}
		s.written[session] = append(s.written[session], numberOf(ev))
		written[i].Outcome = recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/" + session.SessionID}
	}
	return written
}

func failAll(events []lifecycle.Event, err error, before ...recorder.Written) []recorder.Written {
	for range events {
		before = append(before, recorder.Written{Err: err})
	}
	return before
}

func (s *server) of(ev recorder.Event) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.written[ev.Session]...)
}

// world is an Outbox with its surroundings.
type world struct {
	*Outbox
	server    *server
	store     *spool.Store
	directory string
	registry  *prometheus.Registry
	log       *strings.Builder
}

// newWorld returns one that runs, with a spool.
func newWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), newServer(), change)
}

func newWorldIn(t testing.TB, directory string, s *server, change func(*Options)) *world {
	t.Helper()
	w := &world{server: s, directory: directory, registry: prometheus.NewRegistry(), log: &strings.Builder{}}
	var mu sync.Mutex
	var err error
	if w.store, err = spool.Open(directory, spool.Options{MaxBytes: testSpoolBytes, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	options := Options{
		Write: s.write, Timeout: 2 * time.Second, Spool: w.store, Metrics: NewMetrics(w.registry), Now: time.Now,
		Log: logr.New(funcr.New(func(_, args string) {
			mu.Lock()
			defer mu.Unlock()
			w.log.WriteString(args + "\n")
		}, funcr.Options{}).GetSink()),
	}
	if change != nil {
		change(&options)
	}
	w.Outbox = New(options)
	if err := w.Start(); err != nil && options.Spool != nil {
		t.Fatal(err)
	}
	return w
}

// end stops it without waiting for what is in the spool.
func (w *world) end(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.Close(ctx)
	if err := w.store.Close(); err != nil {
		t.Error(err)
	}
}

// flush waits until everything is written.
func (w *world) flush(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if w.Flush(ctx); ctx.Err() != nil {
		t.Errorf("not everything is written after an hour: %+v", w.store.Stats())
	}
}

// expect records an event, and checks the result and how long it took.
func (w *world) expect(t testing.TB, ev recorder.Event, want lifecycle.Result, atMost time.Duration) {
	t.Helper()
	begin := time.Now()
	outcome, err := w.Record(context.Background(), ev)
	if took := time.Since(begin); err != nil || outcome.Result != want || took > atMost {
		t.Errorf("%s %s: %q, %v after %s; want %q within %s", ev.SessionID, ev.FilePath, outcome.Result, err, took, want, atMost)
	}
}

// deadLetters returns those in the spool.
func (w *world) deadLetters(t testing.TB) (letters []SpooledEvent) {
	t.Helper()
	if err := w.store.Each(func(r spool.Record) error {
		if r.State == spool.Dead {
			letter, err := Decode(r)
			if err != nil {
				return err
			}
			letters = append(letters, letter)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return letters
}

func pass(d time.Duration) { <-time.After(d) }
