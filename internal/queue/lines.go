// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"slices"
	"time"
)

// Hold is how long a turn stays taken that a recording was told of and does not ask for any more, unless the Job is seen before:
// the API server may have created a Job though it did not answer.
const Hold = 10 * time.Second

// Turn is the answer to a ticket.
type Turn struct {
	// Go says that the Job may be created now.
	Go bool
	// Position is the place in the line, from 1, and Of the length of the line. Both are 0 where Go is set, and where somebody
	// who comes before may be about to ask: the recording is then named again soon.
	Position, Of int
}

// Undecided says that there is no answer yet.
func (t Turn) Undecided() bool { return !t.Go && t.Position == 0 }

// Lines are the lines of one namespace, one for each pipeline.
type Lines struct {
	lines map[string]*line
	// jobs has every ticket that waits and every Job that has a turn or is at work.
	jobs map[string]*entry
	// asked has those of them that are of a recording's own asking: they wait, or have a turn and no Job yet that was seen.
	asked map[string]map[string]*entry

	// arrived has the recordings that are about to be looked at, by name, and arrivals the same in order.
	arrived  map[string]arrival
	arrivals sorted[Recording]
	// doubts has the recordings that got no answer because of arrivals before them, by name, and undecided the same in order.
	doubts    map[string]Recording
	undecided sorted[Recording]
}

type line struct {
	// limit is how many may have a turn at once; 0 is no limit.
	limit   int
	waiting sorted[place]
	// taken counts turns given and Jobs at work.
	taken int
}

type entry struct {
	place
	state state
	// until is until when a turn stays taken though it is not asked for any more; zero where nobody was told of it.
	until time.Time
}

type state int

const (
	waits state = iota
	called
	atWork
)

type arrival struct {
	Recording
	number uint64
}

// New returns lines in which nobody waits.
func New() *Lines {
	return &Lines{
		lines:     make(map[string]*line),
		jobs:      make(map[string]*entry),
		asked:     make(map[string]map[string]*entry),
		arrived:   make(map[string]arrival),
		arrivals:  sorted[Recording]{compare: Recording.compare},
		doubts:    make(map[string]Recording),
		undecided: sorted[Recording]{compare: Recording.compare},
	}
}

// SetLimit says how many Jobs of the pipeline may be at work at once; 0 is no limit. Those that are at work stay; turns that nobody
// was told of yet are taken back where they are too many.
func (l *Lines) SetLimit(pipeline string, limit int) (wake []string) {
	line := l.line(pipeline)
	line.limit = limit
	if limit > 0 && line.taken > limit {
		l.takeBack(line, pipeline)
	}
	wake = l.call()
	l.tidy(pipeline, line)
	return wake
}

// takeBack puts the last of those who were called, and not told of it, back into the line.
func (l *Lines) takeBack(line *line, pipeline string) {
	var untold []*entry
	for _, of := range l.asked {
		for _, e := range of {
			if e.state == called && e.Pipeline == pipeline && e.until.IsZero() {
				untold = append(untold, e)
			}
		}
	}
	slices.SortFunc(untold, func(a, b *entry) int { return b.compare(a.place) })
	for _, e := range untold[:min(len(untold), line.taken-line.limit)] {
		e.state = waits
		line.taken--
		line.waiting.add(e.place)
	}
}

// Ask is all that a recording asks for, each time that it is looked at: what it asked for before and does not any more it gives up.
// The answers are by name of the Job; now is what Hold counts from, and again is when to ask again though nothing happens, 0 for
// never. Arrivals of the recording up to the number are over.
func (l *Lines) Ask(recording Recording, tickets []Ticket, number uint64, now time.Time,
) (turns map[string]Turn, again time.Duration, wake []string) {
	l.forgetArrival(recording.Name, number)
	again = l.giveUp(recording.Name, tickets, now)
	for _, ticket := range tickets {
		l.enter(place{recording, ticket})
	}
	l.forgetDoubt(recording.Name)
	wake = l.call()
	turns = make(map[string]Turn, len(tickets))
	for _, ticket := range tickets {
		turn := l.turn(l.jobs[ticket.Job], now)
		if turn.Undecided() {
			l.doubts[recording.Name] = recording
			l.undecided.add(recording)
		}
		turns[ticket.Job] = turn
	}
	return turns, again, wake
}

// turn answers an entry.
func (l *Lines) turn(e *entry, now time.Time) Turn {
	if e.state != waits {
		e.until = now.Add(Hold)
		return Turn{Go: true}
	}
	if l.isPreceded(e.Recording) {
		return Turn{}
	}
	waiting := &l.line(e.Pipeline).waiting
	at, _ := waiting.find(e.place)
	return Turn{Position: at + 1, Of: len(waiting.items)}
}

// giveUp removes what the recording asked for and does not any more. It returns how long a turn stays taken that it was told of.
func (l *Lines) giveUp(recording string, tickets []Ticket, now time.Time) (again time.Duration) {
	wanted := make(map[string]bool, len(tickets))
	for _, ticket := range tickets {
		wanted[ticket.Job] = true
	}
	for job, e := range l.asked[recording] {
		if wanted[job] {
			continue
		}
		if left := e.until.Sub(now); e.state == called && left > 0 {
			if again == 0 || left < again {
				again = left
			}
			continue
		}
		l.remove(e)
	}
	return again
}

// enter adds a ticket to its line, unless it is there, or was before, under whatever time.
func (l *Lines) enter(p place) {
	if known, ok := l.jobs[p.Job]; ok {
		if known.state != waits || known.place == p {
			return
		}
		l.remove(known)
	}
	e := &entry{place: p}
	l.jobs[p.Job] = e
	l.own(e)
	l.line(p.Pipeline).waiting.add(p)
}

func (l *Lines) own(e *entry) {
	of, ok := l.asked[e.Name]
	if !ok {
		of = make(map[string]*entry)
		l.asked[e.Name] = of
	}
	of[e.Job] = e
}

func (l *Lines) disown(e *entry) {
	delete(l.asked[e.Name], e.Job)
	if len(l.asked[e.Name]) == 0 {
		delete(l.asked, e.Name)
	}
}

// remove forgets an entry, and its line where that was the last of it.
func (l *Lines) remove(e *entry) {
	line := l.line(e.Pipeline)
	if e.state == waits {
		line.waiting.remove(e.place)
	} else {
		line.taken--
	}
	delete(l.jobs, e.Job)
	l.disown(e)
	l.tidy(e.Pipeline, line)
}

// tidy forgets a line of which there is nothing to remember.
func (l *Lines) tidy(pipeline string, line *line) {
	if line.limit == 0 && line.taken == 0 && len(line.waiting.items) == 0 {
		delete(l.lines, pipeline)
	}
}

func (l *Lines) forgetDoubt(recording string) {
	if known, ok := l.doubts[recording]; ok {
		delete(l.doubts, recording)
		l.undecided.remove(known)
	}
}

func (l *Lines) line(pipeline string) *line {
	known, ok := l.lines[pipeline]
	if !ok {
		known = &line{waiting: sorted[place]{compare: place.compare}}
		l.lines[pipeline] = known
	}
	return known
}

// call gives turns to those who are first, as far as the limits allow, and returns whom to look at.
func (l *Lines) call() (wake []string) {
	for _, line := range l.lines {
		for len(line.waiting.items) > 0 && (line.limit == 0 || line.taken < line.limit) {
			first := line.waiting.items[0]
			if line.limit > 0 && l.isPreceded(first.Recording) {
				break
			}
			line.waiting.pop()
			line.taken++
			l.jobs[first.Job].state = called
			wake = append(wake, first.Name)
		}
	}
	for len(l.undecided.items) > 0 && !l.isPreceded(l.undecided.items[0]) {
		first := l.undecided.items[0]
		l.forgetDoubt(first.Name)
		wake = append(wake, first.Name)
	}
	return wake
}

// isPreceded says whether somebody who ended no later is yet to be looked at.
func (l *Lines) isPreceded(recording Recording) bool {
	return len(l.arrivals.items) > 0 && l.arrivals.items[0].compare(recording) <= 0
}
