// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/graph"
)

var path = field.NewPath("spec", "steps")

// steps reads "a:b,c b c": a needs b and c.
func steps(text string) []v1alpha1.PipelineStep {
	var parsed []v1alpha1.PipelineStep
	for _, word := range strings.Fields(text) {
		name, needs, _ := strings.Cut(word, ":")
		step := v1alpha1.PipelineStep{Name: name}
		if needs != "" {
			step.Needs = strings.Split(needs, ",")
		}
		parsed = append(parsed, step)
	}
	return parsed
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		want  []string
	}{
		"none":              {"", nil},
		"independent":       {"a b", nil},
		"diamond":           {"probe thumbnail:probe archive:probe notify:thumbnail,archive", nil},
		"in any order":      {"notify:archive archive:probe probe", nil},
		"unknown":           {"a b:a,x", []string{`spec.steps[1].needs[1]: Invalid value: "x": the pipeline has no step of this name; its steps are: a, b`}},
		"itself":            {"a b:b", []string{`spec.steps[1].needs[0]: Invalid value: "b": a step cannot need itself`}},
		"a need twice":      {"a b:a,a", []string{`spec.steps[1].needs[1]: Duplicate value: "a"`}},
		"a name twice":      {"a b a", []string{`spec.steps[2].name: Duplicate value: "a"`}},
		"circle of two":     {"a:b b:a", []string{`spec.steps[0].needs[0]: Invalid value: "b": the steps need each other: a -> b -> a`}},
		"circle of three":   {"a b:c c:d,a d:a,b", []string{`spec.steps[1].needs[0]: Invalid value: "c": the steps need each other: b -> c -> d -> b`}},
		"leads to a circle": {"z:a a:b b:a", []string{`spec.steps[1].needs[0]: Invalid value: "b": the steps need each other: a -> b -> a`}},
		"overlapping": {"a:b,c b:c c:a", []string{
			`spec.steps[0].needs[1]: Invalid value: "c": the steps need each other: a -> c -> a`,
			`spec.steps[1].needs[0]: Invalid value: "c": the steps need each other: b -> c -> a -> b`,
		}},
		"two circles, an unknown and itself": {"a:b b:a c:d d:c e:e,f", []string{
			`spec.steps[4].needs[0]: Invalid value: "e": a step cannot need itself`,
			`spec.steps[4].needs[1]: Invalid value: "f": the pipeline has no step of this name; its steps are: a, b, c, d, e`,
			`spec.steps[0].needs[0]: Invalid value: "b": the steps need each other: a -> b -> a`,
			`spec.steps[2].needs[0]: Invalid value: "d": the steps need each other: c -> d -> c`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, err := range graph.Check(path, steps(test.steps)) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNeeded(t *testing.T) {
	diamond := "notify:thumbnail,archive probe thumbnail:probe archive:probe other"
	for _, test := range []struct{ steps, of, want string }{
		{diamond, "notify", "probe thumbnail archive"},
		{diamond, "archive", "probe"},
		{diamond, "probe", ""},
		{diamond, "other", ""},
		{diamond, "unheard-of", ""},
		{"a:b,x b:c c:a", "a", "b c"},
		{"a:a b:a", "a", ""},
	} {
		if got := strings.Join(graph.Needed(steps(test.steps), test.of), " "); got != test.want {
			t.Errorf("%s in %q needs %q, want %q", test.of, test.steps, got, test.want)
		}
	}
}

// Whatever the graph: it is accepted if and only if its steps can be brought into an order in which each comes after all it
// needs; what a needed step needs is needed too, and no step is among what it needs itself.
func TestGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "steps")
		all := make([]v1alpha1.PipelineStep, n)
		for i := range all {
			all[i].Name = fmt.Sprintf("s%d", i)
			for _, need := range rapid.SliceOfNDistinct(rapid.IntRange(0, n), 0, 3, rapid.ID[int]).Draw(t, "needs") {
				all[i].Needs = append(all[i].Needs, fmt.Sprintf("s%d", need)) // s<n> is unknown
			}
		}
		if accepted, runs := len(graph.Check(path, all)) == 0, canRun(all); accepted != runs {
			t.Errorf("accepted %t, can be run %t: %v", accepted, runs, graph.Check(path, all))
		}
		for _, step := range all {
			needed := graph.Needed(all, step.Name)
			if slices.Contains(needed, step.Name) {
				t.Errorf("%s is said to need itself", step.Name)
			}
			for _, name := range needed {
				for _, further := range graph.Needed(all, name) {
					if further != step.Name && !slices.Contains(needed, further) {
						t.Errorf("%s needs %s, which needs %s: %v", step.Name, name, further, needed)
					}
				}
			}
		}
	})
}

// canRun runs steps one after another, each once all it needs has run, and says whether all did.
func canRun(all []v1alpha1.PipelineStep) bool {
	ran := make(map[string]bool)
	for range all {
		for _, step := range all {
			if !slices.ContainsFunc(step.Needs, func(need string) bool { return !ran[need] }) {
				ran[step.Name] = true
			}
		}
	}
	return len(ran) == len(all)
}
