// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// race runs replicas against one store, one call at a time, in a drawn order.
type race struct {
	// dice decides what happens next. It is seeded by rapid, which cannot be
	// asked from within the bubble.
	dice  *rand.Rand
	store *memoryStore
	turn  chan chan struct{} // a replica that wants to make its next call
	ended chan struct{}
}

// replica writes its batches, one after another.
func (r *race) replica(batches [][]lifecycle.Event, acked chan<- lifecycle.Event) {
	w := &Writer{Store: r.store, Windows: testWindows}
	for _, batch := range batches {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		for i, written := range w.Write(ctx, session, batch) {
			if written.Err == nil {
				acked <- batch[i]
			}
		}
		cancel()
	}
	r.ended <- struct{}{}
}

// referee grants the calls until every replica has ended.
func (r *race) referee(replicas int) {
	var waiting []chan struct{}
	for replicas > 0 {
		// Everybody waits for a turn, pauses, or has ended.
		synctest.Wait()
		for drained := false; !drained; {
			select {
			case grant := <-r.turn:
				waiting = append(waiting, grant)
			case <-r.ended:
				replicas--
			default:
				drained = true
			}
		}
		if len(waiting) == 0 {
			if replicas > 0 {
				<-time.After(time.Millisecond) // of the bubble's clock: somebody pauses
			}
			continue
		}
		next := 0
		if len(waiting) > 1 {
			next = r.dice.IntN(len(waiting))
		}
		close(waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
}

// TestReplicasRace is I1 and I2 of the real Writer: replicas whose calls
// interleave in every way, whose reads are outdated, and whose calls fail.
func TestReplicasRace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		work := make([][][]lifecycle.Event, rapid.IntRange(1, 3).Draw(rt, "replicas"))
		for _, ev := range deliveries(rt) {
			to := rapid.IntRange(0, len(work)-1).Draw(rt, "replica")
			if n := len(work[to]); n > 0 && rapid.Bool().Draw(rt, "same batch") {
				work[to][n-1] = append(work[to][n-1], ev)
			} else {
				work[to] = append(work[to], []lifecycle.Event{ev})
			}
		}
		seed := rapid.Uint64().Draw(rt, "seed")
		acked := make(chan lifecycle.Event, 256)
		store := newMemoryStore()
		synctest.Test(t, func(*testing.T) { raceOnce(seed, store, work, acked) })
		close(acked)
		checkRace(rt, store, acked)
	})
}

// raceOnce lets one replica for each list of batches work on the store.
func raceOnce(seed uint64, store *memoryStore, work [][][]lifecycle.Event, acked chan<- lifecycle.Event) {
	r := &race{
		dice: rand.New(rand.NewPCG(seed, 0)), store: store,
		turn: make(chan chan struct{}, len(work)), ended: make(chan struct{}, len(work)),
	}
	store.stale = func(versions int) int { return r.dice.IntN(min(versions, 3) + 1) }
	await := func() {
		grant := make(chan struct{})
		r.turn <- grant
		<-grant
	}
	store.seen = func(string) bool {
		await()
		return r.dice.IntN(2) == 0
	}
	store.hook = func(string, string) error {
		await()
		if r.dice.IntN(20) == 0 {
			return errors.New("connection reset")
		}
		return nil
	}
	for _, batches := range work {
		go r.replica(batches, acked)
	}
	r.referee(len(work))
}

// deliveries are those of up to three recordings, some of them lost or doubled.
func deliveries(t *rapid.T) []lifecycle.Event {
	var all []lifecycle.Event
	second := 0.0
	for number := range rapid.IntRange(1, 3).Draw(t, "recordings") {
		path := fmt.Sprintf("/%d.mp4", number)
		end := [][]lifecycle.Event{
			{event(stopped, 0, path)}, {event(failed, 0)}, {event(failed, 0), event(stopped, 0, path)},
		}[rapid.IntRange(0, 2).Draw(t, "end")]
		for _, ev := range append([]lifecycle.Event{event(starting, 0), event(started, 0)}, end...) {
			for range rapid.IntRange(0, 2).Draw(t, "deliveries") {
				second += rapid.SampledFrom([]float64{0.001, 1, 12, 70}).Draw(t, "pause")
				ev.ReceivedAt = event(ev.Type, second).ReceivedAt
				all = append(all, ev)
			}
		}
	}
	return all
}

func checkRace(t *rapid.T, store *memoryStore, acked <-chan lifecycle.Event) {
	on := map[string]int{}
	counted := map[v1alpha1.EventType]int{}
	chain := store.chain()
	for i, object := range chain {
		if file := object.Recording.File; file != nil {
			on[file.Path]++
		}
		for _, e := range object.Recording.Events {
			counted[e.Type] += int(e.Deliveries)
		}
		if i < len(chain)-1 && object.segment(session, int32(i+1)).Open() {
			t.Fatalf("segment %d is open and has a successor", i+1)
		}
	}
	for path, objects := range on {
		if objects != 1 {
			t.Fatalf("file %s is on %d objects", path, objects)
		}
	}
	promised := map[v1alpha1.EventType]int{}
	for ev := range acked {
		promised[ev.Type]++
		if ev.FilePath != "" && on[ev.FilePath] != 1 {
			t.Fatalf("file %s was acknowledged and is on no object", ev.FilePath)
		}
	}
	for eventType, count := range promised {
		if counted[eventType] != count {
			t.Fatalf("%s: %d acknowledged, %d in status", eventType, count, counted[eventType])
		}
	}
}
