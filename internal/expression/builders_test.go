// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// meeting returns a recording of 11 minutes that has all a recording can have.
func meeting() *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rec", Labels: map[string]string{"team": "a", "example.com/kind": "board"}},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "s", Segment: 2},
		Status: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
			State:     v1alpha1.RecordingStopped,
			File:      &v1alpha1.RecordingFile{Path: "rec/a.mp4", URL: "https://example.com/rec/a.mp4"},
			StartTime: ptr.To(metav1.NewMicroTime(noon.Add(-11 * time.Minute))),
			EndTime:   ptr.To(metav1.NewMicroTime(noon)),
		}},
	}
}

// bare returns a recording that has only what every recording has.
func bare() *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 1},
	}
}

// ended returns the steps that conditions of the tests need: probe made two outputs, check-it was skipped and made none.
func ended() []v1alpha1.StepStatus {
	return []v1alpha1.StepStatus{
		{Step: "probe", State: v1alpha1.StepSucceeded, Outputs: []v1alpha1.StepOutput{
			{
				Name: "report", URL: "s3://bucket/report.json", MediaType: "application/json", SizeBytes: ptr.To(int64(1200)),
				SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
				Values: values(`{"durationSeconds":61,"title":"Board: Q3","hasAudio":true,"width":1280,"zero":0,"same":"first"}`),
			},
			{Name: "more", Values: values(`{"loudness":-23.5,"same":"second"}`)},
		}},
		{Step: "check-it", State: v1alpha1.StepSkipped},
	}
}

func values(object string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(object)} }

// needed are the names of the steps that have ended.
func needed() []string { return []string{"probe", "check-it"} }
