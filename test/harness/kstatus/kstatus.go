// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kstatus says in short, for tests, what the conditions of an object say.
package kstatus

import (
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Of is what Argo CD and Flux make of an object.
func Of(t testing.TB, object metav1.Object) status.Status {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Fatal(err)
	}
	return result.Status
}

// Conditions names Ready, Reconciling and Stalled, as far as they are there, with status and reason: "Ready=False/Processing Reconciling=True/Processing".
func Conditions(all []metav1.Condition) string {
	var texts []string
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if condition := meta.FindStatusCondition(all, kind); condition != nil {
			texts = append(texts, kind+"="+string(condition.Status)+"/"+condition.Reason)
		}
	}
	return strings.Join(texts, " ")
}
