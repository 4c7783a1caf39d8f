// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// matching returns the pipelines that are to run for a recording that has ended, by name. One that is being deleted does not
// count, nor does one whose selector is invalid: its own conditions say so.
func matching(recording *v1alpha1.MeetingRecording, pipelines []v1alpha1.RecordingPipeline) []*v1alpha1.RecordingPipeline {
	var matched []*v1alpha1.RecordingPipeline
	for i := range pipelines {
		if matches(recording, &pipelines[i]) {
			matched = append(matched, &pipelines[i])
		}
	}
	slices.SortFunc(matched, func(a, b *v1alpha1.RecordingPipeline) int { return strings.Compare(a.Name, b.Name) })
	return matched
}

func matches(recording *v1alpha1.MeetingRecording, pipeline *v1alpha1.RecordingPipeline) bool {
	if !pipeline.DeletionTimestamp.IsZero() {
		return false
	}
	if !slices.Contains(pipeline.Spec.Triggers, v1alpha1.PipelineTrigger(recording.Status.Recording.State)) {
		return false
	}
	if pipeline.Spec.Selector == nil {
		return true
	}
	selector, err := pipeline.Spec.Selector.Parse()
	return err == nil && selector.Matches(labels.Set(recording.Labels))
}
