// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// The fields that a newer version has at every level, one with a default, and one without.
const newerDefault, newerField = "newerDefault", "newerField"

// newerCRD returns a CRD with both fields in every object of the schema that has properties, but not in metadata and Job templates.
func newerCRD(t *testing.T, file string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	content, err := os.ReadFile(harness.Path("config/crd/bases", file))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		t.Fatal(err)
	}
	extend(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	return &crd
}

func extend(schema *apiextensionsv1.JSONSchemaProps) {
	if schema.Items != nil && schema.Items.Schema != nil {
		extend(schema.Items.Schema)
	}
	if len(schema.Properties) == 0 {
		return
	}
	for name, property := range schema.Properties {
		if name != "metadata" && name != "template" {
			extend(&property)
			schema.Properties[name] = property
		}
	}
	schema.Properties[newerDefault] = apiextensionsv1.JSONSchemaProps{Type: "string", MaxLength: ptr.To[int64](10), Default: &apiextensionsv1.JSON{Raw: []byte(`"x"`)}}
	schema.Properties[newerField] = apiextensionsv1.JSONSchemaProps{Type: "string", MaxLength: ptr.To[int64](10)}
}

// installCRDs replaces the schemas, and waits until the API server uses them.
func installCRDs(ctx context.Context, newer bool, crds ...*apiextensionsv1.CustomResourceDefinition) error {
	for _, crd := range crds {
		content, err := yaml.Marshal(map[string]any{"spec": map[string]any{"versions": crd.Spec.Versions}})
		if err != nil {
			return err
		}
		if content, err = yaml.YAMLToJSON(content); err != nil {
			return err
		}
		definition := &unstructured.Unstructured{}
		definition.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		definition.SetName(crd.Name)
		if err := api.Client.Patch(ctx, definition, client.RawPatch(types.MergePatchType, content)); err != nil {
			return fmt.Errorf("replace the CRD %s: %w", crd.Name, err)
		}
	}
	return harness.Await(ctx, harness.Patience, "the API server uses the CRDs", func(ctx context.Context) error {
		probe := newRecording("schema-probe")
		object, err := asUnstructured(probe)
		if err != nil {
			return err
		}
		if err := api.Client.Create(ctx, object, client.DryRunAll); err != nil {
			return err
		}
		if _, has, _ := unstructured.NestedString(object.Object, "spec", newerDefault); has != newer {
			return fmt.Errorf("a recording is %v", object.Object)
		}
		return nil
	})
}

func asUnstructured(recording *v1alpha1.MeetingRecording) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	object.SetNamespace(recording.Namespace)
	object.SetName(recording.Name)
	return object, errors.Join(
		unstructured.SetNestedField(object.Object, recording.Spec.MeetingID, "spec", "meetingID"),
		unstructured.SetNestedField(object.Object, recording.Spec.SessionID, "spec", "sessionID"),
	)
}

// TestNewerCRDs: with CRDs that have extra and defaulted fields at every level, sidecar and manager do what they do, each thing once, and
// leave in objects what they do not know; and so they do when the CRDs go back.
func TestNewerCRDs(t *testing.T) {
	const recordings, pipelines = "recording.meetingops.dev_meetingrecordings.yaml", "recording.meetingops.dev_recordingpipelines.yaml"
	var original []*apiextensionsv1.CustomResourceDefinition
	for _, name := range []string{"meetingrecordings", "recordingpipelines"} {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		text := api.MustKubectl(t, "get", "crd", name+".recording.meetingops.dev", "-o", "json")
		if err := yaml.Unmarshal([]byte(text), crd); err != nil {
			t.Fatal(err)
		}
		original = append(original, crd)
	}
	t.Cleanup(func() {
		if err := installCRDs(context.Background(), false, original...); err != nil {
			t.Error(err)
		}
	})
	if err := installCRDs(t.Context(), true, newerCRD(t, recordings), newerCRD(t, pipelines)); err != nil {
		t.Fatal(err)
	}
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	name, webhooks := newSession(t)
	o.mustSend(t, webhooks[0], "recorded")
	parts := [][]string{{"status"}, {"status", "recording"}, {"status", "processing"}, {"status", "delivery"}}
	keep := `{"status":{"newerField":"kept","recording":{"newerField":"kept"},"processing":{"newerField":"kept"},"delivery":{"newerField":"kept"}}}`
	recording := newRecording(name)
	if err := api.Client.Status().Patch(t.Context(), recording, client.RawPatch(types.MergePatchType, []byte(keep))); err != nil {
		t.Fatal(err)
	}
	for _, w := range webhooks[1:] {
		o.mustSend(t, w, "recorded")
	}
	awaitProcessing(t, name, v1alpha1.ProcessingRunning)
	rolledBack, more := newSession(t)
	for _, w := range more[:2] {
		o.mustSend(t, w, "recorded")
	}
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	if err := api.Client.Get(t.Context(), client.ObjectKeyFromObject(recording), object); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if got, _, _ := unstructured.NestedString(object.Object, append(part, newerField)...); got != "kept" {
			t.Errorf("%v has lost what a newer version wrote: %q", part, got)
		}
	}
	if got := o.proxy.count("meeting-recording-manager")["create jobs"]; got != 1 {
		t.Errorf("%d Jobs were created, want 1", got)
	}
	if err := installCRDs(t.Context(), false, original...); err != nil {
		t.Fatal(err)
	}
	for _, w := range more[2:] {
		o.mustSend(t, w, "recorded")
	}
	complete(t, awaitJob(t, rolledBack))
	awaitProcessing(t, rolledBack, v1alpha1.ProcessingSucceeded)
}
