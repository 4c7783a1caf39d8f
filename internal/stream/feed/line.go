// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// line is the events of one watch: everything after its start, as far as its cursor; kept are those after its floor. The present's
// line starts where the process did, those of the past at the place of a stream that resumes. Its feed's lock guards it.
type line struct {
	start  uint64
	ready  chan struct{} // closed when the line has its states, or failed
	err    error         // why it failed
	cancel context.CancelFunc
	limit  int // how many events a subscription may be behind

	cursor uint64
	floor  uint64
	kept   []*Entry
	book   *book
	subs   map[Filter]map[*Subscription]struct{}
}

// holds is true where everything after a place is in the line, or will be.
func (l *line) holds(after Cursor) bool { return l.floor <= after.floor() }

// apply takes what the watch told.
func (l *line) apply(kind watch.EventType, object *v1alpha1.MeetingRecording, version uint64) (told []*Entry, err error) {
	if kind != watch.Bookmark {
		recording, changes := l.book.turn(kind, object)
		if told, err = entries(version, recording, changes); err != nil {
			return nil, err
		}
	}
	l.cursor = version
	l.keep(told)
	for _, entry := range told {
		l.dispatch(entry)
	}
	return told, nil
}

// keep appends, and drops the oldest versions that are too much.
func (l *line) keep(told []*Entry) {
	l.kept = append(l.kept, told...)
	excess := len(l.kept) - maxEntries
	if excess <= 0 {
		return
	}
	l.floor = l.kept[excess-1].At.Version
	for excess < len(l.kept) && l.kept[excess].At.Version == l.floor {
		excess++
	}
	clear(l.kept[:excess])
	l.kept = l.kept[excess:]
}

// dispatch gives an entry to the subscriptions whose filter lets it through.
func (l *line) dispatch(entry *Entry) {
	for _, filter := range thatMatch(&entry.recording) {
		for sub := range l.subs[filter] {
			sub.offer(entry)
		}
	}
}

// replay gives a subscription what is kept and later than a version, which does not count as being behind.
func (l *line) replay(sub *Subscription, version uint64) {
	sub.limit = maxEntries + len(sub.pending)
	for _, entry := range l.kept {
		if entry.At.Version > version && sub.filter.matches(&entry.recording) {
			sub.offer(entry)
		}
	}
	sub.limit = max(l.limit, len(sub.pending)+maxPending)
}

func (l *line) add(sub *Subscription) {
	if l.subs[sub.filter] == nil {
		l.subs[sub.filter] = map[*Subscription]struct{}{}
	}
	l.subs[sub.filter][sub] = struct{}{}
	sub.line, sub.limit = l, l.limit
}

func (l *line) remove(sub *Subscription) {
	delete(l.subs[sub.filter], sub)
	if len(l.subs[sub.filter]) == 0 {
		delete(l.subs, sub.filter)
	}
	sub.line = nil
}

// each calls do for every subscription; do may remove it.
func (l *line) each(do func(*Subscription)) {
	for _, subs := range l.subs {
		for sub := range subs {
			do(sub)
		}
	}
}

// join hands a line of the past over to the present, which it has caught up with: its events, as far as they fit, and its
// subscriptions, which have everything up to its cursor.
func (l *line) join(present *line) {
	var older []*Entry
	for _, entry := range l.kept {
		if entry.At.Version <= present.floor {
			older = append(older, entry)
		}
	}
	if len(older)+len(present.kept) <= maxEntries && l.floor < present.floor {
		present.kept = append(older, present.kept...)
		present.floor = l.floor
	}
	reached := Cursor{l.cursor, Whole}
	l.each(func(sub *Subscription) {
		l.remove(sub)
		if reached.After(sub.after) {
			sub.after = reached
		}
		present.add(sub)
		present.replay(sub, l.cursor)
	})
}
