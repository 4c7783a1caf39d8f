// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scheduling decides which steps of a namespace may have their Jobs if pipelines or steps limit how many run at once
// (maxConcurrent). It is pure: it has no client, no clock and no lock.
//
// A step requests a slot with [Queues.Ask]. It waits in its queue, in the order in which recordings ended, until fewer Jobs than the limit
// run and it is among the first. A slot that was granted is taken from that moment on, so that no interleaving of calls exceeds the limit.
// Every method returns the recordings that should ask now, by name, so that nobody has to poll.
package scheduling

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// GrantTTL is how long a granted slot stays taken after it is no longer requested, unless the Job is known to exist: the API server may
// have created a Job although it did not answer.
const GrantTTL = 10 * time.Second

// Step is a step of a pipeline, by the labels of its Jobs.
type Step struct{ Pipeline, Step string }

// Limits are how many Jobs of a pipeline may run at once; 0 is no limit.
type Limits struct {
	Pipeline int
	// Steps has the limits of steps with their own queue, which do not count for the pipeline.
	Steps map[string]int
}

// Equal reports whether both are the same limits.
func (l Limits) Equal(other Limits) bool {
	return l.Pipeline == other.Pipeline && maps.Equal(l.Steps, other.Steps)
}

// Queue returns which queue the step waits in, and its limit. The queue of a whole pipeline has no step.
func (l Limits) Queue(of Step) (Step, int) {
	if limit, own := l.Steps[of.Step]; own {
		return of, limit
	}
	return Step{Pipeline: of.Pipeline}, l.Pipeline
}

// Recording is a recording that waits.
type Recording struct {
	// EndTime is when the recording ended: the first comes first.
	EndTime time.Time
	// Name identifies the recording within its namespace, and decides between two that ended at once.
	Name string
}

// Request is one step's request for a slot.
type Request struct {
	Step
	// Index is the step's index within its pipeline: it decides between steps of one recording.
	Index int
	// Job is the name of the step's Job, which is unique.
	Job string
}

// Answer is the answer to a request.
type Answer struct {
	// Granted reports whether the Job may be created now.
	Granted bool
	// Position is the position in the queue, starting at 1, and Of the length of the queue. Both are 0 if Granted.
	Position, Of int
}

// Queues are the queues of one namespace.
type Queues struct {
	limits map[string]Limits
	queues map[Step]*queue
	// entries has every request that waits and every Job that has a slot.
	entries map[string]*entry
	// requested has those of them that a recording requested and whose Job is not known to exist.
	requested map[string]map[string]*entry
}

type queue struct {
	waiting []*entry
	// taken counts the slots that are taken.
	taken int
}

type entry struct {
	Recording
	Request
	state state
	// until is until when a granted slot stays taken that is not requested any more.
	until time.Time
}

func (e *entry) compare(other *entry) int {
	return cmp.Or(e.EndTime.Compare(other.EndTime), strings.Compare(e.Name, other.Name), cmp.Compare(e.Index, other.Index),
		strings.Compare(e.Job, other.Job))
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
		limits: make(map[string]Limits), queues: make(map[Step]*queue),
		entries: make(map[string]*entry), requested: make(map[string]map[string]*entry),
	}
}

// SetLimits sets the limits of a pipeline. Jobs that run continue, and count where the new limits say.
func (q *Queues) SetLimits(pipeline string, limits Limits) (wake []string) {
	var moved []*entry
	for _, e := range q.entries {
		if e.Pipeline == pipeline {
			q.leave(e)
			moved = append(moved, e)
		}
	}
	if q.limits[pipeline] = limits; limits.Equal(Limits{}) {
		delete(q.limits, pipeline)
	}
	for _, e := range moved {
		q.enter(e)
	}
	return q.ready()
}

// Ask makes all requests of a recording, each time that it is reconciled; earlier requests that are missing are given up.
// The answers are by name of the Job; again is when to ask again even if nothing happens, 0 for never.
func (q *Queues) Ask(recording Recording, requests []Request, now time.Time,
) (answers map[string]Answer, again time.Duration, wake []string) {
	if len(requests) == 0 && len(q.requested[recording.Name]) == 0 {
		return nil, 0, nil
	}
	again = q.giveUp(recording.Name, requests, now)
	for _, request := range requests {
		q.request(recording, request)
	}
	answers = make(map[string]Answer, len(requests))
	for _, request := range requests {
		answers[request.Job] = q.answer(q.entries[request.Job], now)
	}
	return answers, again, q.ready()
}

// giveUp removes what the recording requested and does not any more. It returns how long a slot stays taken whose Job may exist.
func (q *Queues) giveUp(recording string, requests []Request, now time.Time) (again time.Duration) {
	for job, e := range q.requested[recording] {
		if slices.ContainsFunc(requests, func(request Request) bool { return request.Job == job }) {
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

// request adds a request to its queue, unless it is there, or has a slot.
func (q *Queues) request(recording Recording, request Request) {
	if known, ok := q.entries[request.Job]; ok {
		if known.state != waiting || known.Recording == recording && known.Request == request {
			return
		}
		q.remove(known)
	}
	e := &entry{Recording: recording, Request: request}
	q.entries[request.Job] = e
	if q.requested[recording.Name] == nil {
		q.requested[recording.Name] = make(map[string]*entry)
	}
	q.requested[recording.Name][request.Job] = e
	q.enter(e)
}

// answer grants a slot if one is free and nobody before waits for it.
func (q *Queues) answer(e *entry, now time.Time) Answer {
	if e.state == waiting {
		queue, free := q.queue(e)
		at, _ := slices.BinarySearchFunc(queue.waiting, e, (*entry).compare)
		if at >= free {
			return Answer{Position: at + 1, Of: len(queue.waiting)}
		}
		q.leave(e)
		e.state = granted
		q.enter(e)
	}
	e.until = now.Add(GrantTTL)
	return Answer{Granted: true}
}

// Created reports that the Job of a granted slot was created: the slot stays taken until the Job has ended.
func (q *Queues) Created(job string) {
	if e, ok := q.entries[job]; ok && e.state == granted {
		q.run(e)
	}
}

// Started reports that a Job exists and has not ended, regardless of who created it.
func (q *Queues) Started(step Step, job string) (wake []string) {
	e, ok := q.entries[job]
	if ok {
		q.leave(e)
	} else {
		e = &entry{Request: Request{Job: job}}
		q.entries[job] = e
	}
	q.run(e)
	e.Step = step
	q.enter(e)
	return q.ready()
}

// Ended reports that a Job has ended, is gone, is suspended, or could not be created: its slot is free.
func (q *Queues) Ended(job string) (wake []string) {
	e, ok := q.entries[job]
	if !ok || e.state == waiting {
		return nil
	}
	q.remove(e)
	return q.ready()
}

// Length is the length of a queue.
type Length struct {
	// Limit is how many may have a slot at once; 0 is no limit.
	Limit int
	// Waiting counts the requests that wait, Taken the slots that are taken.
	Waiting, Taken int
}

// Lengths returns the length of each queue that has a limit, by name: PIPELINE or PIPELINE/STEP.
func (q *Queues) Lengths() map[string]Length {
	lengths := make(map[string]Length)
	add := func(name string, of Step, limit int) {
		if length := (Length{Limit: limit}); limit > 0 {
			if queue, ok := q.queues[of]; ok {
				length.Waiting, length.Taken = len(queue.waiting), queue.taken
			}
			lengths[name] = length
		}
	}
	for pipeline, limits := range q.limits {
		add(pipeline, Step{Pipeline: pipeline}, limits.Pipeline)
		for step, limit := range limits.Steps {
			add(pipeline+"/"+step, Step{pipeline, step}, limit)
		}
	}
	return lengths
}

// Empty reports whether there is no limit and no taken slot.
func (q *Queues) Empty() bool { return len(q.limits) == 0 && len(q.entries) == 0 }

// queue returns the queue of an entry, and how many slots of it are free.
func (q *Queues) queue(e *entry) (of *queue, free int) {
	name, limit := q.limits[e.Pipeline].Queue(e.Step)
	of, ok := q.queues[name]
	if !ok {
		of = &queue{}
		q.queues[name] = of
	}
	return of, of.free(limit)
}

func (q *queue) free(limit int) int {
	if limit == 0 {
		return len(q.waiting)
	}
	return max(limit-q.taken, 0)
}

// enter adds an entry to its queue, and leave removes it, and the queue if it was the last.
func (q *Queues) enter(e *entry) {
	queue, _ := q.queue(e)
	if e.state != waiting {
		queue.taken++
		return
	}
	at, _ := slices.BinarySearchFunc(queue.waiting, e, (*entry).compare)
	queue.waiting = slices.Insert(queue.waiting, at, e)
}

func (q *Queues) leave(e *entry) {
	queue, _ := q.queue(e)
	if e.state != waiting {
		queue.taken--
	} else if at, found := slices.BinarySearchFunc(queue.waiting, e, (*entry).compare); found {
		queue.waiting = slices.Delete(queue.waiting, at, at+1)
	}
	if queue.taken == 0 && len(queue.waiting) == 0 {
		name, _ := q.limits[e.Pipeline].Queue(e.Step)
		delete(q.queues, name)
	}
}

func (q *Queues) remove(e *entry) {
	q.leave(e)
	delete(q.entries, e.Job)
	q.disown(e)
}

// run makes an entry that of a Job that exists: its recording does not request it any more.
func (q *Queues) run(e *entry) {
	q.disown(e)
	e.state = running
}

func (q *Queues) disown(e *entry) {
	delete(q.requested[e.Name], e.Job)
	if len(q.requested[e.Name]) == 0 {
		delete(q.requested, e.Name)
	}
}

// ready returns the recordings that wait for a slot which is free.
func (q *Queues) ready() (names []string) {
	for name, queue := range q.queues {
		_, limit := q.limits[name.Pipeline].Queue(name)
		for _, e := range queue.waiting[:min(queue.free(limit), len(queue.waiting))] {
			names = append(names, e.Name)
		}
	}
	return names
}
