// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// A world is an API server with one session's objects, and the writers that
// race for them. Each step of a writer is one request; what may happen between
// two steps is drawn.

// object is one name of the chain. It keeps its past, for stale reads.
type object struct {
	past []version // past[0] is before it was created
}

type version struct {
	exists  bool
	segment Segment
}

func (o *object) now() version { return o.past[len(o.past)-1] }

func (o *object) put(s Segment) { o.past = append(o.past, version{true, s}) }

type world struct {
	t       *rapid.T
	objects map[int32]*object
	// written counts the deliveries that reached a status, acknowledged or not.
	written map[v1alpha1.EventType]int
	// problems are broken promises that only show while things happen.
	problems []string
}

func newWorld(t *rapid.T) *world {
	return &world{t: t, objects: map[int32]*object{}, written: map[v1alpha1.EventType]int{}}
}

func (w *world) object(index int32) *object {
	if w.objects[index] == nil {
		w.objects[index] = &object{past: []version{{}}}
	}
	return w.objects[index]
}

// chain returns the objects as they are, up to the first name that is free.
func (w *world) chain() []Segment {
	var chain []Segment
	for index := int32(1); w.object(index).now().exists; index++ {
		chain = append(chain, w.object(index).now().segment)
	}
	return chain
}

// task is one writer with one delivery. It is a receiver in small.
type task struct {
	world *world
	event Event

	step     func(*task)
	fresh    bool
	chain    []Segment
	decision Decision
	settled  int // how many of decision.Settle are done

	done  bool
	acked bool
}

func (w *world) newTask(ev Event) *task {
	return &task{world: w, event: ev, step: (*task).read}
}

// again starts over with reads that are up to date.
func (k *task) again() {
	k.fresh, k.chain, k.settled = true, nil, 0
	k.step = (*task).read
}

// read reads the next segment of the chain, possibly as it was before.
func (k *task) read() {
	next := k.world.object(nextIndex(k.chain))
	at := len(next.past) - 1
	if !k.fresh && at > 0 {
		at -= rapid.IntRange(0, min(at, 3)).Draw(k.world.t, "stale by")
	}
	if !next.past[at].exists {
		k.decide()
		return
	}
	k.chain = append(k.chain, next.past[at].segment)
	if !NeedsNext(next.past[at].segment, k.event) {
		k.decide()
	}
}

func (k *task) decide() {
	k.decision = Place(k.chain, k.event, testWindows)
	if (k.decision.Begins || (k.decision.New && k.decision.Segment > 1)) && !k.fresh {
		k.again()
		return
	}
	k.step = (*task).write
}

// write does the next write that the decision asks for.
func (k *task) write() {
	switch {
	case k.decision.Unchanged:
		k.done, k.acked = true, true
	case k.settled < len(k.decision.Settle):
		k.settle(k.decision.Settle[k.settled])
	case k.decision.New:
		k.create()
	default:
		k.patch(k.chain[k.decision.Segment-1].Status)
	}
}

func (k *task) settle(index int32) {
	o := k.world.object(index)
	s := o.now().segment
	if !reflect.DeepEqual(s.Status, k.chain[index-1].Status) {
		k.again()
		return
	}
	s.Settled, s.Status.Settled = true, true
	o.put(s)
	k.settled++
}

func (k *task) create() {
	o := k.world.object(k.decision.Segment)
	if o.now().exists {
		k.again()
		return
	}
	if previous := k.decision.Segment - 1; previous > 0 && k.world.object(previous).now().segment.Open() {
		k.world.problems = append(k.world.problems, "a segment was created behind an open one")
	}
	o.put(Segment{Index: k.decision.Segment, Status: v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}}})
	k.step = func(k *task) { k.patch(v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}}) }
}

// patch replaces the status if it is still the tested one.
func (k *task) patch(tested v1alpha1.RecordingStatus) {
	o := k.world.object(k.decision.Segment)
	current := o.now().segment
	if !reflect.DeepEqual(current.Status, tested) {
		k.again()
		return
	}
	k.world.check(current.Status, k.decision.Status)
	current.Status = k.decision.Status
	o.put(current)
	if k.event.Source != v1alpha1.EventSourceClient {
		k.world.written[k.event.Type]++
	}
	k.done, k.acked = true, true
}

// check holds a write against what must never happen.
func (w *world) check(before, after v1alpha1.RecordingStatus) {
	if rank(after.State) < rank(before.State) {
		w.problems = append(w.problems, "a state went back")
	}
	if before.File != nil && !reflect.DeepEqual(before.File, after.File) {
		w.problems = append(w.problems, "a file was replaced")
	}
}

// run lets the deliveries arrive in their order, at most concurrent at a time,
// and interleaves the writers' steps as drawn. A writer may die between two
// steps; then its delivery is not acknowledged. It returns every task.
func (w *world) run(events []Event, concurrent int, mayDie bool) []*task {
	var all, running []*task
	for len(events) > 0 || len(running) > 0 {
		choices := len(running)
		if len(events) > 0 && len(running) < concurrent {
			choices++
		}
		choice := 0
		if choices > 1 {
			choice = rapid.IntRange(0, choices-1).Draw(w.t, "turn")
		}
		if choice == len(running) {
			running = append(running, w.newTask(events[0]))
			all = append(all, running[choice])
			events = events[1:]
			continue
		}
		current := running[choice]
		current.step(current)
		if mayDie && !current.done && rapid.IntRange(0, 29).Draw(w.t, "dies") == 29 {
			current.done = true
		}
		if current.done {
			running = slices.Delete(running, choice, choice+1)
		}
	}
	return all
}
