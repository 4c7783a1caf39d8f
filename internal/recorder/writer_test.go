// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const (
	starting = v1alpha1.EventStarting
	started  = v1alpha1.EventStarted
	stopping = v1alpha1.EventStopping
	stopped  = v1alpha1.EventStopped
	failed   = v1alpha1.EventFailed
)

// TestWriterCalls is the budget: what one event, or several at once, cost.
func TestWriterCalls(t *testing.T) {
	first, second := testName, testName+"-2"
	for _, tc := range []struct {
		name   string
		before []lifecycle.Event
		events []lifecycle.Event
		calls  []string
		want   []Outcome
	}{
		{
			"the first event", nil, []lifecycle.Event{event(starting, 0)},
			[]string{"create " + first, "patch " + first},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}},
		},
		{
			"the first event, and it is not the first of a recording", nil, []lifecycle.Event{event(started, 0)},
			[]string{"get " + first, "create " + first, "patch " + first},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}},
		},
		{
			"what backfill looked for", nil, []lifecycle.Event{{Type: stopped, Source: v1alpha1.EventSourceBackfill, FilePath: "/a.mp4", ReceivedAt: epoch}},
			[]string{"create " + first, "patch " + first},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}},
		},
		{
			"the second event", []lifecycle.Event{event(starting, 0)}, []lifecycle.Event{event(started, 1)},
			[]string{"get " + first, "patch " + first},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}},
		},
		{
			"a redelivery of the end", []lifecycle.Event{event(stopped, 0, "/a.mp4")}, []lifecycle.Event{event(stopped, 99, "/a.mp4")},
			[]string{"get " + first, "patch " + first},
			[]Outcome{{Result: lifecycle.Duplicate, Recording: "meetings/" + first}},
		},
		{
			"four events at once", nil,
			[]lifecycle.Event{event(starting, 0), event(started, 1), event(stopping, 2), event(stopped, 3, "/a.mp4")},
			[]string{"create " + first, "patch " + first},
			[]Outcome{
				{Result: lifecycle.Recorded, Recording: "meetings/" + first}, {Result: lifecycle.Recorded, Recording: "meetings/" + first},
				{Result: lifecycle.Recorded, Recording: "meetings/" + first}, {Result: lifecycle.Recorded, Recording: "meetings/" + first},
			},
		},
		{
			"the next recording", []lifecycle.Event{event(stopped, 0, "/a.mp4")}, []lifecycle.Event{event(starting, 99)},
			[]string{
				"get " + first, "get " + second, "get fresh " + first, "get fresh " + second,
				"create " + second, "patch " + second,
			},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + second}},
		},
		{
			"an end and the next recording at once", []lifecycle.Event{event(starting, 0)},
			[]lifecycle.Event{event(stopped, 1, "/a.mp4"), event(starting, 99)},
			[]string{"get " + first, "get fresh " + first, "patch " + first, "create " + second, "patch " + second},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}, {Result: lifecycle.Recorded, Recording: "meetings/" + second}},
		},
		{
			"a file behind a failure", []lifecycle.Event{event(failed, 0)}, []lifecycle.Event{event(stopped, 99, "/a.mp4")},
			[]string{
				"get " + first, "get " + second, "get fresh " + first, "get fresh " + second,
				"patch " + first, "create " + second, "patch " + second,
			},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + second}},
		},
		{
			"a failure and a later file at once", nil, []lifecycle.Event{event(failed, 0), event(stopped, 99, "/a.mp4")},
			[]string{
				"get " + first, "create " + first, "patch " + first, // the failure must be there to be settled
				"get fresh " + first, "get fresh " + second, "patch " + first, "create " + second, "patch " + second,
			},
			[]Outcome{{Result: lifecycle.Recorded, Recording: "meetings/" + first}, {Result: lifecycle.Recorded, Recording: "meetings/" + second}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newMemoryStore()
			w := &Writer{Store: store, Windows: testWindows}
			writeAll(t, w, tc.before...)
			store.takeCalls()
			if diff := cmp.Diff(tc.want, writeAll(t, w, tc.events...)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.calls, store.takeCalls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWriterHasForgotten: the first event of a session that another replica, or this one before a restart, has begun costs a lost create.
func TestWriterHasForgotten(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before lifecycle.Event
		calls  []string
		want   Outcome
	}{
		{
			"a redelivery", event(starting, -1),
			[]string{"create " + testName, "get fresh " + testName, "patch " + testName},
			Outcome{Result: lifecycle.Duplicate, Recording: "meetings/" + testName},
		},
		{
			"the next recording", event(stopped, -99, "/a.mp4"),
			[]string{"create " + testName, "get fresh " + testName, "get fresh " + testName + "-2", "create " + testName + "-2", "patch " + testName + "-2"},
			Outcome{Result: lifecycle.Recorded, Recording: "meetings/" + testName + "-2"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newMemoryStore()
			w := &Writer{Store: store, Windows: testWindows}
			writeAll(t, w, tc.before)
			store.takeCalls()
			store.seen = func(string) bool { return false }
			if diff := cmp.Diff([]Outcome{tc.want}, writeAll(t, w, event(starting, 0))); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.calls, store.takeCalls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriterPassesOverForeignObjects(t *testing.T) {
	store := newMemoryStore()
	store.put(Object{Name: testName, Spec: v1alpha1.MeetingRecordingSpec{MeetingID: "mine", SessionID: testSession, Segment: 1}},
		v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}})
	w := &Writer{Store: store, Windows: testWindows}
	outcomes := writeAll(t, w, event(starting, 0))
	if want := "meetings/" + testName + "-2"; outcomes[0].Recording != want {
		t.Errorf("recorded in %s, want %s", outcomes[0].Recording, want)
	}
	if got := store.chain()[0].Recording.Events; len(got) != 0 {
		t.Errorf("somebody's object was written: %v", got)
	}
}

// TestWriterReadsAgain is about every call that can find the world changed.
func TestWriterReadsAgain(t *testing.T) {
	for _, call := range []string{"create", "patch"} {
		t.Run(call, func(t *testing.T) {
			store := newMemoryStore()
			other := &Writer{Store: store, Windows: testWindows}
			w := &Writer{Store: store, Windows: testWindows}
			raced := false
			store.hook = func(c, _ string) error {
				if c == call && !raced {
					raced = true
					writeAll(t, other, event(started, 1))
				}
				return nil
			}
			outcomes := writeAll(t, w, event(starting, 0))
			if outcomes[0].Result != lifecycle.Recorded {
				t.Errorf("result %s", outcomes[0].Result)
			}
			chain := store.chain()
			if len(chain) != 1 || len(chain[0].Recording.Events) != 2 {
				t.Errorf("%d objects, the first with %+v", len(chain), chain[0].Recording.Events)
			}
		})
	}
}

// TestWriterAgainstAStaleCache reads what is several writes old.
func TestWriterAgainstAStaleCache(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	writeAll(t, w, event(starting, 0))
	store.stale = func(versions int) int { return versions }
	for i, ev := range []lifecycle.Event{event(started, 1), event(stopping, 2), event(stopped, 3, "/a.mp4"), event(started, 4), event(stopped, 99, "/a.mp4")} {
		if got := writeAll(t, w, ev)[0].Recording; got != "meetings/"+testName {
			t.Errorf("event %d went to %s", i, got)
		}
	}
}

// TestWriterLeavesFailuresToItsCaller: it reads again after a lost race, a few times, and repeats nothing else.
func TestWriterLeavesFailuresToItsCaller(t *testing.T) {
	refused := errors.New("connection refused")
	for _, tc := range []struct {
		name  string
		call  string
		err   error
		tries int
	}{
		{"reads fail", "get", refused, 1},
		{"creates fail", "create", refused, 1},
		{"every patch loses its race", "patch", ErrChanged, maxConflicts + 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newMemoryStore()
			tries := 0
			store.hook = func(call, _ string) error {
				if call != tc.call {
					return nil
				}
				tries++
				return tc.err
			}
			w := &Writer{Store: store, Windows: testWindows}
			written := w.Write(t.Context(), session, []lifecycle.Event{event(started, 0), event(stopping, 1)})
			for _, one := range written {
				if !errors.Is(one.Err, tc.err) {
					t.Errorf("error %v", one.Err)
				}
			}
			if tries != tc.tries {
				t.Errorf("tried %d times, want %d", tries, tc.tries)
			}
		})
	}
}

// TestWriterWaitsForDeletion: what happens in a session while one of its recordings is being deleted is not written, and so not
// acknowledged, until that is gone; and then to a new one. That is so as well if the deletion begins behind the read.
func TestWriterWaitsForDeletion(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	writeAll(t, w, event(starting, 0))
	store.terminating = map[string]bool{testName: true}
	for _, ev := range []lifecycle.Event{event(stopped, 1, "/a.mp4"), event(starting, 1)} {
		if written := w.Write(t.Context(), session, []lifecycle.Event{ev}); !errors.Is(written[0].Err, ErrTerminating) {
			t.Errorf("%s: %+v", ev.Type, written[0])
		}
	}
	store.objects[testName] = append(store.objects[testName], nil)
	store.terminating = nil
	writeAll(t, w, event(stopped, 1, "/a.mp4"))
	if chain := store.chain(); len(chain) != 1 || chain[0].Recording.File == nil || len(chain[0].Recording.Events) != 1 {
		t.Errorf("%+v", chain)
	}
}

// TestWriterConfirmsClosedSegments: by a stale read a failure is not written onto a recording that has ended, while the next one goes on.
func TestWriterConfirmsClosedSegments(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	writeAll(t, w, event(starting, 0))
	writeAll(t, w, event(stopped, 10, "/a.mp4"))
	before := store.version
	writeAll(t, w, event(starting, 40), event(started, 41)) // the next one
	store.stale = func(versions int) int {
		if versions <= store.version-before {
			return versions // the second recording is not seen
		}
		return 0
	}
	if got := writeAll(t, w, event(failed, 50)); got[0].Recording != "meetings/"+testName+"-2" {
		t.Errorf("%+v, want it on the recording under way", got)
	}
	if chain := store.chain(); len(chain[0].Recording.Events) != 2 || len(chain[1].Recording.Events) != 3 {
		t.Errorf("%+v", chain)
	}
}

// TestWriterTellsRejectionFromRace: both are 422 to a patch.
func TestWriterTellsRejectionFromRace(t *testing.T) {
	store := newMemoryStore()
	rejection := &RejectedError{Field: "data.filePath", Err: errors.New("too long")}
	var last []lifecycle.Event
	store.hook = func(call, _ string) error {
		if call == "patch" && last[len(last)-1].FilePath == "/bad.mp4" {
			return fmt.Errorf("patch: %w (%w)", ErrChanged, rejection)
		}
		return nil
	}
	w := &Writer{Store: store, Windows: testWindows}
	last = []lifecycle.Event{event(stopped, 0, "/bad.mp4")}
	written := w.Write(t.Context(), session, last)
	var got *RejectedError
	if !errors.As(written[0].Err, &got) || got.Field != "data.filePath" {
		t.Fatalf("error %v, want the rejection", written[0].Err)
	}
	if want := []string{
		"get " + testName, "create " + testName, "patch " + testName, "get fresh " + testName, "patch " + testName,
	}; !cmp.Equal(want, store.takeCalls()) {
		t.Error("a rejection took more than one more try")
	}
}

// TestWriterRejectsOnlyTheGuilty: good events of the same batch are written.
func TestWriterRejectsOnlyTheGuilty(t *testing.T) {
	store := &pickyStore{memoryStore: newMemoryStore()}
	w := &Writer{Store: store, Windows: testWindows}
	written := w.Write(t.Context(), session, []lifecycle.Event{
		event(starting, 0), event(stopped, 1, "/bad.mp4"), event(started, 2),
	})
	var rejection *RejectedError
	if written[0].Err != nil || !errors.As(written[1].Err, &rejection) || written[2].Err != nil {
		t.Fatalf("written %v", written)
	}
	events := store.chain()[0].Recording.Events
	if len(events) != 2 || events[0].Type != starting || events[1].Type != started {
		t.Errorf("events %+v", events)
	}
}

// pickyStore does not accept one file.
type pickyStore struct{ *memoryStore }

func (s *pickyStore) Patch(ctx context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error {
	if status.File != nil && status.File.Path == "/bad.mp4" {
		return fmt.Errorf("patch: %w (%w)", ErrChanged, &RejectedError{Err: errors.New("bad file")})
	}
	return s.memoryStore.Patch(ctx, read, status, revives)
}

func TestWriterPassesOnARejectedCreate(t *testing.T) {
	store := newMemoryStore()
	store.hook = func(call, _ string) error {
		if call == "create" {
			return &RejectedError{Field: "data.meetingId", Err: errors.New("too long")}
		}
		return nil
	}
	written := (&Writer{Store: store, Windows: testWindows}).Write(t.Context(), session, []lifecycle.Event{event(starting, 0)})
	var rejection *RejectedError
	if !errors.As(written[0].Err, &rejection) {
		t.Fatalf("error %v", written[0].Err)
	}
}

// TestWriterSurvivesPanics: a bug of ours costs the event that meets it, not the others of its batch.
func TestWriterSurvivesPanics(t *testing.T) {
	store := &brokenStore{memoryStore: newMemoryStore()}
	w := &Writer{Store: store, Windows: testWindows}
	written := w.Write(t.Context(), session, []lifecycle.Event{event(starting, 0), event(stopped, 1, "/bad.mp4"), event(started, 2)})
	if written[0].Err != nil || !IsPanic(written[1].Err) || !IsPermanent(written[1].Err) || written[2].Err != nil {
		t.Fatalf("written %v", written)
	}
}

// brokenStore has a bug that one file meets.
type brokenStore struct{ *memoryStore }

func (s *brokenStore) Patch(ctx context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error {
	if status.File != nil && status.File.Path == "/bad.mp4" {
		panic("bug")
	}
	return s.memoryStore.Patch(ctx, read, status, revives)
}
