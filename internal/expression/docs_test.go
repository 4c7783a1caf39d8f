// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/graph"
)

// fence finds the examples of a page: their language and their text.
var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// ofPipeline matches a manifest of a pipeline, not one that only names the kind.
var ofPipeline = regexp.MustCompile(`(?m)^kind: RecordingPipeline$`)

// Every condition in the documentation is accepted: the examples of conditions, and those of pipelines, whose graph is too.
func TestDocumentedConditions(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	e := expression.New()
	examples, pipelines := 0, 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			switch language, text := block[1], block[2]; {
			case language == "cel":
				examples += checkExamples(t, e, text)
			case language == "yaml" && ofPipeline.MatchString(text):
				pipelines++
				checkPipeline(t, e, text)
			}
		}
	}
	if examples < 10 || pipelines < 1 {
		t.Errorf("found %d examples of conditions and %d of pipelines: does the pattern still find them?", examples, pipelines)
	}
}

// checkExamples checks conditions, one on a line, and returns how many there are.
func checkExamples(t *testing.T, e *expression.Evaluator, text string) int {
	t.Helper()
	examples := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		examples++
		if err := e.CheckStep(line, []string{"probe", "thumbnail", "archive", "check-audio"}); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
	return examples
}

func checkPipeline(t *testing.T, e *expression.Evaluator, text string) {
	t.Helper()
	var pipeline v1alpha1.RecordingPipeline
	if err := yaml.UnmarshalStrict([]byte(text), &pipeline); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	spec := pipeline.Spec
	for _, wrong := range graph.Check(field.NewPath("spec", "steps"), spec.Steps) {
		t.Errorf("pipeline %s: %v", pipeline.Name, wrong)
	}
	if spec.When != "" {
		if err := e.CheckPipeline(spec.When); err != nil {
			t.Errorf("pipeline %s: %v", pipeline.Name, err)
		}
	}
	for _, step := range spec.Steps {
		if step.When == "" {
			continue
		}
		if err := e.CheckStep(step.When, graph.Needed(spec.Steps, step.Name)); err != nil {
			t.Errorf("pipeline %s, step %s: %v", pipeline.Name, step.Name, err)
		}
	}
}
