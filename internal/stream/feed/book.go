// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"container/list"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// book caches the states of recordings that are needed to compute their next changes: of all in flight, and for a while of those that ended.
// So a changed recording that is not in it had ended before.
type book struct {
	now      func() time.Time
	inFlight map[types.NamespacedName]*event.State
	ended    map[types.NamespacedName]*list.Element
	recent   *list.List // of endedState, the one that ended last in front
}

type endedState struct {
	state *event.State
	at    time.Time
}

func newBook(now func() time.Time) *book {
	return &book{
		now: now, inFlight: map[types.NamespacedName]*event.State{},
		ended: map[types.NamespacedName]*list.Element{}, recent: list.New(),
	}
}

// put replaces the state of a recording.
func (b *book) put(state *event.State) {
	key := state.Key()
	if !state.Ended() {
		b.remove(key)
		b.inFlight[key] = state
		return
	}
	delete(b.inFlight, key)
	now := b.now()
	if element, known := b.ended[key]; known {
		element.Value = endedState{state, now}
		b.recent.MoveToFront(element)
	} else {
		b.ended[key] = b.recent.PushFront(endedState{state, now})
	}
	b.forget(now)
}

// forget drops what ended too long ago, and what is too much.
func (b *book) forget(now time.Time) {
	for oldest := b.recent.Back(); oldest != nil; oldest = b.recent.Back() {
		ended := oldest.Value.(endedState)
		if b.recent.Len() <= maxEnded && now.Sub(ended.at) <= keepEnded {
			return
		}
		b.remove(ended.state.Key())
	}
}

func (b *book) remove(key types.NamespacedName) {
	delete(b.inFlight, key)
	if element, known := b.ended[key]; known {
		b.recent.Remove(element)
		delete(b.ended, key)
	}
}

// get returns nil for a recording that is not cached.
func (b *book) get(key types.NamespacedName) *event.State {
	if state, known := b.inFlight[key]; known {
		return state
	}
	if element, known := b.ended[key]; known {
		return element.Value.(endedState).state
	}
	return nil
}

// matching returns the states of the recordings that match the filter, in no order.
func (b *book) matching(filter Filter) []*event.State {
	b.forget(b.now())
	var states []*event.State
	for _, state := range b.inFlight {
		if filter.matches(&state.Recording) {
			states = append(states, state)
		}
	}
	for element := b.recent.Front(); element != nil; element = element.Next() {
		if ended := element.Value.(endedState); filter.matches(&ended.state.Recording) {
			states = append(states, ended.state)
		}
	}
	return states
}

// turn applies a change from a watch, and returns the resulting changes.
func (b *book) turn(kind watch.EventType, object *v1alpha1.MeetingRecording) (events.Recording, []event.Change) {
	state := event.Of(object)
	if kind == watch.Deleted {
		b.remove(state.Key())
		return state.Recording, nil
	}
	old := b.get(state.Key())
	if old == nil && kind == watch.Modified {
		if state.Ended() {
			return state.Recording, nil // ended long ago, and was touched
		}
		old = state.AsEnded()
	}
	b.put(state)
	return state.Recording, event.Between(old, object)
}
