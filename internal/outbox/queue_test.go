// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// slowWrite is a WriteFunc that lets the test decide when a batch is written.
type slowWrite struct {
	mu      sync.Mutex
	batches map[recorder.Session][][]lifecycle.Event
	release chan struct{}
}

func newSlowWrite() *slowWrite {
	return &slowWrite{batches: map[recorder.Session][][]lifecycle.Event{}, release: make(chan struct{})}
}

func (s *slowWrite) write(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
	s.mu.Lock()
	s.batches[session] = append(s.batches[session], events)
	s.mu.Unlock()
	written := make([]recorder.Written, len(events))
	select {
	case <-s.release:
		for i, ev := range events {
			written[i].Outcome = recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/" + ev.FilePath}
		}
	case <-ctx.Done():
		for i := range written {
			written[i].Err = ctx.Err()
		}
	}
	return written
}

// numbered is an event that can be told from others.
func numbered(session recorder.Session, number int) recorder.Event {
	ev := recorder.Event{Session: session, Event: event(stopped, float64(number))}
	ev.FilePath = fmt.Sprint(number)
	return ev
}

func numbers(batches [][]lifecycle.Event) (paths [][]string) {
	for _, batch := range batches {
		var of []string
		for _, ev := range batch {
			of = append(of, ev.FilePath)
		}
		paths = append(paths, of)
	}
	return paths
}

func TestQueueWritesWhatWaitsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newSlowWrite()
		q := NewQueue(slow.write, 2*time.Second)
		other := recorder.Session{MeetingID: "other", SessionID: "one"}
		var answered sync.WaitGroup
		send := func(session recorder.Session, number int) {
			answered.Go(func() {
				o, err := q.Record(t.Context(), numbered(session, number))
				if want := fmt.Sprint("meetings/", number); err != nil || o.Recording != want {
					t.Errorf("event %d: %v, %v; want its own answer, %s", number, o, err, want)
				}
			})
			synctest.Wait()
		}
		for number := range 5 {
			send(session, number)
		}
		send(other, 9)
		slow.release <- struct{}{}
		slow.release <- struct{}{}
		synctest.Wait()
		slow.release <- struct{}{}
		answered.Wait()
		q.Wait()
		if diff := cmp.Diff([][]string{{"0"}, {"1", "2", "3", "4"}}, numbers(slow.batches[session])); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([][]string{{"9"}}, numbers(slow.batches[other])); diff != "" {
			t.Errorf("batches of the other session (-want +got):\n%s", diff)
		}
		if len(q.sessions) != 0 || q.waiting != 0 {
			t.Errorf("%d sessions and %d events are left behind", len(q.sessions), q.waiting)
		}
	})
}

// TestQueueGivesUpAlone: one that cannot wait any longer takes nobody along.
func TestQueueGivesUpAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newSlowWrite()
		q := NewQueue(slow.write, 2*time.Second)
		results := make([]error, 3)
		ctx, hangUp := context.WithCancel(t.Context())
		var answered sync.WaitGroup
		for number := range results {
			answered.Go(func() {
				of := t.Context()
				if number < 2 {
					of = ctx
				}
				_, results[number] = q.Record(of, numbered(session, number))
			})
			synctest.Wait()
		}
		hangUp()
		synctest.Wait()
		slow.release <- struct{}{} // 0 was being written
		synctest.Wait()
		slow.release <- struct{}{}
		answered.Wait()
		q.Wait()
		if !errors.Is(results[0], context.Canceled) || !errors.Is(results[1], recorder.ErrTimeout) || results[2] != nil {
			t.Errorf("answers %v", results)
		}
		if diff := cmp.Diff([][]string{{"0"}, {"2"}}, numbers(slow.batches[session])); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestQueueAnswersInTimeWhenNothingMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(newSlowWrite().write, 2*time.Second)
		var answered sync.WaitGroup
		for number := range 10 {
			answered.Go(func() {
				<-time.After(time.Duration(number) * 300 * time.Millisecond)
				begin := time.Now()
				_, err := q.Record(t.Context(), numbered(session, number))
				if took := time.Since(begin); err == nil || took > 2*time.Second {
					t.Errorf("event %d: %v after %s", number, err, took)
				}
			})
		}
		answered.Wait()
		q.Wait()
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newSlowWrite()
		q := NewQueue(slow.write, time.Minute)
		ctx, hangUp := context.WithCancel(t.Context())
		var answered sync.WaitGroup
		for number := range maxWaiting + 1 { // one of them is being written
			answered.Go(func() { _, _ = q.Record(ctx, numbered(session, number)) })
			if number == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if _, err := q.Record(ctx, numbered(session, -1)); !errors.Is(err, ErrOverloaded) {
			t.Errorf("error %v, want ErrOverloaded", err)
		}
		hangUp()
		close(slow.release)
		answered.Wait()
		q.Wait()
		if q.waiting != 0 {
			t.Errorf("%d events are left behind", q.waiting)
		}
	})
}

func TestQueueSurvivesAPanic(t *testing.T) {
	q := NewQueue(func(context.Context, recorder.Session, []lifecycle.Event) []recorder.Written { panic("secret") }, time.Second)
	for range 2 {
		_, err := q.Record(t.Context(), numbered(session, 0))
		var bug *recorder.PanicError
		if !errors.As(err, &bug) || err.Error() != "panic: string" {
			t.Errorf("error %v", err)
		}
	}
	q.Wait()
}
