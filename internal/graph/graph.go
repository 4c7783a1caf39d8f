// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package graph validates and evaluates which steps of a pipeline need which. It is pure.
package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Check returns what is wrong with the steps' needs: duplicate names of steps, needs that name no step, the step itself or a step twice, and
// cycles. path is the field with the steps, such as spec.steps. Errors are in the order of the steps. Each cycle is reported once, by a
// shortest path: "a -> b -> a" means that a needs b and b needs a.
func Check(path *field.Path, steps []v1alpha1.PipelineStep) field.ErrorList {
	var found field.ErrorList
	index := make(map[string]int, len(steps))
	for i, step := range steps {
		if _, twice := index[step.Name]; twice {
			found = append(found, field.Duplicate(path.Index(i).Child("name"), step.Name))
			continue
		}
		index[step.Name] = i
	}
	for i, step := range steps {
		found = append(found, checkNeeds(path.Index(i).Child("needs"), step, index)...)
	}
	reported := make(map[int]bool)
	for i := range steps {
		if reported[i] {
			continue
		}
		circle := shortestCircle(steps, index, i)
		if circle == nil {
			continue
		}
		names := make([]string, 0, len(circle)+1)
		for _, member := range circle {
			reported[member] = true
			names = append(names, steps[member].Name)
		}
		names = append(names, names[0])
		at := path.Index(i).Child("needs").Index(slices.Index(steps[i].Needs, names[1]))
		found = append(found, field.Invalid(at, names[1], "the steps need each other: "+strings.Join(names, " -> ")))
	}
	return found
}

// checkNeeds checks each need of a step separately.
func checkNeeds(path *field.Path, step v1alpha1.PipelineStep, index map[string]int) field.ErrorList {
	var found field.ErrorList
	for k, need := range step.Needs {
		_, known := index[need]
		switch {
		case need == step.Name:
			found = append(found, field.Invalid(path.Index(k), need, "a step cannot need itself"))
		case !known:
			found = append(found, field.Invalid(path.Index(k), need,
				fmt.Sprintf("the pipeline has no step of this name; its steps are: %s", strings.Join(names(index), ", "))))
		case slices.Index(step.Needs, need) < k:
			found = append(found, field.Duplicate(path.Index(k), need))
		}
	}
	return found
}

func names(index map[string]int) []string {
	return slices.Sorted(maps.Keys(index))
}

// shortestCircle returns the steps of a shortest cycle of two or more steps, beginning with the given one; nil if there is none. Among
// cycles of the same length the order of the needs decides.
func shortestCircle(steps []v1alpha1.PipelineStep, index map[string]int, start int) []int {
	from := map[int]int{start: start}
	for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, need := range steps[at].Needs {
			next, known := index[need]
			switch _, seen := from[next]; {
			case !known || next == at:
			case next == start:
				circle := []int{at}
				for at != start {
					at = from[at]
					circle = append(circle, at)
				}
				slices.Reverse(circle)
				return circle
			case !seen:
				from[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// Needed returns the names of the steps that the named one needs, directly or through others, in the order of the steps. It omits needs
// that name no step, and the step itself, even in a cycle. An unknown name needs nothing.
func Needed(steps []v1alpha1.PipelineStep, name string) []string {
	needed := make(map[string]bool, len(steps))
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		for _, step := range steps {
			if step.Name != queue[0] {
				continue
			}
			for _, need := range step.Needs {
				if !needed[need] {
					needed[need] = true
					queue = append(queue, need)
				}
			}
		}
	}
	var found []string
	for _, step := range steps {
		if needed[step.Name] && step.Name != name && !slices.Contains(found, step.Name) {
			found = append(found, step.Name)
		}
	}
	return found
}
