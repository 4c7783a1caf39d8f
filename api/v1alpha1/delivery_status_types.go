// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DeliveryState reports whether everything about a recording was delivered to the sink of CloudEvents.
//
// +kubebuilder:validation:Enum=Pending;Delivered
type DeliveryState string

// The states of delivery.
const (
	// DeliveryPending means processing has ended and the sink has not accepted everything yet.
	DeliveryPending DeliveryState = "Pending"
	// DeliveryDelivered means processing has ended and everything was delivered.
	DeliveryDelivered DeliveryState = "Delivered"
)

// DeliveryStatus is what was delivered to the sink of CloudEvents, if the manager has one. What is pending follows from comparing it
// with status.recording and status.processing. It is written up to a minute after a delivery, so the sink may receive events again
// after a crash of the manager. Only the delivery controller writes it.
type DeliveryStatus struct {
	// state reports whether everything was delivered. Pending: processing has ended and the sink has not accepted everything yet.
	// Delivered: processing has ended and everything was delivered. Absent while the manager has no sink, and while the
	// recording is in flight.
	// +optional
	State DeliveryState `json:"state,omitempty"`

	// events lists the types of status.recording.events that were delivered.
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +optional
	Events []EventType `json:"events,omitempty"`

	// processingTime is the status.processing.lastTransitionTime of the last processing state that was delivered. Absent until one was.
	// +optional
	ProcessingTime *metav1.MicroTime `json:"processingTime,omitempty"`

	// outputs lists the attempts at steps whose outputs were delivered.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Outputs []DeliveredOutputs `json:"outputs,omitempty"`
}

// DeliveredOutputs identifies an attempt at a step whose outputs were delivered.
type DeliveredOutputs struct {
	// pipeline is the name of the step's RecordingPipeline.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Pipeline string `json:"pipeline"`

	// step is the name of the step.
	// +kubebuilder:validation:MaxLength=40
	// +required
	Step string `json:"step"`

	// attempt is the number of the attempt, as in status.processing.steps.
	// +kubebuilder:validation:Minimum=1
	// +required
	Attempt int32 `json:"attempt"`
}
