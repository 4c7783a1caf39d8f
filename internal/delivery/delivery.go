// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package delivery decides what a sink of CloudEvents has not received yet, by comparing status.delivery with the other parts of a
// recording's status. It is pure. Like all of Kubernetes it looks at states, not at how they came about: a processing state that another
// has replaced is not pending any more.
package delivery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// Item is a CloudEvent to deliver.
type Item struct {
	event.CloudEvent
	// Delivered is what it adds to status.delivery.
	Delivered v1alpha1.DeliveryStatus
}

// Pending returns what was not delivered yet, in order: the provider's events as they arrived, then outputs, then the processing state.
// Events of clients are not delivered: the provider's replace them.
func Pending(recording *v1alpha1.MeetingRecording, delivered v1alpha1.DeliveryStatus) []Item {
	pending := pendingEvents(recording, delivered)
	status := &recording.Status.Processing
	for i := range status.Steps {
		step := &status.Steps[i]
		key := v1alpha1.DeliveredOutputs{Pipeline: step.Pipeline, Step: step.Step, Attempt: step.Attempt}
		if step.State != v1alpha1.StepSucceeded || len(step.Outputs) == 0 || slices.Contains(delivered.Outputs, key) {
			continue
		}
		item := newItem(recording, event.TypeOutputs, fmt.Sprintf("outputs-%s-%s-%d", step.Pipeline, step.Step, step.Attempt))
		item.Data.Step = &event.Step{Pipeline: step.Pipeline, Name: step.Step, Attempt: step.Attempt, Outputs: step.Outputs}
		item.Delivered.Outputs = []v1alpha1.DeliveredOutputs{key}
		if step.CompletionTime != nil {
			item.Time = step.CompletionTime.Time
		}
		pending = append(pending, item)
	}
	changed := status.LastTransitionTime
	if changed == nil || status.State == "" || status.State == v1alpha1.ProcessingWaiting || changed.Equal(delivered.ProcessingTime) {
		return pending
	}
	item := newItem(recording, event.TypeProcessing, strings.ToLower(string(status.State))+"-"+strconv.FormatInt(changed.UnixMicro(), 10))
	item.Time = changed.Time
	item.Data.Processing = &event.Processing{State: string(status.State)}
	item.Delivered.ProcessingTime = changed
	return append(pending, item)
}

func pendingEvents(recording *v1alpha1.MeetingRecording, delivered v1alpha1.DeliveryStatus) []Item {
	var pending []Item
	for _, entry := range recording.Status.Recording.Events {
		if entry.Source == v1alpha1.EventSourceClient || slices.Contains(delivered.Events, entry.Type) {
			continue
		}
		item := newItem(recording, event.TypeRecording, "recording-"+strings.ToLower(string(entry.Type)))
		item.Time = entry.ReceiveTime.Time
		item.Data.State, item.Data.Source = string(entry.Type), string(entry.Source)
		if file := recording.Status.Recording.File; file != nil && entry.Type == v1alpha1.EventStopped {
			item.Data.File = &events.File{Path: file.Path, URL: file.URL}
		}
		item.Delivered.Events = []v1alpha1.EventType{entry.Type}
		pending = append(pending, item)
	}
	slices.SortStableFunc(pending, func(a, b Item) int { return a.Time.Compare(b.Time) })
	return pending
}

// newItem returns an item whose id is the same however often it is sent, and whoever sends it.
func newItem(recording *v1alpha1.MeetingRecording, kind, what string) Item {
	return Item{CloudEvent: event.CloudEvent{
		ID: string(recording.UID) + "-" + what, Type: kind, Time: recording.CreationTimestamp.Time, Data: event.Data{Recording: event.RecordingOf(recording)},
	}}
}

// Merge returns what was delivered according to either. The processing time is that of b if it has one, because a later one replaces an
// earlier one.
func Merge(a, b v1alpha1.DeliveryStatus) v1alpha1.DeliveryStatus {
	merged := v1alpha1.DeliveryStatus{State: a.State, ProcessingTime: a.ProcessingTime}
	if b.ProcessingTime != nil && (a.ProcessingTime == nil || !b.ProcessingTime.Before(a.ProcessingTime)) {
		merged.ProcessingTime = b.ProcessingTime
	}
	merged.Events = union(a.Events, b.Events)
	merged.Outputs = union(a.Outputs, b.Outputs)
	return merged
}

func union[T comparable](a, b []T) []T {
	merged := slices.Clone(a)
	for _, element := range b {
		if !slices.Contains(merged, element) {
			merged = append(merged, element)
		}
	}
	return merged
}

// Current returns what was delivered without outputs that the recording no longer has: a rerun replaced them.
func Current(recording *v1alpha1.MeetingRecording, delivered v1alpha1.DeliveryStatus) v1alpha1.DeliveryStatus {
	current := Merge(delivered, v1alpha1.DeliveryStatus{})
	current.Outputs = slices.DeleteFunc(current.Outputs, func(key v1alpha1.DeliveredOutputs) bool {
		return !slices.ContainsFunc(recording.Status.Processing.Steps, func(step v1alpha1.StepStatus) bool {
			return step.Pipeline == key.Pipeline && step.Step == key.Step && step.Attempt == key.Attempt
		})
	})
	return current
}
