// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/graph"
)

// ConditionChecks tells what is wrong with conditions before there is a recording. The same arguments have always the same
// answer. An error is what the author of the condition reads, and says what to mend and where.
type ConditionChecks interface {
	// CheckPipeline checks the condition of a pipeline, its spec.when.
	CheckPipeline(source string) error
	// CheckStep checks the condition of a step, its when. needed are the steps that it may name: those that the step needs,
	// directly or through others.
	CheckStep(source string, needed []string) error
}

// validate returns what is wrong with a pipeline by itself, by field, that the schema cannot express.
func validate(pipeline *v1alpha1.RecordingPipeline, conditions ConditionChecks) field.ErrorList {
	spec, path := &pipeline.Spec, field.NewPath("spec")
	var found field.ErrorList
	if spec.Selector != nil {
		if _, err := spec.Selector.Parse(); err != nil {
			found = append(found, field.Invalid(path.Child("selector"), field.OmitValueType{}, err.Error()))
		}
	}
	if spec.When != "" {
		found = append(found, invalidCondition(path, conditions.CheckPipeline(spec.When))...)
	}
	found = append(found, graph.Check(path.Child("steps"), spec.Steps)...)
	for i := range spec.Steps {
		step, at := &spec.Steps[i], path.Child("steps").Index(i)
		if step.When != "" {
			found = append(found, invalidCondition(at, conditions.CheckStep(step.When, graph.Needed(spec.Steps, step.Name)))...)
		}
	}
	return found
}

func invalidCondition(path *field.Path, err error) field.ErrorList {
	if err == nil {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("when"), field.OmitValueType{}, err.Error())}
}
