// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// Item is one event to tell the sink of: Event or Transition is set.
type Item struct {
	Event      *v1alpha1.RecordingEvent
	Transition *v1alpha1.Transition
}

// ID is the CloudEvents id: the same whenever, and by whomever, the item is told.
func (i Item) ID(recording *v1alpha1.MeetingRecording) string {
	if i.Event != nil {
		return string(recording.UID) + "-recording-" + strings.ToLower(string(i.Event.Type))
	}
	return string(recording.UID) + "-transition-" + strconv.FormatInt(i.Transition.Sequence, 10)
}

// At is when it happened.
func (i Item) At() time.Time {
	if i.Event != nil {
		return i.Event.ReceiveTime.Time
	}
	return i.Transition.Time.Time
}

// Due returns what the sink is to be told, in this order, given what it has been told: first what the provider told of the recording,
// as it arrived, then what happened in processing. Clients' events are not told of: the provider's word takes their place.
func Due(recording *v1alpha1.MeetingRecording, told v1alpha1.DeliveryTold) []Item {
	var due []Item
	for i := range recording.Status.Recording.Events {
		event := &recording.Status.Recording.Events[i]
		if event.Source == v1alpha1.EventSourceWebhook && !slices.Contains(told.Events, event.Type) {
			due = append(due, Item{Event: event})
		}
	}
	slices.SortStableFunc(due, func(a, b Item) int { return a.At().Compare(b.At()) })
	for i := range recording.Status.Processing.Transitions {
		if transition := &recording.Status.Processing.Transitions[i]; transition.Sequence > told.Transition {
			due = append(due, Item{Transition: transition})
		}
	}
	return due
}

// Lost returns how many transitions were dropped between what the sink has been told and the item, because there were too many.
func Lost(told v1alpha1.DeliveryTold, item Item) int64 {
	if item.Transition == nil {
		return 0
	}
	return max(0, item.Transition.Sequence-told.Transition-1)
}

// With returns what the sink has been told once it has been told of the item.
func With(told v1alpha1.DeliveryTold, item Item) v1alpha1.DeliveryTold {
	if item.Transition != nil {
		return Merge(told, v1alpha1.DeliveryTold{Transition: item.Transition.Sequence})
	}
	return Merge(told, v1alpha1.DeliveryTold{Events: []v1alpha1.EventType{item.Event.Type}})
}

// Merge returns what the sink has been told, by either.
func Merge(a, b v1alpha1.DeliveryTold) v1alpha1.DeliveryTold {
	events := slices.Clone(a.Events)
	for _, event := range b.Events {
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	return v1alpha1.DeliveryTold{Events: events, Transition: max(a.Transition, b.Transition)}
}

// Covers says whether a has all that b has.
func Covers(a, b v1alpha1.DeliveryTold) bool {
	return a.Transition >= b.Transition && len(Merge(a, b).Events) == len(a.Events)
}

// Told returns what is written down that the sink has been told.
func Told(recording *v1alpha1.MeetingRecording) v1alpha1.DeliveryTold {
	if recording.Status.Delivery.Told == nil {
		return v1alpha1.DeliveryTold{}
	}
	return *recording.Status.Delivery.Told
}

// Over says whether processing has ended, so that the sink may be told of everything.
func Over(recording *v1alpha1.MeetingRecording) bool {
	return planning.IsFinal(recording.Status.Processing.State)
}

// Awaits says whether, as far as the recording says, there is something that the sink has not been told and is to be. A recording that was
// processed while there was no sink awaits nothing.
func Awaits(recording *v1alpha1.MeetingRecording) bool {
	if Over(recording) {
		return recording.Status.Delivery.State == v1alpha1.DeliveryPending
	}
	return len(Due(recording, Told(recording))) > 0
}
