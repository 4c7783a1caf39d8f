// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Sample returns a recording of the provider's own shape that was never stored, for dry runs of a pipeline's templates: the Jobs
// built for it have no owner, and the longest names that Jobs can have.
func Sample(namespace string) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "abcd-efgh-ijkl-000000000000000000000000-999999"},
		Spec: v1alpha1.MeetingRecordingSpec{
			MeetingID: "abcd-efgh-ijkl",
			SessionID: "000000000000000000000000",
			Segment:   999999,
		},
		Status: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
			State: v1alpha1.RecordingStopped,
			File:  &v1alpha1.RecordingFile{Path: "sample.mp4", URL: "https://example.com/sample.mp4"},
		}},
	}
}
