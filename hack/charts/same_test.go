// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// installation is one that both config/ and the chart offer: folders of config/, and values.
type installation struct {
	parts  []string
	values []string
}

var installations = map[string]installation{
	"default":                             {[]string{"default"}, nil},
	"ha":                                  {[]string{"overlays/ha"}, []string{"ha.enabled=true"}},
	"split":                               {[]string{"overlays/split"}, []string{"split.enabled=true"}},
	"cluster":                             {[]string{"overlays/cluster"}, []string{"cluster.enabled=true"}},
	"endpoint-token":                      {[]string{"overlays/endpoint-token"}, []string{"endpointToken.enabled=true"}},
	"spool-pvc":                           {[]string{"overlays/spool-pvc"}, []string{"spool.persistentVolumeClaim.enabled=true"}},
	"endpoint-token and spool-pvc":        {[]string{"overlays/endpoint-token", "components/spool-pvc"}, []string{"endpointToken.enabled=true", "spool.persistentVolumeClaim.enabled=true"}},
	"ha and endpoint-token":               {[]string{"overlays/ha", "components/endpoint-token"}, []string{"ha.enabled=true", "endpointToken.enabled=true"}},
	"ha and cluster":                      {[]string{"overlays/ha", "components/cluster"}, []string{"ha.enabled=true", "cluster.enabled=true"}},
	"split, its manager twice, and token": {[]string{"overlays/split", "components/ha", "components/endpoint-token"}, []string{"split.enabled=true", "ha.enabled=true", "endpointToken.enabled=true"}},
	"live":                                {[]string{"overlays/live"}, []string{"live.enabled=true"}},
	"backfill":                            {[]string{"overlays/backfill"}, []string{"backfill.enabled=true"}},
	"split, cluster and live":             {[]string{"overlays/split", "components/cluster", "events"}, []string{"split.enabled=true", "cluster.enabled=true", "live.enabled=true"}},
	"observability":                       {[]string{"overlays/observability"}, []string{"monitors.enabled=true", "alerts.enabled=true", "dashboard.enabled=true"}},
	"split and cluster":                   {[]string{"overlays/split", "components/cluster"}, []string{"split.enabled=true", "cluster.enabled=true"}},
}

// TestEveryOverlayIsCompared: none is added to config/ that the chart lacks.
func TestEveryOverlayIsCompared(t *testing.T) {
	for _, kind := range []string{"overlays", "components"} {
		folders, err := os.ReadDir(filepath.Join(root, "config", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			known := false
			for _, i := range installations {
				known = known || slices.Contains(i.parts, kind+"/"+folder.Name())
			}
			if !known {
				t.Errorf("config/%s/%s is compared with no values of the chart", kind, folder.Name())
			}
		}
	}
}

// TestSameAsKustomize compares what the chart gives with what kustomize gives, object by object and field by field. What may differ is
// in normal, and nothing else.
func TestSameAsKustomize(t *testing.T) {
	for name, i := range installations {
		t.Run(name, func(t *testing.T) {
			text, err := rendered(t, namespace, i.values...)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, text), kustomize(t, i.parts)
			delete(theirs, "Namespace/"+namespace) // Helm makes it: --create-namespace
			for _, id := range ids(ours, theirs) {
				if diff := gocmp.Diff(normal(t, theirs[id]), normal(t, ours[id])); diff != "" {
					t.Errorf("%s differs (-kustomize +helm):\n%s", id, diff)
				}
			}
		})
	}
}

// TestNamespace: everything is in the release's namespace, and names it where it names one.
func TestNamespace(t *testing.T) {
	for name, i := range installations {
		t.Run(name, func(t *testing.T) {
			here, err := rendered(t, namespace, i.values...)
			if err != nil {
				t.Fatal(err)
			}
			there, err := rendered(t, "elsewhere", i.values...)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(there, namespace) {
				t.Errorf("something names %s in a release of another namespace", namespace)
			}
			if diff := gocmp.Diff(decode(t, here), decode(t, strings.ReplaceAll(there, "elsewhere", namespace))); diff != "" {
				t.Errorf("the objects differ by more than the namespace:\n%s", diff)
			}
		})
	}
}

// kustomize builds the parts, of which those of config/components change the others.
func kustomize(t *testing.T, parts []string) map[string]object {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	paths := map[bool][]string{} // whether it is a component
	for _, part := range parts {
		absolute, err := filepath.Abs(filepath.Join(root, "config", part))
		if err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Rel(folder, absolute)
		if err != nil {
			t.Fatal(err)
		}
		component := strings.HasPrefix(part, "components/")
		paths[component] = append(paths[component], path)
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": paths[false], "components": paths[true],
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	objects, err := build(folder)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// normal is an object without what may differ: the labels by which Helm knows its own, and the annotation that has it keep a CRD, which it
// has to have; and the order of a Pod's volumes and mounts, which no API has.
func normal(t *testing.T, o object) object {
	t.Helper()
	if o == nil {
		return nil
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var copied object
	if err := json.Unmarshal(text, &copied); err != nil {
		t.Fatal(err)
	}
	labels, _ := copied.metadata()["labels"].(map[string]any)
	for key, want := range map[string]string{
		"app.kubernetes.io/instance": "trial", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "meeting-recording-operator-",
	} {
		if value, _ := labels[key].(string); strings.HasPrefix(value, want) {
			delete(labels, key)
		}
	}
	if len(labels) == 0 {
		delete(copied.metadata(), "labels")
	}
	if annotations, _ := copied.metadata()["annotations"].(map[string]any); slices.Contains([]string{"CustomResourceDefinition", "Namespace"}, copied.kind()) && annotations["helm.sh/resource-policy"] == "keep" {
		if delete(annotations, "helm.sh/resource-policy"); len(annotations) == 0 {
			delete(copied.metadata(), "annotations")
		}
	}
	if copied.kind() == "Deployment" {
		sortVolumes(copied)
	}
	return copied
}

// sortVolumes sorts all lists called volumes and volumeMounts by what tells their elements apart.
func sortVolumes(node any) {
	switch node := node.(type) {
	case object:
		sortVolumes(map[string]any(node))
	case map[string]any:
		for key, child := range node {
			if list, ok := child.([]any); ok && (key == "volumes" || key == "volumeMounts") {
				slices.SortFunc(list, func(a, b any) int { return cmp.Compare(identity(a), identity(b)) })
			}
			sortVolumes(child)
		}
	case []any:
		for _, child := range node {
			sortVolumes(child)
		}
	}
}

func identity(volume any) string {
	fields := volume.(map[string]any)
	path, _ := fields["mountPath"].(string)
	name, _ := fields["name"].(string)
	return path + " " + name
}
