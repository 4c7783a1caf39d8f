// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// The API server accepts no pipeline that Go cannot decode: one of them would keep a cache, which lists all, from being synced.
func TestPipelinesCanBeDecoded(t *testing.T) {
	ns := namespace(t)
	container := func(field string) string {
		return `{spec: {template: {spec: {containers: [{name: main, image: i, ` + field + `}]}}}}`
	}
	pod := func(field string) string {
		return `{spec: {template: {spec: {containers: [{name: main, image: i}], ` + field + `}}}}`
	}
	for name, template := range map[string]string{
		"a port beyond 32 bits":                      container(`livenessProbe: {httpGet: {port: 3000000000}}`),
		"a port below 32 bits":                       container(`livenessProbe: {tcpSocket: {port: -3000000000}}`),
		"a port that is a fraction":                  container(`livenessProbe: {httpGet: {port: 1.5}}`),
		"a port as a float":                          container(`livenessProbe: {httpGet: {port: 1e2}}`),
		"a quantity with a broken exponent":          container(`resources: {limits: {cpu: "1e1.5"}}`),
		"a quantity with an exponent without digits": container(`resources: {limits: {cpu: "1e.5"}}`),
		"a quantity with a huge exponent":            container(`resources: {limits: {cpu: "1e99999999999999999999"}}`),
		"a quantity with a large exponent":           container(`resources: {limits: {cpu: "1e400"}}`),
		"a number with a large exponent":             container(`resources: {limits: {cpu: 1e300}}`),
		"a tiny number":                              container(`resources: {limits: {cpu: 1e-300}}`),
		"a fraction":                                 container(`resources: {limits: {cpu: 0.5}}`),
		"a quantity without digits":                  container(`resources: {limits: {cpu: "."}}`),
		"a size limit":                               pod(`volumes: [{name: v, emptyDir: {sizeLimit: "1e1.5"}}]`),
		"a divisor":                                  container(`env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "1e1.5"}}}]`),
		"an integer of 64 bits as a float":           pod(`terminationGracePeriodSeconds: 1e18`),
		"an integer beyond 64 bits":                  pod(`terminationGracePeriodSeconds: 1e30`),
		"an integer beyond 32 bits":                  pod(`priority: 3000000000`),
		"a number as a label":                        `{metadata: {labels: {a: 1}}, spec: {template: {spec: {containers: [{name: main, image: i}]}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var pipeline unstructured.Unstructured
			if err := yaml.Unmarshal([]byte(`spec: {steps: [{name: a, template: `+template+`}]}`), &pipeline.Object); err != nil {
				t.Fatal(err)
			}
			pipeline.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordingPipeline"))
			pipeline.SetNamespace(ns)
			pipeline.SetName(strings.ReplaceAll(name, " ", "-"))
			if err := admin.Create(t.Context(), &pipeline); apierrors.IsInvalid(err) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(&pipeline), &v1alpha1.RecordingPipeline{}); err != nil {
				t.Errorf("the API server accepts it, and Go cannot decode it: %v", err)
			}
		})
	}
}

// Neither does it accept such a recording.
func TestRecordingsCanBeDecoded(t *testing.T) {
	ns := namespace(t)
	event := func(field string) string {
		return `{recording: {events: [{type: Started, source: Webhook, receiveTime: "2026-11-23T12:00:00.000000Z", ` +
			`lastReceiveTime: "2026-11-23T12:00:00.000000Z", deliveries: 1}], ` + field + `}}`
	}
	step := func(field string) string {
		return `{processing: {steps: [{pipeline: p, step: s, attempt: 1, state: Succeeded, ` + field + `}], history: [{pipeline: p, step: s, attempt: 1, state: Succeeded, ` + field + `}]}}`
	}
	for name, status := range map[string]string{
		"seconds":                   event(`startTime: "2026-11-23T12:00:00Z"`),
		"milliseconds":              event(`endTime: "2026-11-23T12:00:00.123Z"`),
		"microseconds":              event(`sessionEndTime: "2026-11-23T12:00:00.123456Z"`),
		"nanoseconds":               `{processing: {lastTransitionTime: "2026-11-23T12:00:00.123456789Z"}}`,
		"no such hour":              event(`startTime: "2026-11-23T24:00:00.000000Z"`),
		"no such day":               event(`startTime: "2026-02-30T12:00:00.000000Z"`),
		"no such offset":            event(`startTime: "2026-11-23T12:00:00.000000+99:99"`),
		"lower case":                step(`startTime: "2026-11-23t12:00:00z"`),
		"a comma":                   step(`completionTime: "2026-11-23T12:00:00,5Z"`),
		"a letter for a comma":      step(`completionTime: "2026-11-23T12:00:00x5Z"`),
		"a leap second":             step(`startTime: "2026-11-23T12:00:60Z"`),
		"a size as a float":         step(`outputs: [{name: o, sizeBytes: 1e18}]`),
		"a size beyond 64 bits":     step(`outputs: [{name: o, sizeBytes: 1e30}]`),
		"values that are a list":    step(`outputs: [{name: o, values: [1]}]`),
		"values that are text":      step(`outputs: [{name: o, values: x}]`),
		"delivered at seconds":      `{delivery: {processingTime: "2026-11-23T12:00:00Z"}}`,
		"a number beyond 32 bits":   step(`retries: 3000000000`),
		"a condition in lower case": `{conditions: [{type: Ready, status: "True", reason: R, message: "", lastTransitionTime: "2026-11-23t12:00:00z"}]}`,
		"a condition with a comma":  `{conditions: [{type: Ready, status: "True", reason: R, message: "", lastTransitionTime: "2026-11-23T12:00:00,5Z"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			recording := newRecording(t, ns, strings.ReplaceAll(name, " ", "-"))
			patch, err := yaml.YAMLToJSON([]byte(`status: ` + status))
			if err != nil {
				t.Fatal(err)
			}
			stored := &unstructured.Unstructured{}
			stored.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
			stored.SetNamespace(ns)
			stored.SetName(recording.Name)
			err = admin.Status().Patch(t.Context(), stored, client.RawPatch(types.MergePatchType, patch))
			if err != nil && !apierrors.IsInvalid(err) {
				t.Fatal(err)
			}
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
				t.Errorf("the API server accepts it, and Go cannot decode it: %v", err)
			}
		})
	}
}
