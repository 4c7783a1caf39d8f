// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package acceptance decides whether a RecordingPipeline can run. It is pure.
package acceptance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/graph"
	"github.com/meetingops/meeting-recording-operator/internal/processing/conditions"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// A check that was rejected is retried after as long as it has been rejected, within these bounds.
const (
	minRecheck = 30 * time.Second
	maxRecheck = 10 * time.Minute
)

// Acceptance is the new status of a pipeline.
type Acceptance struct {
	// Status is the complete new status.
	Status v1alpha1.RecordingPipelineStatus
	// RequeueAfter is when to check again even if nothing changes; 0 is never.
	RequeueAfter time.Duration
}

// Changes reports whether the acceptance must be stored.
func (a Acceptance) Changes(pipeline *v1alpha1.RecordingPipeline) bool {
	return !equality.Semantic.DeepEqual(a.Status, pipeline.Status)
}

// NeedsCheck reports whether the current pipeline has not been checked.
func NeedsCheck(pipeline *v1alpha1.RecordingPipeline) bool {
	if !pipeline.DeletionTimestamp.IsZero() {
		return false
	}
	ready := meta.FindStatusCondition(pipeline.Status.Conditions, v1alpha1.ConditionReady)
	return pipeline.Status.ObservedGeneration != pipeline.Generation ||
		ready == nil || ready.Reason == v1alpha1.ReasonCheckRefused
}

// Accept decides whether a pipeline can run. trials[i] is the API server's response to a dry run of the Job of step i; nil means that it
// would accept the Job.
func Accept(pipeline *v1alpha1.RecordingPipeline, checks *expression.Evaluator, trials []error, now time.Time) Acceptance {
	summary := summarize(pipeline, checks, trials)
	acceptance := Acceptance{Status: v1alpha1.RecordingPipelineStatus{
		ObservedGeneration: pipeline.Generation,
		Conditions:         summary.Over(pipeline.Status.Conditions, pipeline.Generation, metav1.NewTime(now)),
	}}
	if summary.Reconciling {
		since := meta.FindStatusCondition(acceptance.Status.Conditions, v1alpha1.ConditionReconciling).LastTransitionTime
		acceptance.RequeueAfter = min(max(now.Sub(since.Time), minRecheck), maxRecheck)
	}
	return acceptance
}

// summarize reports all errors at once, first those of the pipeline itself.
func summarize(pipeline *v1alpha1.RecordingPipeline, checks *expression.Evaluator, trials []error) conditions.Summary {
	var wrong, invalid, refused []string
	for _, err := range validate(pipeline, checks) {
		wrong = append(wrong, err.Error())
	}
	for i, err := range trials {
		switch field := fmt.Sprintf("spec.steps[%d].template", i); {
		case err == nil:
		case outcomes.WhyNotCreated(err) == outcomes.JobInvalid:
			invalid = append(invalid, causes(field, err)...)
		default:
			refused = append(refused, field+": "+err.Error())
		}
	}
	switch {
	case len(wrong) > 0:
		return conditions.Stalled(v1alpha1.ReasonInvalidSpec, text.Cut(strings.Join(append(wrong, sorted(invalid)...), "; ")))
	case len(invalid) > 0:
		return conditions.Stalled(v1alpha1.ReasonInvalidTemplate, text.Cut(strings.Join(sorted(invalid), "; ")))
	case len(refused) > 0:
		return conditions.Working(v1alpha1.ReasonCheckRefused, "Could not validate the Job templates: "+text.Cut(strings.Join(sorted(refused), "; ")))
	}
	return conditions.Done(v1alpha1.ReasonAccepted, fmt.Sprintf("The API server would accept the Job of every step (%d).", len(trials)))
}

// causes names each field of the template that the API server objects to.
func causes(template string, err error) []string {
	var status apierrors.APIStatus
	var named []string
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Field != "" {
				named = append(named, template+"."+cause.Field+": "+cause.Message)
			}
		}
	}
	if len(named) == 0 {
		return []string{template + ": " + err.Error()}
	}
	return named
}

// sorted returns errors of others, each once, in a stable order.
func sorted(complaints []string) []string {
	slices.Sort(complaints)
	return slices.Compact(complaints)
}

// validate returns the errors of a pipeline, by field, that the schema cannot express.
func validate(pipeline *v1alpha1.RecordingPipeline, conditions *expression.Evaluator) field.ErrorList {
	spec, path := &pipeline.Spec, field.NewPath("spec")
	var found field.ErrorList
	if spec.Selector != nil {
		if _, err := spec.Selector.Parse(); err != nil {
			found = append(found, field.Invalid(path.Child("selector"), field.OmitValueType{}, err.Error()))
		}
	}
	found = append(found, invalidCondition(path, conditions.CheckPipeline(spec.When))...)
	found = append(found, graph.Check(path.Child("steps"), spec.Steps)...)
	for i := range spec.Steps {
		step, at := &spec.Steps[i], path.Child("steps").Index(i)
		found = append(found, invalidCondition(at, conditions.CheckStep(step.When, graph.Needed(spec.Steps, step.Name)))...)
	}
	return found
}

func invalidCondition(path *field.Path, err error) field.ErrorList {
	if err == nil {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("when"), field.OmitValueType{}, err.Error())}
}
