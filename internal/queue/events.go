// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import "time"

// Arrive announces that the recording is about to be looked at and may then ask for a turn. Numbers grow with each arrival.
func (l *Lines) Arrive(recording Recording, number uint64) {
	if before, ok := l.arrived[recording.Name]; ok {
		l.arrivals.remove(before.Recording)
	}
	l.arrived[recording.Name] = arrival{recording, number}
	l.arrivals.add(recording)
}

// Settle says that the recording has been looked at and asks for nothing new: its arrivals up to the number are over.
func (l *Lines) Settle(recording string, number uint64) (wake []string) {
	if !l.forgetArrival(recording, number) {
		return nil
	}
	return l.call()
}

func (l *Lines) forgetArrival(recording string, number uint64) bool {
	known, ok := l.arrived[recording]
	if !ok || known.number > number {
		return false
	}
	delete(l.arrived, recording)
	l.arrivals.remove(known.Recording)
	return true
}

// Arrivals returns how many recordings are about to be looked at and may then ask for a turn.
func (l *Lines) Arrivals() int { return len(l.arrived) }

// Seen says that a Job exists and has not ended, whoever created it.
func (l *Lines) Seen(pipeline, job string) (wake []string) {
	e, ok := l.jobs[job]
	if ok && e.Pipeline != pipeline { // not ours to understand: it counts for the line that its label names
		l.remove(e)
		ok = false
	}
	switch {
	case !ok:
		e = &entry{place: place{Ticket: Ticket{Pipeline: pipeline, Job: job}}}
		l.jobs[job] = e
		l.line(pipeline).taken++
	case e.state == waits:
		line := l.line(pipeline)
		line.waiting.remove(e.place)
		line.taken++
	}
	l.disown(e)
	e.state = atWork
	return l.call()
}

// Extend says that the recording was told that the Job exists: its turn stays taken until the time, though it is not asked for any
// more and the Job is not seen.
func (l *Lines) Extend(job string, until time.Time) {
	if e, ok := l.jobs[job]; ok && e.state == called && e.until.Before(until) {
		e.until = until
	}
}

// Over says that a Job has ended, or is gone, or that its creation was refused: its turn is over.
func (l *Lines) Over(job string) (wake []string) {
	e, ok := l.jobs[job]
	if !ok || e.state == waits {
		return nil
	}
	l.remove(e)
	return l.call()
}

// AnyWaiting says whether anybody waits.
func (l *Lines) AnyWaiting() bool {
	for _, line := range l.lines {
		if len(line.waiting.items) > 0 {
			return true
		}
	}
	return false
}

// Length is how long a line is.
type Length struct {
	// Limit is how many may have a turn at once; 0 is no limit.
	Limit int
	// Waiting counts those in the line, Taken the turns given and Jobs at work.
	Waiting, Taken int
}

// Lengths returns the length of each line that has a limit, or in which somebody waits, by pipeline.
func (l *Lines) Lengths() map[string]Length {
	lengths := make(map[string]Length)
	for pipeline, line := range l.lines {
		if line.limit > 0 || len(line.waiting.items) > 0 {
			lengths[pipeline] = Length{Limit: line.limit, Waiting: len(line.waiting.items), Taken: line.taken}
		}
	}
	return lengths
}

// Empty says that there is nothing to remember: no limit, no turn and no arrival.
func (l *Lines) Empty() bool {
	return len(l.lines) == 0 && len(l.arrived) == 0 && len(l.undecided.items) == 0
}
