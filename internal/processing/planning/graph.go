// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// group is the steps of one pipeline within a recording, with the needs of the current pipeline.
type group struct {
	// steps are the pipeline's part of the recording's steps.
	steps []v1alpha1.StepStatus
	// pipeline is the current pipeline; nil if it was deleted.
	pipeline *v1alpha1.RecordingPipeline
}

// groups splits the steps of a recording by pipeline, sharing their memory. The steps of a pipeline are adjacent.
func groups(in Input, steps []v1alpha1.StepStatus) []group {
	var all []group
	for first := 0; first < len(steps); {
		last := first + 1
		for last < len(steps) && steps[last].Pipeline == steps[first].Pipeline {
			last++
		}
		all = append(all, group{steps: steps[first:last:last], pipeline: findPipeline(in.Pipelines, steps[first].Pipeline)})
		first = last
	}
	return all
}

// template returns the step of the current pipeline; nil if the pipeline or the step was deleted.
func (g *group) template(name string) *v1alpha1.PipelineStep {
	if g.pipeline == nil {
		return nil
	}
	for i := range g.pipeline.Spec.Steps {
		if g.pipeline.Spec.Steps[i].Name == name {
			return &g.pipeline.Spec.Steps[i]
		}
	}
	return nil
}

// index returns where the step is among the recording's; -1 if it is not.
func (g *group) index(name string) int {
	return slices.IndexFunc(g.steps, func(step v1alpha1.StepStatus) bool { return step.Step == name })
}

// needed returns the steps that the named one needs, directly or through others, in the order of the status: also those that the pipeline
// no longer has. It ends for every graph, cyclic or not.
func (g *group) needed(name string) []v1alpha1.StepStatus {
	reached := make(map[string]bool)
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		if template := g.template(queue[0]); template != nil {
			for _, need := range template.Needs {
				if !reached[need] {
					reached[need], queue = true, append(queue, need)
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.steps), func(step v1alpha1.StepStatus) bool { return !reached[step.Step] })
}

func findPipeline(pipelines []v1alpha1.RecordingPipeline, name string) *v1alpha1.RecordingPipeline {
	for i := range pipelines {
		if pipelines[i].Name == name {
			return &pipelines[i]
		}
	}
	return nil
}
