// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

// A dry run of the status is the worst case: it has every field that the controller can write.
func TestSampleHasEveryField(t *testing.T) {
	sample := planning.Sample(jobs.Run{Recording: recording(stopped, 0), Pipeline: "p", Step: pipeline("p", "a").Spec.Steps[0], Attempt: 1}, noon)
	expectSet(t, "processing", reflect.ValueOf(sample.Processing))
	if got, want := kstatus.Conditions(sample.Conditions), "Ready=False/ProcessingFailed Stalled=True/ProcessingFailed"; got != want {
		t.Errorf("conditions = %s, want %s", got, want)
	}
}

// expectSet fails the test for each field of our types that is not set.
func expectSet(t *testing.T, path string, value reflect.Value) {
	t.Helper()
	if value.IsZero() {
		t.Errorf("%s is not set", path)
	}
	switch {
	case value.Type() == reflect.TypeFor[metav1.Time](), value.Type() == reflect.TypeFor[metav1.MicroTime]():
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		for i := range value.Len() {
			expectSet(t, path, value.Index(i))
		}
	case value.Kind() == reflect.Struct:
		for i := range value.NumField() {
			expectSet(t, path+"."+value.Type().Field(i).Name, value.Field(i))
		}
	}
}
