// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver takes the provider's webhooks over HTTP and writes them into
// the status of MeetingRecordings. An answer of 2xx means that the event is
// durable.
//
// The steps of a request, each a function of [Handler]: method and path, a
// limited read of the raw body, its signature, its content, and then a
// [Recorder], which makes it durable. The Recorder of this package is [Queue]:
// it gathers the events of one session that wait at the same time, and hands
// them to a [Writer], which reads the session's objects, has package lifecycle
// decide, and writes through a [Store]. [Spooling] puts a local [Spool] behind
// the Queue, for events that the API server does not take in time.
package receiver

// What the sidecar may do in the API server, and no more; as a Role, which config/default binds in the operator's own namespace, and
// the same as a ClusterRole, for receivers of other namespaces. There is no subresource "recording": who may update it may change
// status.recording, by the policy of config/policy.
//
// +kubebuilder:rbac:groups=recording.meetingops.dev,namespace=system,resources=meetingrecordings,verbs=create;get
// +kubebuilder:rbac:groups=recording.meetingops.dev,namespace=system,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,namespace=system,resources=meetingrecordings/recording,verbs=update
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=create;get
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/recording,verbs=update
