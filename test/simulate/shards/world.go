// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shards

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

const (
	namespace = "meetings"
	// atOnce is how long an answer takes at most while the shard works: some calls of 10 ms each, no time-out and no backoff.
	atOnce = 100 * time.Millisecond
	// inTime is how long any answer takes: --write-timeout, and the disk.
	inTime = writeTimeout + 500*time.Millisecond
	// recovery is how long a shard that is back may have its own events wait: those on disk come first, after a write that hangs and its backoff.
	recovery = 50 * time.Second
)

// world is one run.
type world struct {
	plan    Plan
	folder  string
	began   time.Time
	servers map[string]*memoryapi.Server

	mu        sync.Mutex
	receivers map[string]*receiver
	sent      []sent
	problems  []string
}

// sent is an event as it was acknowledged.
type sent struct {
	Event
	attempts int
}

// Run runs a plan, and returns what is wrong. It must be called within a bubble of testing/synctest.
func Run(plan Plan, folder string) []string {
	w := &world{plan: plan, folder: folder, began: time.Now(), servers: map[string]*memoryapi.Server{}, receivers: map[string]*receiver{}}
	for _, name := range plan.Shards {
		w.servers[name] = memoryapi.New(time.Now, namespace)
	}
	for _, name := range plan.Receivers {
		w.receivers[name] = w.start(name, filepath.Join(folder, name))
	}
	var tasks sync.WaitGroup
	for i, event := range plan.Events {
		tasks.Go(func() {
			<-time.After(event.At)
			w.deliver(i, event)
		})
	}
	// One after the other: two restarts of a receiver at once are one.
	tasks.Go(func() {
		for number, f := range plan.Faults {
			if f.Kind == Killed || f.Kind == Ended {
				<-time.After(f.From - time.Since(w.began))
				w.restart(f.Who, f.Kind, number)
			}
		}
	})
	tasks.Wait()
	<-time.After(max(0, duration+longest-time.Since(w.began)) + recovery) // all faults are over
	for _, r := range w.receivers {
		for of, store := range r.spools {
			if left := store.Stats().Events; left > 0 {
				w.broken("%d events of %s are left on the disk of %s", left, of, r.name)
			}
		}
		r.end()
	}
	w.check()
	return w.problems
}

func (w *world) broken(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf("after %s: ", time.Since(w.began))+fmt.Sprintf(format, args...))
}

// deliver sends an event until a receiver acknowledges it.
func (w *world) deliver(number int, event Event) {
	r := random(w.plan.Seed, fmt.Sprint("delivery", number))
	for attempts := 1; ; attempts++ {
		if w.attempt(event, w.plan.Receivers[r.IntN(len(w.plan.Receivers))]) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent = append(w.sent, sent{event, attempts})
			return
		}
		<-time.After(between(r, 250*time.Millisecond, time.Second))
	}
}

// attempt reports whether a receiver acknowledged an event. What it says must fit the state of the session's own shard, whatever happens to
// the others.
func (w *world) attempt(event Event, to string) bool {
	w.mu.Lock()
	r := w.receivers[to]
	w.mu.Unlock()
	if r.ending.Load() {
		return false
	}
	ev := recorder.Event{
		Session: recorder.Session{Namespace: namespace, MeetingID: "hstr-afz3-tt4f", SessionID: event.Session},
		Event:   lifecycle.Event{Type: event.Type, Source: v1alpha1.EventSourceWebhook, ReceivedAt: time.Now()},
	}
	if event.Type == v1alpha1.EventStopped {
		ev.FilePath = "/encoded/videos/" + event.Session + ".mp4"
		ev.FileURL = "https://files.example.com" + ev.FilePath
	}
	begin := time.Since(w.began)
	outcome, err := r.record(context.Background(), ev)
	end := time.Since(w.began)
	if r.ending.Load() {
		return false // nobody got the answer
	}
	of := shard.Of(w.plan.Shards, event.Session)
	isDisturbed := w.plan.is(of, begin-recovery, end)
	for _, receiver := range w.plan.Receivers {
		// What a killed one had not told yet is sent again, and meets what it had written.
		isDisturbed = isDisturbed || w.plan.is(receiver, begin-recovery, end)
	}
	took := end - begin
	switch {
	case err != nil:
		w.broken("%s answers %s of %s on %s with an error: %v", to, event.Type, event.Session, of, err)
		return false
	case took > inTime:
		w.broken("%s takes %s for %s of %s on %s", to, took, event.Type, event.Session, of)
	case !isDisturbed && (outcome.Result == outbox.Spooled || took > atOnce):
		w.broken("%s answers %s of %s after %s with %s, although nothing happened to %s", to, event.Type, event.Session, took, outcome.Result, of)
	}
	return true
}

// check holds that every acknowledged event is on one recording of its own shard, once, in the order in which the provider sent them.
func (w *world) check() {
	recordings := map[string]*v1alpha1.MeetingRecording{} // by session
	for name, server := range w.servers {
		for _, object := range server.Objects("meetingrecordings") {
			recording := &v1alpha1.MeetingRecording{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, recording); err != nil {
				w.broken("decode a recording of %s: %v", name, err)
				continue
			}
			session := recording.Spec.SessionID
			if of := shard.Of(w.plan.Shards, session); of != name {
				w.broken("session %s of %s is on %s", session, of, name)
			}
			if recordings[session] != nil {
				w.broken("session %s has %s and %s", session, recordings[session].Name, recording.Name)
			}
			recordings[session] = recording
		}
	}
	for _, event := range w.sent {
		recording := recordings[event.Session]
		if recording == nil {
			w.broken("acknowledged %s of session %s is lost: it has no recording", event.Type, event.Session)
			continue
		}
		deliveries := 0
		for _, entry := range recording.Status.Recording.Events {
			if entry.Type == event.Type {
				deliveries = int(entry.Deliveries)
			}
		}
		if deliveries < 1 || deliveries > event.attempts {
			w.broken("%s of session %s was sent %d times, and is on %s %d times", event.Type, event.Session, event.attempts, recording.Name, deliveries)
		}
		if got := recording.Status.Recording; got.State != v1alpha1.RecordingStopped || got.File == nil {
			w.broken("%s is %s, and its file %v", recording.Name, got.State, got.File)
		}
	}
}
