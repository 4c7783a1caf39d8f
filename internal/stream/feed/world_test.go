// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"slices"
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
