// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// Whatever is written, and however servers are killed and the API server is unavailable, a client that comes back where it was is reported
// everything once, in order.
func TestStreamsResumeWithoutGapsOrDoubles(t *testing.T) {
	rapid.Check(t, func(drawn *rapid.T) {
		var failure any
		synctest.Test(t, func(*testing.T) {
			w := &world{t: drawn, api: newAPIServer(), steps: map[string]int{}, states: map[string]*event.State{}}
			defer func() {
				failure = recover() // rapid's, which its own goroutine must have
				w.stop()
				w.pass(time.Hour)
			}()
			w.live()
		})
		if failure != nil {
			panic(failure)
		}
	})
}

// Where nobody has what came since, a stream begins again.
func TestResumingFromTooLongAgo(t *testing.T) {
	for name, test := range map[string]struct {
		after   Cursor
		prepare func(*apiServer)
	}{
		"compacted":                     {Cursor{90, Whole}, func(api *apiServer) { api.compact() }},
		"from before a backup's return": {Cursor{9000, Whole}, func(*apiServer) {}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newAPIServer()
				f := run(t, api)
				test.prepare(api)
				if _, err := f.Resume(t.Context(), Filter{}, test.after, make(chan struct{}, 1)); !errors.Is(err, ErrReset) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// An API server that is unavailable is no reason to begin again: the client tries again.
func TestResumingWhileTheAPIServerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPIServer()
		f := run(t, api)
		api.set(true)
		if _, err := f.Resume(t.Context(), Filter{}, Cursor{90, Whole}, make(chan struct{}, 1)); !errors.Is(err, errNetwork) {
			t.Errorf("got %v", err)
		}
	})
}

// After a watch that the API server no longer has, every stream is told to begin again.
func TestAWatchThatExpiresResetsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPIServer()
		f := run(t, api)
		wake := make(chan struct{}, 1)
		sub, _, err := f.Begin(t.Context(), Filter{}, wake)
		if err != nil {
			t.Fatal(err)
		}
		api.set(true)
		synctest.Wait()
		api.write("a", recordingOf("m", started(1), v1alpha1.ProcessingWaiting))
		api.compact()
		api.set(false)
		<-wake
		if _, _, err := sub.Next(); !errors.Is(err, ErrReset) {
			t.Errorf("got %v", err)
		}
		if _, states, err := f.Begin(t.Context(), Filter{}, wake); err != nil || len(states) != 1 {
			t.Errorf("then %d recordings, and %v", len(states), err)
		}
	})
}

// A reader that is too far behind is cut off, and can resume.
func TestSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPIServer()
		f := run(t, api)
		wake := make(chan struct{}, 1)
		sub, _, err := f.Begin(t.Context(), Filter{}, wake)
		if err != nil {
			t.Fatal(err)
		}
		const written = maxPending + 1
		for i := range written {
			api.write(fmt.Sprintf("a%d", i), recordingOf("m", started(i), v1alpha1.ProcessingWaiting))
			synctest.Wait()
		}
		if _, _, err := sub.Next(); !errors.Is(err, ErrSlow) {
			t.Fatalf("got %v", err)
		}
		sub, err = f.Resume(t.Context(), Filter{}, sub.Began(), wake)
		if err != nil {
			t.Fatal(err)
		}
		if entries, _, err := sub.Next(); err != nil || len(entries) != written {
			t.Errorf("then it had %d of %d, and %v", len(entries), written, err)
		}
	})
}

// Streams that come back after a restart share what is read of the past, and in the end the present's watch.
func TestResumingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPIServer()
		for i := range 10 {
			api.write(fmt.Sprintf("a%d", i), recordingOf("m", started(i), v1alpha1.ProcessingWaiting))
		}
		f := run(t, api)
		wake := make(chan struct{}, 1)
		before := api.lists
		for range 100 {
			if _, err := f.Resume(t.Context(), Filter{}, Cursor{105, Whole}, wake); err != nil {
				t.Fatal(err)
			}
		}
		if n := api.lists - before; n != 1 {
			t.Errorf("%d lists for 100 streams", n)
		}
		api.bookmark()
		synctest.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.pasts) != 0 || len(f.present.subs[Filter{}]) != 100 || f.present.floor != 105 {
			t.Errorf("%d watches of the past, %d streams at the present, which begins at %d", len(f.pasts), len(f.present.subs[Filter{}]), f.present.floor)
		}
	})
}

// What ended is held for a while only, and no more than so many.
func TestWhatEndedIsForgotten(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBook(func() time.Time { return now })
	for i := range maxEnded + 5 {
		object := recordingOf("m", started(i), v1alpha1.ProcessingSucceeded)
		object.Name = fmt.Sprintf("r%d", i)
		b.put(event.Of(object))
	}
	if n := len(b.matching(Filter{})); n != maxEnded {
		t.Errorf("%d are held", n)
	}
	now = now.Add(keepEnded + time.Second)
	if n := len(b.matching(Filter{})); n != 0 {
		t.Errorf("%d are held after their time", n)
	}
}

// What is kept to resume from is bounded, and what is dropped is dropped by whole writes.
func TestKeptEventsAreBounded(t *testing.T) {
	l := newLine(1, maxPending, time.Now)
	for version := uint64(2); version < maxEntries; version++ {
		l.keep([]*Entry{{At: Cursor{version, 0}}, {At: Cursor{version, 1}}, {At: Cursor{version, Whole}}})
	}
	if len(l.kept) > maxEntries || l.kept[0].At != (Cursor{l.floor + 1, 0}) {
		t.Errorf("%d are kept, from %v on, and the floor is %d", len(l.kept), l.kept[0].At, l.floor)
	}
}

func TestCursors(t *testing.T) {
	for _, id := range []string{"7", "7.0", "7.12,9,18446744073709551615"} {
		cursors, err := ParseCursors(id)
		if err != nil || FormatCursors(cursors) != id {
			t.Errorf("%q became %v, %v", id, cursors, err)
		}
	}
	for _, id := range []string{"", "x", "7.", "7.x", "7.-1", "-7", "1", "0", "7,", "7.9999999999", strings.Repeat("9", 30)} {
		if cursors, err := ParseCursors(id); err == nil {
			t.Errorf("%q became %v", id, cursors)
		}
	}
}
