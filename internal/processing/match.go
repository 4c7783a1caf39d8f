// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	if !slices.Contains(pipeline.Spec.On, v1alpha1.PipelineTrigger(recording.Status.Recording.State)) {
		return false
	}
	if pipeline.Spec.Selector == nil {
		return true
	}
	selector, err := metav1.LabelSelectorAsSelector(pipeline.Spec.Selector)
	return err == nil && selector.Matches(labels.Set(recording.Labels))
}

// findStep returns the step of a pipeline as it is now; false when the pipeline or the step is gone.
func findStep(pipelines []v1alpha1.RecordingPipeline, status v1alpha1.StepStatus) (v1alpha1.PipelineStep, bool) {
	for i := range pipelines {
		if pipelines[i].Name != status.Pipeline {
			continue
		}
		for _, step := range pipelines[i].Spec.Steps {
			if step.Name == status.Name {
				return step, true
			}
		}
	}
	return v1alpha1.PipelineStep{}, false
}
