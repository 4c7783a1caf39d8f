// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// lifeOf draws the events of one recording, in the order in which the provider
// sends them, from the given moment on.
func lifeOf(t *rapid.T, number int, from time.Time) []Event {
	path := fmt.Sprintf("/encoded/videos/%024x.mp4", number)
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

// idsOf are ways in which a provider may send ids. number counts the
// recordings, position the events of one.
var idsOf = map[string]func(t *rapid.T, number, position int) string{
	"none": func(*rapid.T, int, int) string { return "" },
	"all":  func(_ *rapid.T, number, _ int) string { return fmt.Sprint("recording ", number) },
	"some": func(t *rapid.T, number, _ int) string {
		if rapid.Bool().Draw(t, "has an id") {
			return fmt.Sprint("recording ", number)
		}
		return ""
	},
	"another on every event": func(_ *rapid.T, number, position int) string { return fmt.Sprint(number, "/", position) },
	"one for the session":    func(*rapid.T, int, int) string { return "session" },
}

func drawIDs(t *rapid.T) func(t *rapid.T, number, position int) string {
	ways := slices.Sorted(maps.Keys(idsOf))
	return idsOf[rapid.SampledFrom(ways).Draw(t, "ids")]
}

// session draws what arrives of a session of one to four recordings, which may
// overlap: some events are lost, some come twice, some come late, of different
// recordings. The provider may list the files as well.
func session(t *rapid.T) []Event {
	arrived, _ := listedSession(t)
	return arrived
}

// listedSession is session with what the provider lists of it in the end.
func listedSession(t *rapid.T) (arrived, files []Event) {
	id := drawIDs(t)
	overlap := rapid.Bool().Draw(t, "overlap")
	at := epoch
	for number := range rapid.IntRange(1, 4).Draw(t, "recordings") {
		life := lifeOf(t, number, at)
		for position, ev := range life {
			ev.ID = id(t, number, position)
			count := rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 2, 2, 3, 0}).Draw(t, "deliveries")
			for range count {
				late := ev
				late.ReceivedAt = ev.ReceivedAt.Add(rapid.SampledFrom([]time.Duration{
					0, 0, 0, 0, 50 * time.Millisecond, 3 * time.Second, 15 * time.Second, 70 * time.Second,
				}).Draw(t, "delay"))
				arrived = append(arrived, late)
			}
			if ev.FilePath == "" {
				continue
			}
			listed := backfilled(ev.FilePath, 0)
			listed.ID, listed.ReceivedAt = ev.ID, ev.ReceivedAt
			listed.FilePath = fmt.Sprintf("uploads/videos/%024x.mp4", number)
			files = append(files, listed)
			if rapid.IntRange(0, 3).Draw(t, "listed") == 3 {
				arrived = append(arrived, listed)
			}
		}
		at = life[len(life)-1].ReceivedAt.Add(drawnPause(t))
		if overlap {
			at = life[rapid.IntRange(0, len(life)-1).Draw(t, "next begins after")].ReceivedAt.Add(time.Millisecond)
		}
	}
	slices.SortStableFunc(arrived, func(a, b Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	for i := range arrived {
		arrived[i].ReceivedAt = arrived[i].ReceivedAt.Add(time.Duration(i) * time.Microsecond) // no two arrive at the same time
	}
	return arrived, files
}

// jumpClock has the receiver's clock jump between two of the events. What the
// provider lists has the provider's time.
func jumpClock(t *rapid.T, arrived []Event) []Event {
	if rapid.IntRange(0, 3).Draw(t, "the clock jumps") > 0 {
		return arrived
	}
	from := rapid.IntRange(0, len(arrived)).Draw(t, "before")
	by := rapid.SampledFrom([]time.Duration{
		-24 * time.Hour, -3 * time.Minute, -30 * time.Second, -time.Second, 5 * time.Second, 45 * time.Second, 3 * time.Minute, time.Hour,
	}).Draw(t, "by")
	for i := range arrived[from:] {
		if arrived[from+i].Source != v1alpha1.EventSourceBackfill {
			arrived[from+i].ReceivedAt = arrived[from+i].ReceivedAt.Add(by)
		}
	}
	return arrived
}

// TestSessions is I1 and I2: under loss, doubling, reordering, stale reads,
// writers that race and writers that die.
func TestSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.processes = true
		if rapid.IntRange(0, 9).Draw(t, "somebody's object") == 0 {
			index := rapid.Int32Range(1, 3).Draw(t, "at")
			w.object(index).put(foreign(index))
		}
		tasks := w.run(jumpClock(t, session(t)), 3, true)
		for _, problem := range w.problems {
			t.Fatal(problem)
		}
		checkFiles(t, w, tasks)
		checkDeliveries(t, w, tasks)
	})
}

// TestListedSessions is I4: whatever webhooks were lost, every file that the
// provider lists ends on exactly one segment, though two replicas of backfill,
// whose clocks differ, read what is out of date, race and die.
func TestListedSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.processes = true
		arrived, files := listedSession(t)
		w.run(jumpClock(t, arrived), 3, true)
		skew := rapid.SampledFrom([]time.Duration{-5 * time.Minute, 0, 0, 2 * time.Minute}).Draw(t, "skew")
		for i := range files {
			files[i].ReceivedAt = files[i].ReceivedAt.Add(skew)
		}
		if len(files) > 0 {
			w.run(rapid.Permutation(append(files, files...)).Draw(t, "two replicas"), 4, true)
		}
		tasks := w.run(files, 2, false)
		for _, problem := range w.problems {
			t.Fatal(problem)
		}
		checkFiles(t, w, tasks) // all of these are acknowledged
	})
}

// checkFiles is I1: every file that was acknowledged is on one segment, and no
// file at all is on two.
func checkFiles(t *rapid.T, w *world, tasks []*task) {
	on := map[string]int{}
	for _, segment := range w.chain() {
		if segment.Status.File != nil {
			on[FileID(segment.Status.File.Path)]++
		}
	}
	for path, count := range on {
		if count != 1 {
			t.Fatalf("file %s is on %d segments", path, count)
		}
	}
	for _, k := range tasks {
		if file := k.event.fileID(); k.acked && file != "" && on[file] != 1 {
			t.Fatalf("file %s was acknowledged and is on no segment", file)
		}
	}
}

// checkDeliveries is I2: every event that was acknowledged is counted, and none
// twice; and no write undid another. What the provider lists is no delivery
// where the file is there.
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
		if !k.acked || k.event.Source == v1alpha1.EventSourceClient {
			continue
		}
		if k.counted != 1 && (k.event.Source != v1alpha1.EventSourceBackfill || k.counted != 0) {
			t.Fatalf("%s was acknowledged and counted %d times", k.event.Type, k.counted)
		}
		acked[k.event.Type] += k.counted
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
		id := drawIDs(t)
		var arrived []Event
		for position, ev := range life {
			ev.ID = id(t, 0, position)
			for range rapid.IntRange(1, 3).Draw(t, "deliveries") {
				ev.ReceivedAt = epoch.Add(time.Duration(rapid.IntRange(0, 9_998).Draw(t, "at"))*time.Millisecond + time.Duration(len(arrived))*time.Microsecond)
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
		id := drawIDs(t)
		var arrived []Event
		for position, ev := range lifeOf(t, 0, epoch) {
			ev.ID = id(t, 0, position)
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
		case (!known || !isBeforeEnd(ev)) && at.Sub(end) <= testWindows.Reorder:
		default:
			continue
		}
		kept = append(kept, ev)
		last[ev.Type] = at
		if end.IsZero() && !isBeforeEnd(ev) {
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
	if got.State != want.State || (got.File == nil) != (want.File == nil) || (got.File != nil && got.File.Path != want.File.Path) {
		t.Fatalf("state %s, file %v; want %s, %v", got.State, got.File, want.State, want.File)
	}
	if len(got.Events) != len(want.Events) {
		t.Fatalf("%d types of events, want %d", len(got.Events), len(want.Events))
	}
}

// placeAll places events one after another, each on what is up to date.
func placeAll(events []Event) []Segment {
	var chain []Segment
	for _, ev := range events {
		chain = store(chain, Place(chain, ev, testWindows))
	}
	return chain
}

// TestUniqueIDsChangeNothing has a provider that sends another id with every
// event: everything is placed as if it sent none.
func TestUniqueIDsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		without := jumpClock(t, session(t))
		with := slices.Clone(without)
		for i := range without {
			without[i].ID, with[i].ID = "", fmt.Sprint("event ", i)
		}
		want, got := placeAll(without), placeAll(with)
		for _, s := range got {
			for i := range s.Status.Events {
				s.Status.Events[i].ID = ""
			}
		}
		for i := range got {
			got[i].Status.ProviderID = ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("ids made a difference (-without +with):\n%s", diff)
		}
	})
}

// TestOverlappingRecordingsWithIDs has recordings that begin while others go
// on, each once the one before was started. Their ids keep them apart,
// whatever arrives twice, through stale reads and writers that race.
func TestOverlappingRecordingsWithIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(2, 4).Draw(t, "recordings")
		var rest, arrived []Event
		begin := func(i int) []Event {
			id := fmt.Sprint("recording ", i)
			rest = append(rest, withID(id, event(stopping, 0)), withID(id, stoppedWith(fmt.Sprintf("/%d.mp4", i), 0)))
			return []Event{withID(id, event(starting, 0)), withID(id, event(started, 0))}
		}
		for i := range number {
			arrived = append(arrived, begin(i)...)
		}
		arrived = append(arrived, rapid.Permutation(rest).Draw(t, "ends")...)
		for i := range arrived {
			arrived[i].ReceivedAt = epoch.Add(time.Duration(i) * time.Second)
			if rapid.IntRange(0, 3).Draw(t, "again") == 3 {
				arrived = append(arrived, arrived[i])
			}
		}
		w := newWorld(t)
		w.run(arrived, 1, false)
		chain := w.chain()
		if len(chain) != number {
			t.Fatalf("%d segments of %d recordings", len(chain), number)
		}
		for _, s := range chain {
			if s.Status.ProviderID != fmt.Sprint("recording ", s.Index-1) || len(s.Status.Events) != 4 ||
				s.Status.File == nil || s.Status.File.Path != fmt.Sprintf("/%d.mp4", s.Index-1) {
				t.Fatalf("segment %d: %+v", s.Index, s.Status)
			}
		}
	})
}
