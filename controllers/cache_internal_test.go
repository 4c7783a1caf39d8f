// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
)

func TestStripJob(t *testing.T) {
	suspends := metav1.ManagedFieldsEntry{Manager: "night-shift", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:suspend":{}}}`)}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "job", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "creator"}, suspends}, Annotations: map[string]string{"a": "b"}},
		Spec:       batchv1.JobSpec{Suspend: ptr.To(true), Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeName: "n"}}, PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{}}}},
	}
	stripped, err := stripJob(job)
	if err != nil {
		t.Fatal(err)
	}
	want := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "job", ManagedFields: []metav1.ManagedFieldsEntry{suspends}}, Spec: batchv1.JobSpec{Suspend: ptr.To(true), PodFailurePolicy: &batchv1.PodFailurePolicy{}}}
	if diff := cmp.Diff(want, stripped); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
