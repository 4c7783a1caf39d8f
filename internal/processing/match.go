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
	if !slices.Contains(pipeline.Spec.Triggers, v1alpha1.PipelineTrigger(recording.Status.Recording.State)) {
		return false
	}
	if pipeline.Spec.Selector == nil {
		return true
	}
	selector, err := labelSelector(pipeline.Spec.Selector)
	return err == nil && selector.Matches(labels.Set(recording.Labels))
}

// labelSelector parses a selector. The schema admits none that cannot be parsed.
func labelSelector(selector *v1alpha1.LabelSelector) (labels.Selector, error) {
	parsed := metav1.LabelSelector{MatchLabels: map[string]string{}}
	for key, value := range selector.MatchLabels {
		parsed.MatchLabels[key] = string(value)
	}
	for _, requirement := range selector.MatchExpressions {
		values := make([]string, len(requirement.Values))
		for i, value := range requirement.Values {
			values[i] = string(value)
		}
		parsed.MatchExpressions = append(parsed.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: requirement.Key, Operator: requirement.Operator, Values: values})
	}
	return metav1.LabelSelectorAsSelector(&parsed)
}
