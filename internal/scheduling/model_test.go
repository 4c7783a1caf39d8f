// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scheduling_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// world is a controller around queues, and an API server with Jobs whose creation and end are seen late.
type world struct {
	t      *rapid.T
	queues *scheduling.Queues
	limit  int
	now    time.Time

	// wants are the recordings that want a Job, due those that are to be looked at.
	wants map[int]bool
	due   map[int]bool
	// jobs exist and have not ended; done are recordings whose Job has.
	jobs, done map[int]bool
	// loose says that the limit was changed while Jobs were at work, so that more than the limit may be.
	loose bool
}

func (w *world) wake(names []string) {
	for n := range w.wants {
		if slices.Contains(names, rec(n).Name) {
			w.due[n] = true
		}
	}
}

// stop ends a recording: it is to be reconciled.
func (w *world) stop(n int) {
	w.wants[n], w.due[n] = true, true
}

// look is what the controller does with a recording that is to be looked at.
func (w *world) look(n int) {
	delete(w.due, n)
	var requests []scheduling.Request
	if w.wants[n] && !w.jobs[n] && !w.done[n] {
		requests = []scheduling.Request{request(rec(n), 0)}
	}
	answers, again, wake := w.queues.Ask(rec(n), requests, w.now)
	w.wake(others(wake, rec(n)))
	if again > 0 {
		w.due[n] = true
	}
	if len(requests) == 0 {
		return
	}
	answer := answers[requests[0].Job]
	if !answer.Granted {
		return
	}
	if rapid.IntRange(0, 9).Draw(w.t, "refused") == 0 {
		w.wake(w.queues.Ended(requests[0].Job))
		w.due[n] = true
		return
	}
	w.jobs[n] = true
	if rapid.Bool().Draw(w.t, "answered") { // else the API server created the Job without an answer
		w.queues.Created(requests[0].Job)
	}
	if len(w.jobs) > w.limit && w.limit > 0 && !w.loose {
		w.t.Fatalf("%d Jobs at work, the limit is %d", len(w.jobs), w.limit)
	}
}

func (w *world) end(n int) {
	delete(w.jobs, n)
	w.done[n] = true
	w.wake(w.queues.Ended(request(rec(n), 0).Job))
}

// restart loses all memory: a controller that starts afresh is notified of Jobs, limit and recordings first, and then looks at all.
func (w *world) restart() {
	w.queues = scheduling.New()
	w.queues.SetLimits("p", scheduling.Limits{Pipeline: w.limit})
	for n := range w.jobs {
		w.queues.Started(scheduling.Step{Pipeline: "p"}, request(rec(n), 0).Job)
	}
	for n := range w.wants {
		if !w.jobs[n] && !w.done[n] {
			w.stop(n)
		}
	}
}

func keys(set map[int]bool) []int {
	list := make([]int, 0, len(set))
	for n := range set {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// step is one thing that happens.
func (w *world) step() {
	pick := func(set map[int]bool) (int, bool) {
		if len(set) == 0 {
			return 0, false
		}
		return rapid.SampledFrom(keys(set)).Draw(w.t, "which"), true
	}
	switch rapid.SampledFrom([]string{"stop", "stop", "look", "look", "look", "end", "end", "seen", "limit", "restart", "suspend"}).Draw(w.t, "what") {
	case "stop":
		if n := rapid.IntRange(0, 40).Draw(w.t, "recording"); !w.wants[n] && !w.done[n] {
			w.stop(n)
		}
	case "look":
		if n, ok := pick(w.due); ok {
			w.look(n)
		}
	case "end":
		if n, ok := pick(w.jobs); ok {
			w.end(n)
		}
	case "seen":
		if n, ok := pick(w.jobs); ok {
			w.wake(w.queues.Started(scheduling.Step{Pipeline: "p"}, request(rec(n), 0).Job))
		}
	case "limit":
		limit := rapid.IntRange(0, 4).Draw(w.t, "limit")
		w.loose = len(w.jobs) > 0
		w.limit = limit
		w.wake(w.queues.SetLimits("p", scheduling.Limits{Pipeline: limit}))
	case "restart":
		w.restart()
	case "suspend":
		if n, ok := pick(w.wants); ok && !w.jobs[n] && !w.done[n] {
			delete(w.wants, n)
			w.due[n] = true
		}
	}
}

// Whatever happens, in whatever order recordings are looked at: never more Jobs than the limit, and every recording that
// wants a slot gets it in the end, although none asks unless it is woken.
func TestQueues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{
			t: t, queues: scheduling.New(), limit: rapid.IntRange(1, 4).Draw(t, "limit at first"), now: noon,
			wants: make(map[int]bool), due: make(map[int]bool), jobs: make(map[int]bool), done: make(map[int]bool),
		}
		w.queues.SetLimits("p", scheduling.Limits{Pipeline: w.limit})
		for range rapid.IntRange(0, 120).Draw(t, "length") {
			w.step()
			w.loose = w.loose && len(w.jobs) > w.limit
		}
		w.finish()
	})
}

// finish looks at whoever is to be looked at and ends all Jobs, until nothing happens any more.
func (w *world) finish() {
	for rounds := 0; len(w.due)+len(w.jobs) > 0; rounds++ {
		if rounds > 10_000 {
			w.t.Fatalf("it does not end: due %v, Jobs %v", keys(w.due), keys(w.jobs))
		}
		w.now = w.now.Add(scheduling.GrantTTL)
		for _, n := range keys(w.due) {
			w.look(n)
		}
		for _, n := range keys(w.jobs) {
			w.end(n)
		}
	}
	for n := range w.wants {
		if !w.done[n] {
			w.t.Fatalf("recording %d waits for ever", n)
		}
	}
	w.queues.SetLimits("p", scheduling.Limits{Pipeline: 0})
	if !w.queues.Empty() {
		w.t.Fatal("all is over, and something is remembered")
	}
}

// Thousands that wait cost each of them a little, not each of them all.
func BenchmarkFiveThousand(b *testing.B) {
	const all = 5000
	recordings := make(map[string]scheduling.Recording, all)
	for n := range all {
		recordings[rec(n).Name] = rec(n)
	}
	for b.Loop() {
		l := limited(5)
		var served []string
		for n := range all {
			r := rec((n * 2741) % all) // each once, in no order
			if answer, _ := ask(l, r); answer.Granted {
				served = append(served, r.Name)
			}
		}
		for at := range all {
			if at >= len(served) {
				b.Fatalf("nobody is served after %d", at)
			}
			for _, name := range l.Ended(served[at] + "-0") {
				if answer, _ := ask(l, recordings[name]); answer.Granted {
					served = append(served, name)
				}
			}
		}
	}
}
