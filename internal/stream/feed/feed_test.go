// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// follower is a stream that remembers how far it is, as browsers do.
type follower struct {
	filter Filter
	wake   chan struct{}
	sub    *Subscription
	at     Cursor
	told   []string
}

// world is an API server with servers before it, and clients.
type world struct {
	t       *rapid.T
	api     *apiServer
	feed    *Feed
	stop    context.CancelFunc
	clients []*follower
	steps   map[string]int
	// expected are all events, in order, with their places and recordings.
	expected []*Entry
	states   map[string]*event.State
}

// restart replaces the server by another, which knows nothing.
func (w *world) restart() {
	if w.stop != nil {
		w.stop()
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	w.feed = newFeed(w.api, "", time.Now, logr.Discard(), nil)
	go func(f *Feed) { _ = f.Run(ctx) }(w.feed)
	for _, c := range w.clients {
		c.sub = nil
	}
	synctest.Wait()
}

// life is what happens to a recording, write by write; nil is its deletion.
var life = func() []*v1alpha1.MeetingRecording {
	var writes []*v1alpha1.MeetingRecording
	var status v1alpha1.RecordingStatus
	add := func(processing v1alpha1.ProcessingState, reached ...v1alpha1.RecordingState) {
		for _, state := range reached {
			status.State = state
			status.Events = append(slices.Clone(status.Events), v1alpha1.RecordingEvent{Type: v1alpha1.EventType(state), ReceiveTime: metav1.NowMicro()})
		}
		writes = append(writes, recordingOf("", status, processing))
	}
	add(v1alpha1.ProcessingWaiting)
	add(v1alpha1.ProcessingWaiting, v1alpha1.RecordingStarting, v1alpha1.RecordingStarted)
	add(v1alpha1.ProcessingWaiting, v1alpha1.RecordingStopping, v1alpha1.RecordingStopped)
	add(v1alpha1.ProcessingRunning)
	add(v1alpha1.ProcessingSucceeded)
	add(v1alpha1.ProcessingSucceeded) // a label, or a rerun that is asked for
	add(v1alpha1.ProcessingRunning)
	add(v1alpha1.ProcessingFailed)
	return append(writes, nil)
}()

// write takes a recording one write on.
func (w *world) write(name string) {
	step := w.steps[name]
	w.steps[name]++
	object := life[step%len(life)]
	if object != nil {
		object = object.DeepCopy()
		object.Spec.MeetingID = "meeting-" + name[:1]
	}
	version := w.api.write(name, object)
	if object == nil {
		delete(w.states, name)
		return
	}
	object.Name = name
	state := event.Of(object)
	told, err := entries(version, state.Recording, event.Between(w.states[name], object))
	if err != nil {
		w.t.Fatal(err)
	}
	w.expected = append(w.expected, told...)
	w.states[name] = state
	synctest.Wait()
}

// connect has a client resume, or begin.
func (w *world) connect(c *follower, resume bool) {
	var err error
	if resume {
		if c.sub, err = w.feed.Resume(context.Background(), c.filter, c.at, c.wake); err == nil {
			return
		}
		if !errors.Is(err, ErrReset) {
			w.t.Fatal(err)
		}
	}
	c.sub, _, err = w.feed.Begin(context.Background(), c.filter, c.wake)
	if err != nil {
		w.t.Fatal(err)
	}
	c.at = c.sub.Began()
	c.told = w.until(c)
}

// until lists what a client must have been reported when it is at its place.
func (w *world) until(c *follower) []string {
	var all []string
	for _, entry := range w.expected {
		if c.filter.matches(&entry.recording) && !entry.At.After(c.at) {
			all = append(all, line1(entry))
		}
	}
	return all
}

func line1(entry *Entry) string { return entry.At.String() + " " + string(entry.Text) }

// take has a client read what there is, and stop in the middle of it at times.
func (w *world) take(c *follower, all bool) {
	entries, at, err := c.sub.Next()
	if err != nil {
		w.t.Fatalf("a stream ended: %v", err)
	}
	for _, entry := range entries {
		c.at = entry.At
		c.told = append(c.told, line1(entry))
		if !all && rapid.IntRange(0, 3).Draw(w.t, "break") == 0 {
			c.sub.Close()
			c.sub = nil
			return
		}
	}
	c.at = at
}

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

// live has clients connect, things happen, and everybody come back in the end.
func (w *world) live() {
	w.api.latency = time.Millisecond
	w.restart()
	for _, filter := range []Filter{{}, {MeetingID: "meeting-a"}, {Namespace: "meetings", MeetingID: "meeting-b", SessionID: "s"}, {Namespace: "none"}} {
		c := &follower{filter: filter, wake: make(chan struct{}, 1)}
		w.clients = append(w.clients, c)
		w.connect(c, false)
	}
	for range rapid.IntRange(1, 60).Draw(w.t, "actions") {
		w.act()
	}
	w.api.set(false)
	w.pass(time.Hour)
	for _, c := range w.clients {
		if c.sub == nil {
			w.connect(c, true)
		}
		w.pass(time.Hour)
		w.take(c, true)
		c.at = Cursor{w.api.version, Whole}
		if difference := cmp.Diff(w.until(c), c.told); difference != "" {
			w.t.Fatalf("%v: %s", c.filter, difference)
		}
	}
}

// pass lets the bubble's clock go on.
func (w *world) pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

func (w *world) act() {
	c := rapid.SampledFrom(w.clients).Draw(w.t, "client")
	switch action := rapid.IntRange(0, 21).Draw(w.t, "action"); {
	case action < 10:
		w.write(rapid.SampledFrom([]string{"a1", "a2", "b1"}).Draw(w.t, "name"))
	case action < 14 && c.sub != nil:
		w.take(c, false)
	case action < 16 && !w.api.down:
		if c.sub == nil {
			w.connect(c, true)
		}
	case action == 16:
		w.api.bookmark()
		synctest.Wait()
	case action == 17 && !w.api.down:
		w.restart()
	case action > 18:
		w.pass(time.Duration(rapid.IntRange(1, 20).Draw(w.t, "milliseconds")) * time.Millisecond)
	case action == 18:
		w.api.set(!w.api.down)
		synctest.Wait()
	}
}

// run starts a feed over an API server until the test ends.
func run(t *testing.T, api *apiServer) *Feed {
	t.Helper()
	f := newFeed(api, "", time.Now, logr.Discard(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return f
}

func started(at int) v1alpha1.RecordingStatus {
	return v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted, Events: []v1alpha1.RecordingEvent{{
		Type: v1alpha1.EventStarted, ReceiveTime: metav1.NewMicroTime(time.Unix(int64(at), 0)),
	}}}
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
