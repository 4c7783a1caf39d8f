// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// match is a pipeline that runs for a recording; err is why its selector or its condition could not be evaluated.
type match struct {
	*v1alpha1.RecordingPipeline
	err error
}

// matching returns the pipelines that run for a recording that has ended, by name. One that cannot be evaluated is among them, so
// that its steps fail visibly; one that is being deleted is not.
func matching(in Input) []match {
	var matched []match
	for i := range in.Pipelines {
		pipeline := &in.Pipelines[i]
		if runs, err := matches(in, pipeline); runs || err != nil {
			matched = append(matched, match{pipeline, err})
		}
	}
	slices.SortFunc(matched, func(a, b match) int { return strings.Compare(a.Name, b.Name) })
	return matched
}

func matches(in Input, pipeline *v1alpha1.RecordingPipeline) (bool, error) {
	if !pipeline.DeletionTimestamp.IsZero() ||
		!slices.Contains(pipeline.Spec.Triggers, v1alpha1.PipelineTrigger(in.Recording.Status.Recording.State)) {
		return false, nil
	}
	if pipeline.Spec.Selector != nil {
		selector, err := pipeline.Spec.Selector.Parse()
		if err != nil {
			return false, fmt.Errorf("spec.selector cannot be evaluated: %w", err)
		}
		if !selector.Matches(labels.Set(in.Recording.Labels)) {
			return false, nil
		}
	}
	runs, err := in.Expressions.Pipeline(pipeline.Spec.When, in.Recording)
	if err != nil {
		return false, fmt.Errorf("spec.when cannot be evaluated: %w", err)
	}
	return runs, nil
}
