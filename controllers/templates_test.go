// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// document is a RecordingPipeline as a user writes it, whose step has the given fields besides its name.
func document(t *testing.T, ns, name, step string) *unstructured.Unstructured {
	t.Helper()
	text := fmt.Sprintf(`{"apiVersion": "recording.meetingops.dev/v1alpha1", "kind": "RecordingPipeline",
		"metadata": {"name": %q, "namespace": %q}, "spec": {"steps": [{"name": "a", %s}]}}`, name, ns, step)
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return object
}

// A quantity may be any number or a quantity's text, as in a Job.
func TestQuantitiesOfATemplate(t *testing.T) {
	ns := namespace(t)
	for value, want := range map[string]string{
		`0.5`: "500m", `2`: "2", `"250m"`: "250m", `"1Gi"`: "1Gi", `1e3`: "1k",
		`"abc"`: "", `true`: "", `{}`: "", `{"a": 1}`: "", `[]`: "", `[1]`: "", `""`: "",
	} {
		t.Run(value, func(t *testing.T) {
			object := document(t, ns, "quantity", `"template": {"spec": {"template": {"spec": {"containers": [
				{"name": "main", "image": "example.com/main:v1", "resources": {"limits": {"cpu": `+value+`}}}]}}}}`)
			err := admin.Create(t.Context(), object)
			if want == "" {
				if err == nil {
					t.Error("it is accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = admin.Delete(t.Context(), object) })
			defer func() { _ = admin.Delete(t.Context(), object) }()
			pipeline := &v1alpha1.RecordingPipeline{}
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), pipeline); err != nil {
				t.Fatal(err)
			}
			got := pipeline.Spec.Steps[0].Template.Spec.Template.Spec.Containers[0].Resources.Limits.Cpu()
			if got.Cmp(resource.MustParse(want)) != 0 {
				t.Errorf("cpu = %s, want %s", got, want)
			}
		})
	}
}

// What could be stored but never work is rejected when it is applied.
func TestUnsupportedTemplates(t *testing.T) {
	ns := namespace(t)
	for name, test := range map[string]struct{ step, want string }{
		"ordinary":             {`"template": {"spec": {"manualSelector": false, "suspend": false, "completions": 1, "parallelism": 1, "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, ""},
		"indexed":              {`"template": {"spec": {"completions": 64, "parallelism": 8, "completionMode": "Indexed", "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, ""},
		"too many indexes":     {`"template": {"spec": {"completions": 65, "completionMode": "Indexed", "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].template.spec.completions: Invalid value"},
		"several completions":  {`"template": {"spec": {"completions": 2, "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].template.spec.completions: Invalid value"},
		"several Pods at once": {`"template": {"spec": {"parallelism": 2, "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].template.spec.completions: Invalid value"},
		"manual selector":      {`"template": {"spec": {"manualSelector": true, "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].template.spec.manualSelector: Invalid value"},
		"suspend":              {`"template": {"spec": {"suspend": true, "template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].template.spec.suspend: Invalid value"},
		"queue and limit":      {`"queueName": "gpu", "maxConcurrent": 1, "template": {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, "spec.steps[0].queueName: Invalid value"},
		"queue":                {`"queueName": "gpu", "template": {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, ""},
		"limit":                {`"maxConcurrent": 1, "template": {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			expectAnswer(t, admin.Create(t.Context(), document(t, ns, "p", test.step), client.DryRunAll), test.want)
		})
	}
}

// What a pipeline was tried with is the worst case: the API server accepts an Indexed Job whatever the recording's name, segment and attempt.
func TestNamesOfIndexedJobs(t *testing.T) {
	ns := namespace(t)
	pipeline := pipelineOf(ns, "default", strings.Repeat("s", 40))
	pipeline.Spec.Steps[0].Template.Spec.Completions, pipeline.Spec.Steps[0].Template.Spec.Parallelism = ptr.To[int32](64), ptr.To[int32](8)
	pipeline.Spec.Steps[0].Template.Spec.CompletionMode = ptr.To(batchv1.IndexedCompletion)
	create(t, pipeline)
	start(t, ns, nil)
	eventually(t, "the pipeline is accepted", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pipeline), pipeline); err != nil {
			return err
		}
		if got := said(pipeline.Status.Conditions); got != "Ready=True/Accepted" {
			return errors.New(got)
		}
		return nil
	})
	for _, segment := range []int32{1, 2, 64, 999999} {
		for _, meeting := range []string{"abcd-efgh-ijkl", "A Custom/Room", strings.Repeat("m", 512)} {
			recording := &v1alpha1.MeetingRecording{
				ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: lifecycle.Name(meeting, "613e1a0ad3d5a1b2c3d4e5f6", segment)},
				Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: meeting, SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: segment},
			}
			job := jobs.Build(jobs.Run{Recording: recording, Pipeline: "default", Step: pipeline.Spec.Steps[0], Attempt: 1<<31 - 1})
			if err := admin.Create(t.Context(), job, client.DryRunAll); err != nil {
				t.Errorf("segment %d of meeting %.20s: %v", segment, meeting, err)
			}
		}
	}
}

// A selector that could not be evaluated is rejected when it is applied.
func TestSelectors(t *testing.T) {
	ns := namespace(t)
	for selector, want := range map[string]string{
		`{}`: "",
		`{"matchLabels": {"team": "a", "example.com/team": ""}}`:                               "",
		`{"matchLabels": {"not a key": "a"}}`:                                                  "spec.selector.matchLabels: Invalid value",
		`{"matchLabels": {"team": "not a value"}}`:                                             "spec.selector.matchLabels: Invalid value",
		`{"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]}`:      "",
		`{"matchExpressions": [{"key": "example.com/team", "operator": "Exists"}]}`:            "",
		`{"matchExpressions": [{"key": "team", "operator": "in", "values": ["a"]}]}`:           "spec.selector.matchExpressions[0].operator: Unsupported value",
		`{"matchExpressions": [{"key": "team", "operator": "NotIn"}]}`:                         "spec.selector.matchExpressions[0].values: Invalid value",
		`{"matchExpressions": [{"key": "team", "operator": "Exists", "values": ["a"]}]}`:       "spec.selector.matchExpressions[0].values: Invalid value",
		`{"matchExpressions": [{"key": "a/b/c", "operator": "Exists"}]}`:                       "spec.selector.matchExpressions[0].key: Invalid value",
		`{"matchExpressions": [{"key": "team", "operator": "In", "values": ["not a value"]}]}`: "spec.selector.matchExpressions[0].values: Invalid value",
	} {
		t.Run(selector, func(t *testing.T) {
			object := document(t, ns, "p", `"template": {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.com/main:v1"}]}}}}`)
			var parsed map[string]any
			if err := json.Unmarshal([]byte(selector), &parsed); err != nil {
				t.Fatal(err)
			}
			if err := unstructured.SetNestedMap(object.Object, parsed, "spec", "selector"); err != nil {
				t.Fatal(err)
			}
			expectAnswer(t, admin.Create(t.Context(), object, client.DryRunAll), want)
		})
	}
}
