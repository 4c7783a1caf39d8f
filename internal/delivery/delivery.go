// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package delivery decides what a sink of CloudEvents has not received yet, by comparing status.delivery with the other parts of a
// recording's status. It is pure. It compares states, not transitions: a processing state that another has replaced is no longer pending.
package delivery

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// Item is a pending CloudEvent.
type Item struct {
	event.CloudEvent
	// Delivered is what it adds to status.delivery.
	Delivered v1alpha1.DeliveryStatus
}

// Pending returns what was not delivered yet, in order: the provider's events as they arrived, then outputs, then the processing state.
// Events of clients are not delivered: the provider's replace them.
func Pending(recording *v1alpha1.MeetingRecording, delivered v1alpha1.DeliveryStatus) []Item {
	var pending []Item
	for _, entry := range recording.Status.Recording.Events {
		if entry.Source != v1alpha1.EventSourceClient && !slices.Contains(delivered.Events, entry.Type) {
			pending = append(pending, Item{event.Received(recording, entry), v1alpha1.DeliveryStatus{Events: []v1alpha1.EventType{entry.Type}}})
		}
	}
	slices.SortStableFunc(pending, func(a, b Item) int { return a.Time.Compare(b.Time) })
	status := &recording.Status.Processing
	for i := range status.Steps {
		step := &status.Steps[i]
		key := v1alpha1.DeliveredOutputs{Pipeline: step.Pipeline, Step: step.Step, Attempt: step.Attempt}
		if step.State == v1alpha1.StepSucceeded && len(step.Outputs) > 0 && !slices.Contains(delivered.Outputs, key) {
			pending = append(pending, Item{event.Made(recording, step), v1alpha1.DeliveryStatus{Outputs: []v1alpha1.DeliveredOutputs{key}}})
		}
	}
	changed := status.LastTransitionTime
	if changed == nil || status.State == "" || status.State == v1alpha1.ProcessingWaiting || changed.Equal(delivered.ProcessingTime) {
		return pending
	}
	return append(pending, Item{event.Processed(recording), v1alpha1.DeliveryStatus{ProcessingTime: changed}})
}

// Merge returns what was delivered according to either. It uses b's processing time if b has one, because a later state replaces an earlier
// one.
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
