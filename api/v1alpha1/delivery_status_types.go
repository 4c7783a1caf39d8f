// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DeliveryState tells whether a sink of events knows all of the recording.
//
// +kubebuilder:validation:Enum=Pending;Delivered
type DeliveryState string

// The states of the delivery. It has none while the manager has no sink.
const (
	// DeliveryPending means that there may be events that the sink does not
	// know. Whoever adds an event sets it in the same write.
	DeliveryPending DeliveryState = "Pending"
	// DeliveryDelivered means that processing has ended and the sink knows all.
	DeliveryDelivered DeliveryState = "Delivered"
)

// DeliveryTold is how far a sink of events knows the recording.
type DeliveryTold struct {
	// events lists the types of status.recording.events that the sink knows from
	// webhooks.
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +optional
	Events []EventType `json:"events,omitempty"`

	// transition is the sequence of the last of status.processing.transitions
	// that the sink knows.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Transition int64 `json:"transition,omitempty"`
}

// DeliveryStatus is what a sink of CloudEvents knows of the recording, where
// the manager has one.
type DeliveryStatus struct {
	// state tells whether the sink knows all. Pending: it may not. Delivered: the
	// recording is processed and the sink knows all of it. It is missing while
	// the manager has no sink, or nothing has been decided on the recording.
	// +optional
	State DeliveryState `json:"state,omitempty"`

	// told is how far the sink knows the recording. It may know more: an event is
	// written down a while after it was delivered, so some may come again when
	// the manager restarts.
	// +optional
	Told *DeliveryTold `json:"told,omitempty"`
}

// Transition is something that happened in processing, for a sink of events:
// the state that it came to, or a step whose outputs are ready.
type Transition struct {
	// sequence numbers the recording's transitions, from 1.
	// +kubebuilder:validation:Minimum=1
	// +required
	Sequence int64 `json:"sequence"`

	// time is when it was written.
	// +required
	Time metav1.MicroTime `json:"time"`

	// state is the state that processing came to. It is absent where outputs are
	// ready.
	// +optional
	State ProcessingState `json:"state,omitempty"`

	// pipeline is the name of the step's RecordingPipeline, where outputs are
	// ready.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Pipeline string `json:"pipeline,omitempty"`

	// step is the name of the step whose outputs are ready.
	// +kubebuilder:validation:MaxLength=40
	// +optional
	Step string `json:"step,omitempty"`

	// attempt is the step's attempt that made them.
	// +kubebuilder:validation:Minimum=1
	// +optional
	Attempt int32 `json:"attempt,omitempty"`
}
