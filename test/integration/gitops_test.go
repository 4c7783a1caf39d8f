// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// gitOps is the field manager of the tests' GitOps tool.
const gitOps = "gitops"

// TestGitOps applies config/default and config/pipelines by server-side apply, lets the real manager and sidecar work with it, and applies it again: no
// object changes, no difference is seen, and what Git applied is Git's but for the status.
func TestGitOps(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.yaml")
	name, webhooks := newSession(t)
	// A recording that is kept in Git is no good idea, but it must not be fought over either.
	manifests := api.MustKubectl(t, "kustomize", "config/default") + "---\n" + api.MustKubectl(t, "kustomize", "config/pipelines") + fmt.Sprintf(`---
apiVersion: recording.meetingops.dev/v1alpha1
kind: MeetingRecording
metadata: {namespace: %s, name: %s, labels: {team: board}}
spec: {meetingID: %s, sessionID: %q, suspend: false}
`, namespace, name, webhooks[0].MeetingID, webhooks[0].SessionID)
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	apply := []string{"apply", "--server-side", "--force-conflicts", "--field-manager", gitOps, "-f", file}
	api.MustKubectl(t, apply...)
	installed := managers(snapshot(t, manifests)) // this tool's, and whatever the tests install with

	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	awaitAccepted(t, pipelineName)

	before := snapshot(t, manifests)
	api.MustKubectl(t, apply...)
	api.MustKubectl(t, "diff", "--server-side", "--force-conflicts", "--field-manager", gitOps, "-f", file) // exits with 1 where there is one
	after := snapshot(t, manifests)
	if diff := cmp.Diff(versions(t, before), versions(t, after)); diff != "" {
		t.Errorf("a second apply changed objects (-before +after)\n%s", diff)
	}

	for id, object := range after {
		for _, entry := range object.GetManagedFields() {
			ours := entry.Manager == recorder.FieldManager || entry.Manager == kube.FieldOwner
			if !ours && installed[entry.Manager] {
				continue
			}
			if entry.Subresource != "status" || !slices.Equal(keys(t, entry, "."), []string{"f:status"}) {
				t.Errorf("%s: %s writes %s by %q, beside the status", id, entry.Manager, entry.FieldsV1, entry.Subresource)
			}
		}
	}
	recording := after["MeetingRecording "+namespace+"/"+name]
	want := map[string][]string{
		recorder.FieldManager: {"f:recording"},
		kube.FieldOwner:       {"f:conditions", "f:observedGeneration", "f:processing"},
	}
	if diff := cmp.Diff(want, statusFields(t, recording)); diff != "" {
		t.Errorf("writers of the recording's status (-want +got)\n%s", diff)
	}
	pipeline := after["RecordingPipeline "+namespace+"/"+pipelineName]
	want = map[string][]string{kube.FieldOwner: {"f:conditions", "f:observedGeneration"}}
	if diff := cmp.Diff(want, statusFields(t, pipeline)); diff != "" {
		t.Errorf("writers of the pipeline's status (-want +got)\n%s", diff)
	}
}

// TestArgoCDComponent builds the kustomization that docs/how-to/gitops.md tells the owners of an Argo CD to write.
func TestArgoCDComponent(t *testing.T) {
	dir := t.TempDir()
	component := filepath.Join(dir, "component")
	if err := os.CopyFS(component, os.DirFS(harness.Path("config", "argocd"))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"kustomization.yaml": "namespace: argocd\nresources: [argocd.yaml]\ncomponents: [component]\n",
		"argocd.yaml":        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {url: https://argocd.example.com}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	objects := objectsIn(t, api.MustKubectl(t, "kustomize", dir))
	if len(objects) != 1 || objects[0].GetName() != "argocd-cm" || objects[0].GetNamespace() != "argocd" {
		t.Fatalf("it builds %v, want argocd-cm alone, under its own name", objects)
	}
	script, err := os.ReadFile(component + "/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"url": "https://argocd.example.com",
		"resource.customizations.health.recording.meetingops.dev_MeetingRecording":  string(script),
		"resource.customizations.health.recording.meetingops.dev_RecordingPipeline": string(script),
	}
	if diff := cmp.Diff(want, objects[0].Object["data"]); diff != "" {
		t.Errorf("argocd-cm (-want +got)\n%s", diff)
	}
}

// awaitAccepted waits until the manager has found that the pipeline can run.
func awaitAccepted(t *testing.T, name string) {
	t.Helper()
	harness.Eventually(t, "RecordingPipeline "+name+" accepted", func(ctx context.Context) error {
		pipeline := &v1alpha1.RecordingPipeline{}
		if err := api.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pipeline); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(pipeline.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("its conditions are %v", pipeline.Status.Conditions)
		}
		return nil
	})
}

// objectsIn decodes manifests.
func objectsIn(t *testing.T, manifests string) []*unstructured.Unstructured {
	t.Helper()
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

// snapshot reads the objects of the manifests as they are stored, by "Kind namespace/name".
func snapshot(t *testing.T, manifests string) map[string]*unstructured.Unstructured {
	t.Helper()
	stored := make(map[string]*unstructured.Unstructured)
	for _, object := range objectsIn(t, manifests) {
		key := client.ObjectKeyFromObject(object)
		if err := api.Client.Get(t.Context(), key, object); err != nil {
			t.Fatal(err)
		}
		stored[object.GetKind()+" "+key.String()] = object
	}
	return stored
}

// managers are those that own a field of any object.
func managers(objects map[string]*unstructured.Unstructured) map[string]bool {
	names := make(map[string]bool)
	for _, object := range objects {
		for _, entry := range object.GetManagedFields() {
			names[entry.Manager] = true
		}
	}
	return names
}

// versions is what a write changes: it is what GitOps tools, and everything that watches, would wake up for.
func versions(t *testing.T, objects map[string]*unstructured.Unstructured) map[string]string {
	t.Helper()
	seen := make(map[string]string)
	for id, object := range objects {
		fields, err := json.Marshal(object.GetManagedFields())
		if err != nil {
			t.Fatal(err)
		}
		seen[id] = object.GetResourceVersion() + " " + string(fields)
	}
	return seen
}

// statusFields lists by manager which fields of the status our programs own.
func statusFields(t *testing.T, object *unstructured.Unstructured) map[string][]string {
	t.Helper()
	owned := make(map[string][]string)
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == recorder.FieldManager || entry.Manager == kube.FieldOwner {
			owned[entry.Manager] = append(owned[entry.Manager], keys(t, entry, "f:status")...)
		}
	}
	return owned
}

// keys lists the fields that the entry owns below a top-level field, or at the top for ".".
func keys(t *testing.T, entry metav1.ManagedFieldsEntry, below string) []string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
		t.Fatal(err)
	}
	if below != "." {
		fields, _ = fields[below].(map[string]any)
	}
	return slices.Sorted(maps.Keys(fields))
}
