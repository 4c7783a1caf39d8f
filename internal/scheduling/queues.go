// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scheduling

import (
	"slices"
	"time"
)

// GrantTTL is how long a granted slot stays taken that is not requested any more, unless the Job is seen before: the API server may
// have created a Job although it did not answer.
const GrantTTL = 10 * time.Second

// Answer is the answer to a request.
type Answer struct {
	// Granted reports whether the Job may be created now.
	Granted bool
	// Position is the position in the queue, starting at 1, and Of the length of the queue. Both are 0 if Granted.
	Position, Of int
}

// Queues are the queues of one namespace.
type Queues struct {
	queues map[string]*queue
	// jobs has every request that waits and every Job that has a slot.
	jobs map[string]*entry
	// requested has those of them that a recording requested itself: they wait, or have a slot and no Job yet that was seen.
	requested map[string]map[string]*entry
}

type queue struct {
	// limit is how many may have a slot at once; 0 is no limit.
	limit   int
	waiting sorted[place]
	// taken counts the slots that are taken.
	taken int
}

type entry struct {
	place
	state state
	// until is until when a slot stays taken that is not requested any more; zero if the recording does not know about it.
	until time.Time
}

type state int

const (
	waiting state = iota
	granted
	running
)

// New returns empty queues.
func New() *Queues {
	return &Queues{
		queues:    make(map[string]*queue),
		jobs:      make(map[string]*entry),
		requested: make(map[string]map[string]*entry),
	}
}

// SetLimit sets how many Jobs of the queue may run at once; 0 is no limit. Running Jobs continue; slots that no recording knows about
// yet are withdrawn if they are too many.
func (q *Queues) SetLimit(name string, limit int) (wake []string) {
	queue := q.queue(name)
	queue.limit = limit
	if limit > 0 && queue.taken > limit {
		q.withdraw(queue, name)
	}
	wake = q.grant()
	q.tidy(name, queue)
	return wake
}

// withdraw puts the last of those that were granted a slot, and do not know it, back into the queue.
func (q *Queues) withdraw(queue *queue, name string) {
	var unknown []*entry
	for _, of := range q.requested {
		for _, e := range of {
			if e.state == granted && e.Queue == name && e.until.IsZero() {
				unknown = append(unknown, e)
			}
		}
	}
	slices.SortFunc(unknown, func(a, b *entry) int { return b.compare(a.place) })
	for _, e := range unknown[:min(len(unknown), queue.taken-queue.limit)] {
		e.state = waiting
		queue.taken--
		queue.waiting.add(e.place)
	}
}

// Ask has all requests of a recording, each time that it is reconciled: what it requested before and does not any more is given up.
// The answers are by name of the Job; again is when to ask again even if nothing happens, 0 for never.
func (q *Queues) Ask(recording Recording, requests []Request, now time.Time,
) (answers map[string]Answer, again time.Duration, wake []string) {
	again = q.giveUp(recording.Name, requests, now)
	for _, request := range requests {
		q.enter(place{recording, request})
	}
	wake = q.grant()
	answers = make(map[string]Answer, len(requests))
	for _, request := range requests {
		answers[request.Job] = q.answer(q.jobs[request.Job], now)
	}
	return answers, again, wake
}

func (q *Queues) answer(e *entry, now time.Time) Answer {
	if e.state != waiting {
		e.until = now.Add(GrantTTL)
		return Answer{Granted: true}
	}
	waiting := &q.queue(e.Queue).waiting
	at, _ := waiting.find(e.place)
	return Answer{Position: at + 1, Of: len(waiting.items)}
}

// giveUp removes what the recording requested and does not any more. It returns how long a slot stays taken that it knows about.
func (q *Queues) giveUp(recording string, requests []Request, now time.Time) (again time.Duration) {
	wanted := make(map[string]bool, len(requests))
	for _, request := range requests {
		wanted[request.Job] = true
	}
	for job, e := range q.requested[recording] {
		if wanted[job] {
			continue
		}
		if left := e.until.Sub(now); e.state == granted && left > 0 {
			if again == 0 || left < again {
				again = left
			}
			continue
		}
		q.remove(e)
	}
	return again
}

// enter adds a request to its queue, unless it is there, or had a slot.
func (q *Queues) enter(p place) {
	if known, ok := q.jobs[p.Job]; ok {
		if known.state != waiting || known.place == p {
			return
		}
		q.remove(known)
	}
	e := &entry{place: p}
	q.jobs[p.Job] = e
	q.own(e)
	q.queue(p.Queue).waiting.add(p)
}

// Started reports that a Job exists and has not ended, whoever created it.
func (q *Queues) Started(name, job string) (wake []string) {
	e, ok := q.jobs[job]
	if ok && e.Queue != name { // the limits have changed, or the Job is not what was requested
		q.remove(e)
		ok = false
	}
	switch {
	case !ok:
		e = &entry{place: place{Request: Request{Queue: name, Job: job}}}
		q.jobs[job] = e
		q.queue(name).taken++
	case e.state == waiting:
		queue := q.queue(name)
		queue.waiting.remove(e.place)
		queue.taken++
	}
	q.disown(e)
	e.state = running
	return q.grant()
}

// Extend reports that the recording knows that the Job exists: its slot stays taken until the time, even if it is not requested any more
// and the Job is not seen.
func (q *Queues) Extend(job string, until time.Time) {
	if e, ok := q.jobs[job]; ok && e.state == granted && e.until.Before(until) {
		e.until = until
	}
}

// Ended reports that a Job has ended, is gone, is suspended, or could not be created: its slot is free.
func (q *Queues) Ended(job string) (wake []string) {
	e, ok := q.jobs[job]
	if !ok || e.state == waiting {
		return nil
	}
	q.remove(e)
	return q.grant()
}

// Length is the length of a queue.
type Length struct {
	// Limit is how many may have a slot at once; 0 is no limit.
	Limit int
	// Waiting counts the requests that wait, Taken the slots that are taken.
	Waiting, Taken int
}

// Lengths returns the length of each queue that has a limit or requests that wait.
func (q *Queues) Lengths() map[string]Length {
	lengths := make(map[string]Length)
	for name, queue := range q.queues {
		if queue.limit > 0 || len(queue.waiting.items) > 0 {
			lengths[name] = Length{Limit: queue.limit, Waiting: len(queue.waiting.items), Taken: queue.taken}
		}
	}
	return lengths
}

// Empty reports whether there is nothing to remember: no limit and no slot.
func (q *Queues) Empty() bool { return len(q.queues) == 0 }

func (q *Queues) own(e *entry) {
	of, ok := q.requested[e.Name]
	if !ok {
		of = make(map[string]*entry)
		q.requested[e.Name] = of
	}
	of[e.Job] = e
}

func (q *Queues) disown(e *entry) {
	delete(q.requested[e.Name], e.Job)
	if len(q.requested[e.Name]) == 0 {
		delete(q.requested, e.Name)
	}
}

// remove forgets an entry, and its queue if that was the last of it.
func (q *Queues) remove(e *entry) {
	queue := q.queue(e.Queue)
	if e.state == waiting {
		queue.waiting.remove(e.place)
	} else {
		queue.taken--
	}
	delete(q.jobs, e.Job)
	q.disown(e)
	q.tidy(e.Queue, queue)
}

// tidy forgets a queue of which there is nothing to remember.
func (q *Queues) tidy(name string, queue *queue) {
	if queue.limit == 0 && queue.taken == 0 && len(queue.waiting.items) == 0 {
		delete(q.queues, name)
	}
}

func (q *Queues) queue(name string) *queue {
	known, ok := q.queues[name]
	if !ok {
		known = &queue{waiting: sorted[place]{compare: place.compare}}
		q.queues[name] = known
	}
	return known
}

// grant gives slots to those that are first, as far as the limits allow, and returns which recordings to reconcile.
func (q *Queues) grant() (wake []string) {
	for _, queue := range q.queues {
		for len(queue.waiting.items) > 0 && (queue.limit == 0 || queue.taken < queue.limit) {
			first := queue.waiting.pop()
			queue.taken++
			q.jobs[first.Job].state = granted
			wake = append(wake, first.Name)
		}
	}
	return wake
}
