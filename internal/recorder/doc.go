// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recorder places events and writes them into the status of MeetingRecordings: a [Writer] reads the objects of a session, has
// package lifecycle decide, and writes through a [Store]. It knows neither how events arrive nor when they are to be written.
package recorder

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
