// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// plan is what has to be written for the events of a session: first settle,
// then the changes, each in its order.
type plan struct {
	settle  []*Object
	changes []*change
}

// change is one object to be created or patched.
type change struct {
	index int32
	// object is what was read; nil where it is to be created.
	object *Object
	// status is what the object gets.
	status v1alpha1.RecordingStatus
	// begins tells that it is the first webhook of an object that is not new.
	begins bool
	// unchanged tells that there is nothing to write.
	unchanged bool
	// revives tells that the object gets a file though it had failed.
	revives bool
	// events are the positions of the events that the change records, and
	// results what they are to the recording.
	events  []int
	results []lifecycle.Result
}

// begins tells whether the plan makes a segment behind those that were read, or
// has webhooks begin one that clients have made there.
func (p plan) begins() bool {
	return slices.ContainsFunc(p.changes, func(c *change) bool { return c.object == nil || c.begins })
}

// writesNothing tells whether all is as it would be written.
func (p plan) writesNothing() bool {
	return len(p.settle) == 0 && !slices.ContainsFunc(p.changes, func(c *change) bool { return !c.unchanged })
}

// planner places events one after another on what was read of a chain.
type planner struct {
	read     []link
	segments []lifecycle.Segment // read, with what is planned so far
	plan     plan
}

// makePlan decides what to write for events, in their order. It may be for the
// first of them only, at least one: it ends before an event that needs a
// change of the plan to be settled, which must be read again for that.
func makePlan(chain []link, events []lifecycle.Event, windows lifecycle.Windows) plan {
	p := &planner{read: chain}
	for _, l := range chain {
		p.segments = append(p.segments, l.segment)
	}
	for position, ev := range events {
		decision := lifecycle.Place(p.segments, ev, windows)
		if slices.ContainsFunc(decision.Settle, func(index int32) bool { return p.changeOf(index) != nil }) {
			break
		}
		p.add(position, decision)
	}
	return p.plan
}

func (p *planner) add(position int, decision lifecycle.Decision) {
	for _, index := range decision.Settle {
		at := p.at(index)
		p.segments[at].Settled, p.segments[at].Status.Settled = true, true
		p.plan.settle = append(p.plan.settle, p.read[at].object)
	}
	if decision.New {
		p.segments = append(p.segments, lifecycle.Segment{Index: decision.Segment})
	}
	at := p.at(decision.Segment)
	p.segments[at].Status = decision.Status
	c := p.changeOf(decision.Segment)
	if c == nil {
		c = &change{index: decision.Segment, unchanged: true}
		if at < len(p.read) {
			c.object = p.read[at].object
		}
		p.plan.changes = append(p.plan.changes, c)
	}
	c.status = decision.Status
	c.unchanged = c.unchanged && decision.Unchanged
	c.begins = c.begins || decision.Begins
	c.revives = c.revives || (decision.Revives && c.object != nil && !p.read[at].segment.Open())
	c.events = append(c.events, position)
	c.results = append(c.results, decision.Result)
}

// at is where a segment is in the chain, which has no gaps and begins with 1.
func (p *planner) at(index int32) int { return int(index) - 1 }

func (p *planner) changeOf(index int32) *change {
	at := slices.IndexFunc(p.plan.changes, func(c *change) bool { return c.index == index })
	if at < 0 {
		return nil
	}
	return p.plan.changes[at]
}
