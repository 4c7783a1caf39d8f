// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Labels returns the labels that the operator sets on the run's Job and on its Pods. The ids come from the recording's labels, or else from
// its spec. Names and ids that are not valid values of labels are cut and hashed.
func Labels(run Run) map[string]string {
	return map[string]string{
		v1alpha1.LabelRecording: lifecycle.LabelValue(run.Recording.Name),
		v1alpha1.LabelMeetingID: idLabel(run.Recording, v1alpha1.LabelMeetingID, run.Recording.Spec.MeetingID),
		v1alpha1.LabelSessionID: idLabel(run.Recording, v1alpha1.LabelSessionID, run.Recording.Spec.SessionID),
		v1alpha1.LabelPipeline:  lifecycle.LabelValue(run.Pipeline),
		v1alpha1.LabelStep:      lifecycle.LabelValue(run.Step.Name),
	}
}

func idLabel(recording *v1alpha1.MeetingRecording, label, id string) string {
	if value, ok := recording.Labels[label]; ok {
		return value
	}
	return lifecycle.LabelValue(id)
}
