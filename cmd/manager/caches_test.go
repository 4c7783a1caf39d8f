// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// A manager is not ready while one of its caches is stale, which had been synced: a newer CRD accepts what this manager cannot decode.
func TestStaleCache(t *testing.T) {
	api := controlplane.For(t, controlplane.Options{})
	namespace, health := api.Namespace(t), harness.Address(t)
	start(t, "--kubeconfig="+api.Kubeconfig, "--health-probe-bind-address="+health, "--metrics-bind-address=0")
	becomes := func(what, want string) {
		t.Helper()
		harness.Eventually(t, what, func(ctx context.Context) error {
			says, err := body(ctx, "http://"+health+"/readyz/caches")
			if !strings.Contains(says, want) {
				err = errors.Join(err, fmt.Errorf("%q lacks %q", says, want))
			}
			return err
		})
	}
	harness.Eventually(t, "the manager is ready", func(ctx context.Context) error {
		says, err := body(ctx, "http://"+health+"/readyz")
		if says != "ok" {
			err = errors.Join(err, errors.New(says))
		}
		return err
	})

	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	crd.SetName("recordingpipelines." + v1alpha1.GroupVersion.Group)
	schema := client.RawPatch(types.JSONPatchType, []byte(`[{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema",
		"value": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}]`))
	if err := api.Client.Patch(t.Context(), crd, schema); err != nil {
		t.Fatal(err)
	}
	odd := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"steps": "of another kind"}}}
	odd.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordingPipeline"))
	odd.SetNamespace(namespace)
	odd.SetName("odd")
	harness.Eventually(t, "the newer CRD counts", func(ctx context.Context) error { return api.Client.Create(ctx, odd) })
	becomes("readiness names the cache", "cache of *v1alpha1.RecordingPipeline is stale")
	expectAnswer(t, "http://"+health+"/readyz", http.StatusInternalServerError)
	if err := api.Client.Delete(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	becomes("the manager is ready again", "ok")
}
