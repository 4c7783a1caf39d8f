// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	starting = v1alpha1.EventStarting
	started  = v1alpha1.EventStarted
	stopping = v1alpha1.EventStopping
	stopped  = v1alpha1.EventStopped
	failed   = v1alpha1.EventFailed
)

var allTypes = []v1alpha1.EventType{starting, started, stopping, stopped, failed}

var testWindows = Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}

// epoch is when the tests' recordings begin.
var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// event is a delivery some seconds after epoch.
func event(eventType v1alpha1.EventType, seconds float64) Event {
	return Event{
		Type:       eventType,
		Source:     v1alpha1.EventSourceWebhook,
		ReceivedAt: epoch.Add(time.Duration(seconds * float64(time.Second))),
	}
}

// retried is an event that an earlier attempt may have written.
func retried(ev Event) Event {
	ev.Retried = true
	return ev
}

// stoppedWith is an end that names a file.
func stoppedWith(path string, seconds float64) Event {
	ev := event(stopped, seconds)
	ev.FilePath, ev.FileURL = path, "https://cdn.example.com"+path
	return ev
}

// segment is one to which the events have come.
func segment(index int32, events ...Event) Segment {
	status := v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}}
	for _, ev := range events {
		status = Apply(status, ev)
	}
	return Segment{Index: index, Status: status}
}

func foreign(index int32, events ...Event) Segment {
	s := segment(index, events...)
	s.Foreign = true
	return s
}

func superseded(s Segment) Segment {
	s.Status.Superseded = true
	return s
}

func processed(s Segment) Segment {
	s.Processed = true
	return s
}

func withID(id string, ev Event) Event {
	ev.ID = id
	return ev
}

// backfilled is an end as the provider lists it: under another path, and with
// a new address.
func backfilled(path string, seconds float64) Event {
	ev := stoppedWith(path, seconds)
	ev.Source, ev.FilePath, ev.FileURL = v1alpha1.EventSourceBackfill, strings.TrimPrefix(path, "/"), ev.FileURL+"?new"
	return ev
}

// statusOf is what the event's own segment gets; empty where nothing is written.
func statusOf(d Decision) v1alpha1.RecordingStatus {
	for _, write := range d.Writes {
		if write.Segment == d.Segment {
			return write.Status
		}
	}
	return v1alpha1.RecordingStatus{}
}

// isNew reports whether the decision creates the event's segment.
func isNew(d Decision) bool {
	return slices.ContainsFunc(d.Writes, func(w Write) bool { return w.New })
}

// supersedes lists the segments that the decision supersedes.
func supersedes(d Decision) []int32 {
	var indexes []int32
	for _, write := range d.Writes {
		if write.Segment != d.Segment {
			indexes = append(indexes, write.Segment)
		}
	}
	return indexes
}

// store does what a decision says.
func store(chain []Segment, decision Decision) []Segment {
	chain = slices.Clone(chain)
	for _, write := range decision.Writes {
		if write.New {
			chain = append(chain, Segment{Index: write.Segment, Status: write.Status})
		} else {
			chain[write.Segment-1].Status = write.Status
		}
	}
	return chain
}
