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
// race for them. Each step of a writer is one request; what happens between two
// steps is drawn.

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
	// processes is true where a controller acts on what has ended.
	processes bool
	// written counts the deliveries that reached a status, acknowledged or not.
	written map[v1alpha1.EventType]int
	// problems are broken promises that show only while things happen.
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
	written  int // how many of decision.Writes are done

	done  bool
	acked bool
	// counted is how many deliveries the task added.
	counted int
}

func (w *world) newTask(ev Event) *task {
	return &task{world: w, event: ev, step: (*task).read}
}

// again starts over with reads that are up to date.
func (k *task) again() {
	k.fresh, k.chain, k.written = true, nil, 0
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
	if k.decision.NeedsFreshRead && !k.fresh {
		k.again()
		return
	}
	k.step = (*task).write
}

// write does the next write that the decision asks for.
func (k *task) write() {
	if k.written == len(k.decision.Writes) {
		k.done, k.acked = true, true
		return
	}
	write := k.decision.Writes[k.written]
	if write.New {
		k.create(write)
		return
	}
	k.patch(write, k.chain[write.Segment-1])
}

func (k *task) create(write Write) {
	o := k.world.object(write.Segment)
	if o.now().exists {
		k.again()
		return
	}
	created := Segment{Index: write.Segment, Status: v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}}}
	o.put(created)
	k.step = func(k *task) { k.patch(write, created) }
}

// patch replaces the status if it is still the one that was read. Where it adds
// a file to a segment that has ended, processing must not have begun either.
func (k *task) patch(write Write, read Segment) {
	o := k.world.object(write.Segment)
	current := o.now().segment
	addsFile := read.Status.File == nil && write.Status.File != nil
	if !reflect.DeepEqual(current.Status, read.Status) || (addsFile && !read.Open() && current.Processed != read.Processed) {
		k.again()
		return
	}
	k.world.check(current, write.Status)
	added := deliveries(write.Status, k.event.Type) - deliveries(current.Status, k.event.Type)
	current.Status = write.Status
	o.put(current)
	k.counted += added
	k.world.written[k.event.Type] += added
	k.written++
	k.step = (*task).write
	if k.written == len(k.decision.Writes) {
		k.done, k.acked = true, true
	}
}

// deliveries counts those of a type, without clients'.
func deliveries(status v1alpha1.RecordingStatus, eventType v1alpha1.EventType) int {
	if entry := find(status, eventType); entry != nil {
		return int(entry.Deliveries)
	}
	return 0
}

// check compares a write with what must never happen.
func (w *world) check(before Segment, after v1alpha1.RecordingStatus) {
	if rank(after.State) < rank(before.Status.State) {
		w.problems = append(w.problems, "a state went back")
	}
	switch {
	case before.Status.File == nil && after.File != nil && before.Processed && !before.Open():
		w.problems = append(w.problems, "a file arrived after its recording was processed")
	case before.Status.File != nil && (after.File == nil || before.Status.File.Path != after.File.Path):
		w.problems = append(w.problems, "a file was replaced")
	}
}

// process has the controller act on a segment that has ended.
func (w *world) process() {
	index := rapid.Int32Range(1, 4).Draw(w.t, "process")
	if now := w.object(index).now(); now.exists && !now.segment.Foreign && !now.segment.Open() {
		now.segment.Processed = true
		w.object(index).put(now.segment)
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
		if w.processes && rapid.IntRange(0, 19).Draw(w.t, "controller") == 19 {
			w.process()
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
