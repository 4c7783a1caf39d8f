// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// schemaOf is the schema of a resource, as config/crd has it.
func schemaOf(t *testing.T, resource string) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "crd", "bases", "recording.meetingops.dev_"+resource+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		t.Fatal(err)
	}
	if len(crd.Spec.Versions) != 1 {
		t.Fatalf("there are %d versions of %s: evaluate the objects of each", len(crd.Spec.Versions), resource)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// enumOf lists the values that a field's schema allows.
func enumOf(t *testing.T, resource string, path ...string) []string {
	t.Helper()
	at := *schemaOf(t, resource)
	for _, name := range path {
		next, ok := at.Properties[name]
		if !ok && at.Items != nil {
			next, ok = at.Items.Schema.Properties[name]
		}
		if !ok {
			t.Fatalf("%s has no field %v", resource, path)
		}
		at = next
	}
	var values []string
	for _, value := range at.Enum {
		var text string
		if err := yaml.Unmarshal(value.Raw, &text); err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
	}
	if len(values) == 0 {
		t.Fatalf("%s %v has no enum", resource, path)
	}
	return values
}

// defaulted is an object right after its creation with no more than the spec, as the API server stores it.
func defaulted[T any](t *testing.T, resource string, spec map[string]any) *T {
	t.Helper()
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schemaOf(t, resource), &internal, nil); err != nil {
		t.Fatal(err)
	}
	schema, err := structural.NewStructural(&internal)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]any{
		"metadata": map[string]any{"namespace": "ns", "name": "new", "uid": "uid", "generation": int64(1), "resourceVersion": "1"},
		"spec":     spec,
	}
	defaulting.Default(content, schema)
	object := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, object); err != nil {
		t.Fatal(err)
	}
	return object
}
