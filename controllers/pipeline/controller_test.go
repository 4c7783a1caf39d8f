// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
)

// A pipeline on whose Jobs the API server does not decide says so, and costs one request that may take half a minute, not one for each step.
func TestUndecidedTrial(t *testing.T) {
	known := runtime.NewScheme()
	if err := scheme.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	if err := v1alpha1.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p", Generation: 1}}
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	trials := 0
	api := fake.NewClientBuilder().WithScheme(known).WithObjects(pipeline).WithStatusSubresource(pipeline).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
			trials++
			return apierrors.NewTimeoutError("request did not complete within requested timeout", 0)
		},
	}).Build()
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(pipeline), pipeline); err != nil {
		t.Fatal(err)
	}
	r := &Reconciler{Client: api, Conditions: expression.New(), Clock: clock.RealClock{}}
	result, err := r.Reconcile(t.Context(), pipeline)
	if err != nil || result.RequeueAfter != 30*time.Second || trials != 1 {
		t.Errorf("again in %s after %d trials, %v; want 30s after 1", result.RequeueAfter, trials, err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(pipeline), pipeline); err != nil {
		t.Fatal(err)
	}
	ready := meta.FindStatusCondition(pipeline.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonCheckRefused || !strings.Contains(ready.Message, "spec.steps[0].template: Timeout") {
		t.Errorf("ready: %+v", ready)
	}
}
