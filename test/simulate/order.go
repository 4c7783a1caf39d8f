// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// order holds that each sidecar writes the events of a session in the order in which it accepted them.
type order struct {
	mu       sync.Mutex
	sessions map[string][]*arrival
}

// arrival is an attempt at a webhook.
type arrival struct {
	sidecar string
	kind    v1alpha1.EventType
	// at is when it arrived, as the status has it, and spooled when it was answered 202.
	at, spooled time.Time
	isWritten   bool
}

func newOrder() *order { return &order{sessions: map[string][]*arrival{}} }

func (o *order) arrives(sidecar, session string, ev lifecycle.Event) *arrival {
	a := &arrival{sidecar: sidecar, kind: ev.Type, at: ev.ReceivedAt.UTC().Truncate(time.Microsecond)}
	o.mu.Lock()
	defer o.mu.Unlock()
	if ev.Type != lifecycle.SessionEnded { // which is no entry of the status
		o.sessions[session] = append(o.sessions[session], a)
	}
	return a
}

func (o *order) spools(a *arrival) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a.spooled = time.Now()
}

// writes returns an event that should have been written before one that a change of a recording brings; nil if there is none.
func (o *order) writes(c memoryapi.Change) (late, early *arrival) {
	before := map[string]string{}
	for _, entry := range listOf(c.Before, "status", "recording", "events") {
		before[textOf(entry, "type")] = textOf(entry, "lastReceiveTime")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.sessions[textOf(c.After, "spec", "sessionID")]
	var written []*arrival
	for _, entry := range listOf(c.After, "status", "recording", "events") {
		kind, last := textOf(entry, "type"), textOf(entry, "lastReceiveTime")
		at, err := time.Parse(time.RFC3339Nano, last)
		if err != nil || before[kind] == last {
			continue
		}
		for _, a := range all {
			if string(a.kind) != kind || a.at.After(at) {
				continue
			}
			a.isWritten = true // of several in one write only the last has its time in the status
			if a.at.Equal(at) {
				written = append(written, a)
			}
		}
	}
	for _, early := range written {
		for _, late := range all {
			if late.sidecar == early.sidecar && !late.isWritten && !late.spooled.IsZero() && late.spooled.Before(early.at) {
				return late, early
			}
		}
	}
	return nil, nil
}

// first returns when a sidecar got the first event of a session since a time; zero if it got none.
func (o *order) first(sidecar, session string, since time.Time) (first time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.sessions[session] {
		if a.sidecar == sidecar && !a.at.Before(since) && (first.IsZero() || a.at.Before(first)) {
			first = a.at
		}
	}
	return first
}
