// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the API of the meeting-recording operator: MeetingRecording, one recorded file of a meeting and its outcome, and
// RecordingPipeline, the Jobs to run for such files.
//
// +kubebuilder:object:generate=true
// +groupName=recording.meetingops.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all kinds in this package.
const GroupName = "recording.meetingops.dev"

var (
	// GroupVersion is the group and version of all kinds in this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder adds the kinds of this package to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds the kinds of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&MeetingRecording{}, &MeetingRecordingList{},
		&RecordingPipeline{}, &RecordingPipelineList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
