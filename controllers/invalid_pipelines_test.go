// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// job stands in the YAML of tests for a template that is good.
const job = `{spec: {template: {spec: {containers: [{name: main, image: "example.com/main:v1"}]}}}}`

// Where a pipeline that cannot be run is refused.
const (
	atApply     = "at kubectl apply"
	byCondition = "by a condition"
)

// invalidPipelines are specs that cannot be run, where each is refused, and what the message says, the field first.
var invalidPipelines = []struct {
	name, spec, where string
	says              []string
}{
	// what the steps need
	{"a need that is no step", `steps: [{name: a, template: JOB}, {name: b, needs: [x], template: JOB}]`, atApply,
		[]string{"spec.steps: Invalid value: needs can name only steps of the pipeline"}},
	{"a typing error in the twelfth step", `steps: [{name: a, template: JOB}, {name: b, template: JOB}, {name: c, template: JOB}, {name: d, template: JOB},
	  {name: e, template: JOB}, {name: f, template: JOB}, {name: g, template: JOB}, {name: h, template: JOB}, {name: i, template: JOB}, {name: j, template: JOB},
	  {name: k, template: JOB}, {name: l, needs: [a, B], template: JOB}]`, atApply,
		[]string{"spec.steps: Invalid value: needs can name only steps of the pipeline"}},
	{"a step that needs itself", `steps: [{name: a, template: JOB}, {name: b, needs: [a, b], template: JOB}]`, atApply,
		[]string{"spec.steps[1].needs: Invalid value: a step cannot need itself"}},
	{"two steps that need each other", `steps: [{name: z, template: JOB}, {name: a, needs: [b], template: JOB}, {name: b, needs: [z, a], template: JOB}]`, atApply,
		[]string{"spec.steps: Invalid value: two steps cannot need each other"}},
	{"a circle of three", `steps: [{name: a, needs: [c], template: JOB}, {name: b, needs: [a], template: JOB}, {name: c, needs: [b], template: JOB}]`, byCondition,
		[]string{`spec.steps[0].needs[0]: Invalid value: "c": the steps need each other: a -> c -> b -> a`}},
	{"a need twice", `steps: [{name: a, template: JOB}, {name: b, needs: [a, a], template: JOB}]`, atApply,
		[]string{"spec.steps[1].needs[1]: Duplicate value"}},
	{"an empty need", `steps: [{name: a, template: JOB}, {name: b, needs: [""], template: JOB}]`, atApply,
		[]string{"spec.steps[1].needs[0]: Invalid value"}},
	{"a step twice", `steps: [{name: a, template: JOB}, {name: a, template: JOB}]`, atApply,
		[]string{"spec.steps[1]: Duplicate value"}},

	// conditions
	{"a field that recordings do not have", `{when: recording.sesionID == "x", steps: [{name: a, template: JOB}]}`, byCondition,
		[]string{"spec.when: Invalid value: line 1, column 10: undefined field 'sesionID'"}},
	{"a condition that ends too early", `{when: recording.segment ==, steps: [{name: a, template: JOB}]}`, byCondition,
		[]string{"spec.when: Invalid value: line 1, column 21: Syntax error"}},
	{"a pipeline's condition that sees steps", `{when: steps.a.state == "Succeeded", steps: [{name: a, template: JOB}]}`, byCondition,
		[]string{"spec.when: Invalid value: line 1, column 1: the condition of a pipeline is evaluated before any step runs"}},
	{"a condition that is a number", `{when: recording.segment, steps: [{name: a, template: JOB}]}`, byCondition,
		[]string{"spec.when: Invalid value: must be true or false (bool), not int"}},
	{"an empty condition", `{when: "", steps: [{name: a, template: JOB}]}`, atApply, []string{"spec.when: Invalid value"}},
	{"a blank condition", `{when: " ", steps: [{name: a, template: JOB}]}`, byCondition, []string{"spec.when: Invalid value: is empty"}},
	{"a condition that is too long", `{when: "` + strings.Repeat("true && ", 300) + `true", steps: [{name: a, template: JOB}]}`, atApply, []string{"spec.when: Too long"}},
	{"a step that is not needed", `steps: [{name: probe, template: JOB}, {name: b, when: outputs.probe.seconds > 60.0, template: JOB}]`, byCondition,
		[]string{`spec.steps[1].when: Invalid value: line 1, column 8: step "probe" cannot be seen`, "directly or through others (none, since this one needs none)"}},
	{"a typing error in a step's name", `steps: [{name: probe, template: JOB}, {name: b, needs: [probe], when: 'steps["prob"].state == "Succeeded"', template: JOB}]`, byCondition,
		[]string{`spec.steps[1].when: Invalid value: line 1, column 6: step "prob" cannot be seen`, "(probe)"}},
	{"a field that outputs do not have", `steps: [{name: probe, template: JOB}, {name: b, needs: [probe], when: steps.probe.outputs.a.uri != "", template: JOB}]`, byCondition,
		[]string{"spec.steps[1].when: Invalid value: line 1, column 22: undefined field 'uri'"}},
	{"text compared with a number", `steps: [{name: a, when: recording.segment == "1", template: JOB}]`, byCondition,
		[]string{"spec.steps[0].when: Invalid value: line 1, column 19: found no matching overload"}},
	{"a condition without a bound", `steps: [{name: a, when: "lists.range(1000000).all(a, lists.range(1000000).all(b, a == b))", template: JOB}]`, byCondition,
		[]string{"spec.steps[0].when: Invalid value: may cost far more than the limit of 1000000 units"}},
	{"a pattern that is none", `steps: [{name: a, when: 'recording.name.matches("(")', template: JOB}]`, byCondition,
		[]string{"spec.steps[0].when: Invalid value: line 1, column 24: invalid matches argument"}},

	// retries, time-outs, queues, retention
	{"retries beside backoffLimit", `steps: [{name: a, retries: 1, template: ` + jobWith("backoffLimit: 2") + `}]`, atApply,
		[]string{"spec.steps[0].retries: Invalid value: retries and template.spec.backoffLimit are mutually exclusive"}},
	{"backoff beside backoffLimit", `steps: [{name: a, backoff: 1m, template: ` + jobWith("backoffLimit: 2") + `}]`, atApply,
		[]string{"spec.steps[0].backoff: Invalid value: backoff and template.spec.backoffLimit are mutually exclusive"}},
	{"timeout beside activeDeadlineSeconds", `steps: [{name: a, timeout: 1h, template: ` + jobWith("activeDeadlineSeconds: 60") + `}]`, atApply,
		[]string{"spec.steps[0].timeout: Invalid value: timeout and template.spec.activeDeadlineSeconds are mutually exclusive"}},
	{"too many retries", `steps: [{name: a, retries: 21, template: JOB}]`, atApply, []string{"spec.steps[0].retries: Invalid value"}},
	{"a backoff that is too short", `steps: [{name: a, backoff: 10ms, template: JOB}]`, atApply,
		[]string{`spec.steps[0].backoff: Invalid value: "10ms": backoff must be between 1s and 1h`}},
	{"a timeout that is no duration", `steps: [{name: a, timeout: soon, template: JOB}]`, atApply, []string{"spec.steps[0].timeout: Invalid value"}},
	{"a limit beside a queue", `{maxConcurrent: 1, queueName: q, steps: [{name: a, template: JOB}]}`, atApply,
		[]string{"spec.queueName: Invalid value: maxConcurrent and queueName are mutually exclusive"}},
	{"a limit of none", `{maxConcurrent: 0, steps: [{name: a, template: JOB}]}`, atApply, []string{"spec.maxConcurrent: Invalid value"}},
	{"recordings kept for an hour", `{retention: {keepRecordings: 1h}, steps: [{name: a, template: JOB}]}`, atApply,
		[]string{`spec.retention.keepRecordings: Invalid value: "1h": keepRecordings must be between 24h and 876000h`}},

	// selectors and templates
	{"a selector's operator", `{selector: {matchExpressions: [{key: team, operator: Is}]}, steps: [{name: a, template: JOB}]}`, atApply,
		[]string{`spec.selector.matchExpressions[0].operator: Unsupported value: "Is"`}},
	{"a container without an image", `steps: [{name: a, template: {spec: {template: {spec: {containers: [{name: main}]}}}}}]`, byCondition,
		[]string{"spec.steps[0].template.spec.template.spec.containers[0].image: Required value"}},

	{"several at once", `{when: recording.sesionID == "x", steps: [
	  {name: a, needs: [c], when: recording.segment, template: {spec: {template: {spec: {containers: [{name: main}]}}}}},
	  {name: b, needs: [a], template: JOB}, {name: c, needs: [b], template: JOB}]}`, byCondition,
		[]string{
			"spec.when: Invalid value: line 1, column 10: undefined field 'sesionID'; ",
			`spec.steps[0].needs[0]: Invalid value: "c": the steps need each other: a -> c -> b -> a; `,
			"spec.steps[0].when: Invalid value: must be true or false (bool), not int; ",
			"spec.steps[0].template.spec.template.spec.containers[0].image: Required value",
		}},
}

func jobWith(field string) string { return strings.Replace(job, "{spec: {", "{spec: {"+field+", ", 1) }

// No pipeline that cannot be run is taken in silence: each is refused, and the message names the field to fix.
func TestInvalidPipelines(t *testing.T) {
	ns := namespace(t)
	op := start(t, ns, nil)
	expected := 0
	for i, test := range invalidPipelines {
		t.Run(test.name, func(t *testing.T) {
			pipeline := pipelineFromYAML(t, ns, fmt.Sprintf("p%d", i), test.spec)
			err := admin.Create(t.Context(), pipeline)
			switch {
			case test.where == atApply:
				for _, says := range test.says {
					expectAnswer(t, err, says)
				}
				return
			case err != nil:
				t.Fatalf("it is refused at once: %v", err)
			}
			expected++
			stored := &v1alpha1.RecordingPipeline{}
			stored.Namespace, stored.Name = ns, pipeline.GetName()
			conditions := invalidSpec
			if strings.Contains(test.says[0], ".template.") {
				conditions = invalid
			}
			message := expectPipeline(t, stored, conditions, status.FailedStatus)
			for _, says := range test.says {
				if !strings.Contains(message, says) {
					t.Errorf("it says %q, want %q", message, says)
				}
			}
		})
	}
	if got := op.wire.counted()["PATCH recordingpipelines/status"]; got != expected {
		t.Errorf("%d writes of status for %d pipelines, want one for each", got, expected)
	}
}

// pipelineFromYAML returns a pipeline as kubectl sends it, so that nothing is filled in, or left out, on the way.
func pipelineFromYAML(t *testing.T, ns, name, spec string) *unstructured.Unstructured {
	t.Helper()
	pipeline := &unstructured.Unstructured{}
	text := strings.ReplaceAll(strings.ReplaceAll(spec, "JOB", job), "\n\t", "\n")
	var parsed map[string]any
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	pipeline.Object = map[string]any{"spec": parsed}
	pipeline.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordingPipeline"))
	pipeline.SetNamespace(ns)
	pipeline.SetName(name)
	return pipeline
}

// What can be run is accepted, up to the largest graph there can be, and the costs of the rules are no hindrance.
func TestValidPipelines(t *testing.T) {
	ns := namespace(t)
	start(t, ns, nil)
	var steps []string
	for i := range 32 {
		names := make([]string, i)
		for j := range i {
			names[j] = fmt.Sprintf("step-%030d", j)
		}
		steps = append(steps, fmt.Sprintf("{name: step-%030d, needs: [%s], template: JOB}", i, strings.Join(names, ", ")))
	}
	for name, spec := range map[string]string{
		"largest": "steps: [" + strings.Join(steps, ", ") + "]",
		"usual": `{when: recording.segment == 1, maxConcurrent: 5, retention: {keepRecordings: 720h, keepJobs: 10m}, steps: [
		  {name: notify, needs: [thumbnail, archive], template: JOB},
		  {name: probe, retries: 2, backoff: 30s, timeout: 10m, template: JOB},
		  {name: thumbnail, needs: [probe], when: "has(outputs.probe.width) && outputs.probe.width > 0", template: JOB},
		  {name: archive, needs: [probe], when: "outputs.probe.durationSeconds > 60.0", template: ` + jobWith("completions: 1") + `}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			pipeline := pipelineFromYAML(t, ns, name, strings.ReplaceAll(spec, "\t", ""))
			create(t, pipeline)
			stored := &v1alpha1.RecordingPipeline{}
			stored.Namespace, stored.Name = ns, name
			expectPipeline(t, stored, accepted, status.CurrentStatus)
		})
	}
}
