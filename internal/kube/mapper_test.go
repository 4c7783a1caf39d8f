// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestMapper: each kind that we use has the resource and the scope that discovery would return.
func TestMapper(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	mapper := Mapper(scheme)
	for resource, kind := range map[string]schema.GroupVersionKind{
		"meetingrecordings":  v1alpha1.GroupVersion.WithKind("MeetingRecording"),
		"recordingpipelines": v1alpha1.GroupVersion.WithKind("RecordingPipeline"),
		"jobs":               {Group: "batch", Version: "v1", Kind: "Job"},
		"pods":               {Version: "v1", Kind: "Pod"},
		"namespaces":         {Version: "v1", Kind: "Namespace"},
		"nodes":              {Version: "v1", Kind: "Node"},
		"events":             {Group: "events.k8s.io", Version: "v1", Kind: "Event"},
		"leases":             {Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"},
	} {
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		scope := meta.RESTScopeNameNamespace
		if resource == "namespaces" || resource == "nodes" {
			scope = meta.RESTScopeNameRoot
		}
		if mapping.Resource.Resource != resource || mapping.Scope.Name() != scope {
			t.Errorf("%s: %s of scope %s, want %s of scope %s", kind, mapping.Resource, mapping.Scope.Name(), resource, scope)
		}
	}
}
