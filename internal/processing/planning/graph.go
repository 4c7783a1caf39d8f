// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// group is the steps of one pipeline within a recording, which need each other as the pipeline says now.
type group struct {
	// steps are the pipeline's part of the recording's steps.
	steps []v1alpha1.StepStatus
	// pipeline is the pipeline as it is now; nil where it is gone.
	pipeline *v1alpha1.RecordingPipeline
}

// groups splits the steps of a recording by pipeline, sharing their memory. The steps of a pipeline stand together.
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

// template returns the step as its pipeline has it now; nil where the pipeline or the step is gone.
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

// index returns where the step is among the recording's; -1 where it is not.
func (g *group) index(name string) int {
	return slices.IndexFunc(g.steps, func(step v1alpha1.StepStatus) bool { return step.Step == name })
}

// needed returns the steps that the named ones need, directly or through others, as they are, in the order of the status. It ends
// whatever the graph is like.
func (g *group) needed(needs []string) []v1alpha1.StepStatus {
	if len(needs) == 0 {
		return nil
	}
	reached := make([]bool, len(g.steps))
	g.reach(needs, reached)
	var steps []v1alpha1.StepStatus
	for i := range g.steps {
		if reached[i] {
			steps = append(steps, g.steps[i])
		}
	}
	return steps
}

// reach marks the named steps and all that they need.
func (g *group) reach(names []string, reached []bool) {
	for _, name := range names {
		i := g.index(name)
		if i < 0 || reached[i] {
			continue
		}
		reached[i] = true
		if template := g.template(name); template != nil {
			g.reach(template.Needs, reached)
		}
	}
}

// withDependants marks, beside the steps that are marked, those that need them, directly or through others.
func (g *group) withDependants(marked []bool) {
	for again := true; again; {
		again = false
		for i := range g.steps {
			if !marked[i] && g.needsAny(i, marked) {
				marked[i], again = true, true
			}
		}
	}
}

func (g *group) needsAny(i int, marked []bool) bool {
	template := g.template(g.steps[i].Step)
	return template != nil && slices.ContainsFunc(template.Needs, func(name string) bool {
		need := g.index(name)
		return need >= 0 && marked[need]
	})
}

func findPipeline(pipelines []v1alpha1.RecordingPipeline, name string) *v1alpha1.RecordingPipeline {
	for i := range pipelines {
		if pipelines[i].Name == name {
			return &pipelines[i]
		}
	}
	return nil
}
