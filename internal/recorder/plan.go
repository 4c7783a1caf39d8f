// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// plan is what to write for the events of a session: the changes, each in its
// order.
type plan struct {
	changes []*change
	// needsFreshRead is true where stale reads could have led to the plan, which
	// none of its writes would notice.
	needsFreshRead bool
}

// change is one object to create or to patch.
type change struct {
	index int32
	// object is what was read; nil where it is to be created.
	object *Object
	// status is what the object gets.
	status v1alpha1.RecordingStatus
	// unchanged is true where there is nothing to write.
	unchanged bool
	// revives is true where an object that has ended gets a file.
	revives bool
	// done are the events that are recorded once the change is written.
	done []placed
}

// placed is an event by its position, and where it belongs.
type placed struct {
	position int
	segment  int32 // 0 for none
	result   lifecycle.Result
}

// planner places events one after another on what was read of a chain.
type planner struct {
	read     []link
	segments []lifecycle.Segment // read, with what is planned so far
	plan     plan
}

// makePlan decides what to write for events, in their order. It may be for the
// first of them only, at least one: an event that needs several writes in an
// order of their own is planned alone.
func makePlan(chain []link, events []lifecycle.Event, windows lifecycle.Windows) plan {
	p := &planner{read: chain}
	for _, l := range chain {
		p.segments = append(p.segments, l.segment)
	}
	for position, ev := range events {
		decision := lifecycle.Place(p.segments, ev, windows)
		if position > 0 && len(decision.Writes) > 1 {
			break
		}
		p.add(position, decision)
	}
	return p.plan
}

func (p *planner) add(position int, decision lifecycle.Decision) {
	p.plan.needsFreshRead = p.plan.needsFreshRead || decision.NeedsFreshRead
	var last *change
	for _, write := range decision.Writes {
		if write.New {
			p.segments = append(p.segments, lifecycle.Segment{Index: write.Segment})
		}
		last = p.changeOf(write.Segment)
		last.status, last.unchanged = write.Status, false
		last.revives = p.adds(write)
		p.segments[p.at(write.Segment)].Status = write.Status
	}
	if last == nil {
		last = p.changeOf(decision.Segment)
	}
	last.done = append(last.done, placed{position, decision.Segment, decision.Result})
}

// adds reports whether a write adds a file to an object that had ended when it
// was read.
func (p *planner) adds(write lifecycle.Write) bool {
	at := p.at(write.Segment)
	return at < len(p.read) && !p.read[at].segment.Open() && p.read[at].segment.Status.File == nil && write.Status.File != nil
}

// at is where a segment is in the chain, which has no gaps and begins with 1.
func (p *planner) at(index int32) int { return int(index) - 1 }

// changeOf returns the change of a segment, which changes nothing yet if it is
// new. Segment 0 stands for events that belong to none.
func (p *planner) changeOf(index int32) *change {
	if at := slices.IndexFunc(p.plan.changes, func(c *change) bool { return c.index == index }); at >= 0 {
		return p.plan.changes[at]
	}
	c := &change{index: index, unchanged: true}
	if at := p.at(index); at >= 0 && at < len(p.read) {
		c.object, c.status = p.read[at].object, p.read[at].segment.Status
	}
	p.plan.changes = append(p.plan.changes, c)
	return c
}
