// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// lifeOf draws the events of one recording, in the order in which the provider
// sends them, from the given moment on.
func lifeOf(t *rapid.T, number int, from time.Time) []Event {
	path := fmt.Sprintf("/%d.mp4", number)
	end := [][]Event{
		{event(stopping, 0), stoppedWith(path, 0)},
		{event(stopping, 0), stoppedWith(path, 0)},
		{event(failed, 0)},
		{event(stopping, 0), event(failed, 0), stoppedWith(path, 0)},
		{event(stopping, 0), event(stopped, 0)},
	}[rapid.IntRange(0, 4).Draw(t, "end")]
	life := append([]Event{event(starting, 0), event(started, 0)}, end...)
	at := from
	for i := range life {
		at = at.Add(drawnPause(t))
		life[i].ReceivedAt = at
	}
	return life
}

func drawnPause(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{
		time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 9 * time.Second, 11 * time.Second,
		40 * time.Second, 2 * time.Minute,
	}).Draw(t, "pause")
}

// session draws what arrives of a session of one to four recordings: some
// events are lost, some come twice, some come late, of different recordings.
func session(t *rapid.T) []Event {
	var arrived []Event
	at := epoch
	for number := range rapid.IntRange(1, 4).Draw(t, "recordings") {
		life := lifeOf(t, number, at)
		for _, ev := range life {
			deliveries := rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 2, 2, 3, 0}).Draw(t, "deliveries")
			for range deliveries {
				late := ev
				late.ReceivedAt = ev.ReceivedAt.Add(rapid.SampledFrom([]time.Duration{
					0, 0, 0, 0, 50 * time.Millisecond, 3 * time.Second, 15 * time.Second, 70 * time.Second,
				}).Draw(t, "delay"))
				arrived = append(arrived, late)
			}
		}
		at = life[len(life)-1].ReceivedAt.Add(drawnPause(t))
	}
	slices.SortStableFunc(arrived, func(a, b Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	return arrived
}

// TestSessions is I1 and I2: under loss, doubling, reordering, stale reads,
// writers that race and writers that die.
func TestSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		if rapid.IntRange(0, 9).Draw(t, "somebody's object") == 0 {
			index := rapid.Int32Range(1, 3).Draw(t, "at")
			w.object(index).put(foreign(index))
		}
		tasks := w.run(session(t), 3, true)
		for _, problem := range w.problems {
			t.Fatal(problem)
		}
		checkFiles(t, w, tasks)
		checkDeliveries(t, w, tasks)
	})
}

// checkFiles is I1: every file that was acknowledged is on one segment, and no
// file at all is on two.
func checkFiles(t *rapid.T, w *world, tasks []*task) {
	on := map[string]int{}
	for _, segment := range w.chain() {
		if segment.Status.File != nil {
			on[segment.Status.File.Path]++
		}
	}
	for path, count := range on {
		if count != 1 {
			t.Fatalf("file %s is on %d segments", path, count)
		}
	}
	for _, k := range tasks {
		if path := k.event.FilePath; k.acked && path != "" && on[path] != 1 {
			t.Fatalf("file %s was acknowledged and is on no segment", path)
		}
	}
}

// checkDeliveries is I2: every event that was acknowledged is counted, and none
// twice; and no write undid another.
func checkDeliveries(t *rapid.T, w *world, tasks []*task) {
	counted := map[v1alpha1.EventType]int{}
	for _, segment := range w.chain() {
		for _, e := range segment.Status.Events {
			if !isClients(e) {
				counted[e.Type] += int(e.Deliveries)
			}
		}
	}
	acked := map[v1alpha1.EventType]int{}
	for _, k := range tasks {
		if k.acked && k.event.Source != v1alpha1.EventSourceClient {
			acked[k.event.Type]++
		}
	}
	for _, eventType := range allTypes {
		if counted[eventType] != acked[eventType] || counted[eventType] != w.written[eventType] {
			t.Fatalf("%s: %d in status, %d acknowledged, %d written",
				eventType, counted[eventType], acked[eventType], w.written[eventType])
		}
	}
}

// TestOneRecordingRaced is I3 with writers that race: what arrives within the
// redelivery window, in any order, doubled, through stale reads.
func TestOneRecordingRaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		life := lifeOf(t, 0, epoch)
		var arrived []Event
		for _, ev := range life {
			for range rapid.IntRange(1, 3).Draw(t, "deliveries") {
				ev.ReceivedAt = epoch.Add(time.Duration(rapid.IntRange(0, 9_999_999).Draw(t, "at")) * time.Microsecond)
				arrived = append(arrived, ev)
			}
		}
		slices.SortStableFunc(arrived, func(a, b Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
		w := newWorld(t)
		tasks := w.run(arrived, 4, false)
		checkWholeRecording(t, w, life)
		checkFiles(t, w, tasks)
		checkDeliveries(t, w, tasks)
	})
}

// TestOneRecordingAtItsPace is I3 at the windows' full width: one writer, and
// every pause that the windows allow.
func TestOneRecordingAtItsPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var arrived []Event
		for _, ev := range lifeOf(t, 0, epoch) {
			for range rapid.IntRange(1, 4).Draw(t, "deliveries") {
				ev.ReceivedAt = epoch.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "second")) * time.Second)
				arrived = append(arrived, ev)
			}
		}
		slices.SortStableFunc(arrived, func(a, b Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
		arrived = withinWindows(arrived)
		w := newWorld(t)
		w.run(arrived, 1, false)
		checkWholeRecording(t, w, arrived)
	})
}

// withinWindows drops what arrives too late to be told from another recording.
func withinWindows(arrived []Event) []Event {
	var kept []Event
	var end time.Time
	last := map[v1alpha1.EventType]time.Time{}
	for _, ev := range arrived {
		at := ev.ReceivedAt
		seen, known := last[ev.Type]
		switch {
		case end.IsZero():
		case known && at.Sub(seen) <= testWindows.Redelivery:
		case (!known || !passing(ev)) && at.Sub(end) <= testWindows.Reorder:
		default:
			continue
		}
		kept = append(kept, ev)
		last[ev.Type] = at
		if end.IsZero() && !passing(ev) {
			end = at
		}
	}
	return kept
}

// checkWholeRecording is I3: one segment with every event of the recording, the
// state that the events tell and the file that they name.
func checkWholeRecording(t *rapid.T, w *world, life []Event) {
	want := segment(1, life...).Status
	chain := w.chain()
	if len(chain) != 1 {
		t.Fatalf("%d segments of one recording: %+v", len(chain), chain)
	}
	got := chain[0].Status
	if got.State != want.State || (got.File == nil) != (want.File == nil) || (got.File != nil && *got.File != *want.File) {
		t.Fatalf("state %s, file %v; want %s, %v", got.State, got.File, want.State, want.File)
	}
	if len(got.Events) != len(want.Events) {
		t.Fatalf("%d types of events, want %d", len(got.Events), len(want.Events))
	}
}
