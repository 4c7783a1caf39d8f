// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestRefusedValues: what a user gets wrong is refused with a message that names the value.
func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values []string
		want   []string
	}{
		"unknown value":            {[]string{`replicas=2`}, []string{"'replicas'", "not allowed"}},
		"unknown value, nested":    {[]string{`image={"name":"x"}`}, []string{"/image", "'name'", "not allowed"}},
		"text for a boolean":       {[]string{`ha.enabled="yes"`}, []string{"/ha/enabled", "want boolean"}},
		"a number for a text":      {[]string{`image.tag=1.0`}, []string{"/image/tag", "want string"}},
		"a tag with a colon":       {[]string{`image.tag="repo:tag"`}, []string{"/image/tag", "pattern"}},
		"a short digest":           {[]string{`image.digest="sha256:12"`}, []string{"/image/digest", "pattern"}},
		"a pull policy of no kind": {[]string{`image.pullPolicy="always"`}, []string{"/image/pullPolicy", "'Always', 'IfNotPresent', 'Never'"}},
		"one replica for ha":       {[]string{`ha.enabled=true`, `ha.replicas=1`}, []string{"/ha/replicas", "minimum"}},
		"a size that is none":      {[]string{`spool.sizeLimit="1 GB"`}, []string{"/spool/sizeLimit", "pattern"}},
		"a port that is none":      {[]string{`webhooks.service.port=70000`}, []string{"/webhooks/service/port", "maximum"}},
		"an argument, no flag":     {[]string{`sidecar.extraArgs=["reorder-window=5s"]`}, []string{"/sidecar/extraArgs/0", "pattern"}},
		"a key that is no URL":     {[]string{`sidecar.publicKeyURL="api.videosdk.live"`}, []string{"/sidecar/publicKeyURL", "pattern"}},
		"no name of a Secret":      {[]string{`endpointToken.secret="My Secret"`}, []string{"/endpointToken/secret", "pattern"}},
		"a volume without a name":  {[]string{`sidecar.extraVolumes=[{"emptyDir":{}}]`}, []string{"/sidecar/extraVolumes/0", "missing property 'name'"}},
		"the same of events":       {[]string{`live.extraVolumes=[{"emptyDir":{}}]`}, []string{"/live/extraVolumes/0", "missing property 'name'"}},
		"two kinds of tokens":      {[]string{`cluster.enabled=true`, `endpointToken.enabled=true`}, []string{"cluster.enabled and endpointToken.enabled exclude one another"}},
		"two Pods of one volume":   {[]string{`ha.enabled=true`, `spool.persistentVolumeClaim.enabled=true`}, []string{"spool.persistentVolumeClaim.enabled and ha.enabled exclude one another"}},
		"receivers of one volume":  {[]string{`split.enabled=true`, `spool.persistentVolumeClaim.enabled=true`}, []string{"spool.persistentVolumeClaim.enabled and split.enabled exclude one another"}},
		"monitors of no sidecar":   {[]string{`split.enabled=true`, `monitors.enabled=true`}, []string{"monitors.enabled and split.enabled exclude one another"}},
		"fewest more than most":    {[]string{`split.minReplicas=9`}, []string{"split.minReplicas is 9, which is more than split.maxReplicas, 6"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rendered(t, namespace, test.values...)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
		})
	}
}

// TestValuesReachTheObjects: every value that changes a field, on the field.
func TestValuesReachTheObjects(t *testing.T) {
	text, err := rendered(t, namespace, `commonLabels={"team":"media"}`, `imagePullSecrets=[{"name":"registry"}]`, `podAnnotations={"note":"a"}`,
		`podLabels={"cost":"b"}`, `priorityClassName="high"`, `nodeSelector={"disk":"ssd"}`, `tolerations=[{"key":"gpu","operator":"Exists"}]`,
		`affinity={"podAntiAffinity":{}}`, `manager.extraArgs=["--stall-after=1h"]`, `manager.extraEnv=[{"name":"A","value":"1"}]`,
		`sidecar.extraArgs=["--reorder-window=5s"]`, `sidecar.extraEnv=[{"name":"B","value":"2"}]`,
		`sidecar.extraVolumes=[{"name":"keys","secret":{"secretName":"keys"}}]`, `sidecar.extraVolumeMounts=[{"name":"keys","mountPath":"/keys"}]`,
		`sidecar.publicKeyURL="https://example.com/key"`, `image.digest="sha256:`+strings.Repeat("a", 64)+`"`,
		`live={"enabled":true,"extraArgs":["--tls-cert-file=/tls/tls.crt"]}`, `live.extraVolumes=[{"name":"tls","secret":{"secretName":"events-tls"}}]`,
		`live.extraVolumeMounts=[{"name":"tls","mountPath":"/tls","readOnly":true}]`,
		`webhooks.service={"type":"LoadBalancer","port":8000,"annotations":{"lb":"external"}}`, `split={"enabled":true,"maxReplicas":9,"averageCPU":"1"}`)
	if err != nil {
		t.Fatal(err)
	}
	objects := decode(t, text)
	for _, id := range ids(objects) {
		if labels := objects[id].metadata()["labels"].(map[string]any); labels["team"] != "media" {
			t.Errorf("%s has not the common label: %v", id, labels)
		}
	}
	pod := []string{`"imagePullSecrets":[{"name":"registry"}]`, `"note":"a"`, `"cost":"b"`, `"priorityClassName":"high"`, `"nodeSelector":{"disk":"ssd"}`,
		`"tolerations":[{"key":"gpu","operator":"Exists"}]`, `"affinity":{"podAntiAffinity":{}}`, `"image":"meeting-recording-operator@sha256:aaa`}
	for id, wants := range map[string][]string{
		"Deployment/meeting-recording-operator": append([]string{`"--stall-after=1h"`, `"env":[{"name":"A","value":"1"}]`}, pod...),
		"Deployment/meeting-recording-receiver": append([]string{`"--reorder-window=5s"`, `{"name":"B","value":"2"}`, `"secretName":"keys"`, `"mountPath":"/keys"`,
			`"--public-key-url=https://example.com/key"`}, pod...),
		"Deployment/meeting-recording-events": append([]string{`"--tls-cert-file=/tls/tls.crt"`, `"volumeMounts":[{"mountPath":"/tls","name":"tls","readOnly":true}]`,
			`"volumes":[{"name":"tls","secret":{"secretName":"events-tls"}}]`}, pod...),
		"Service/meeting-recording-webhooks":                 {`"type":"LoadBalancer"`, `"port":8000`, `"lb":"external"`},
		"HorizontalPodAutoscaler/meeting-recording-receiver": {`"maxReplicas":9`, `"averageValue":"1"`},
	} {
		encoded, err := json.Marshal(objects[id])
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(encoded), want) {
				t.Errorf("%s has no %s: %s", id, want, encoded)
			}
		}
	}
}

// TestLeftOut: what values leave out is not there, and nothing else is missing.
func TestLeftOut(t *testing.T) {
	all, err := rendered(t, namespace)
	if err != nil {
		t.Fatal(err)
	}
	for set, kinds := range map[string][]string{
		"crds.enabled=false":               {"CustomResourceDefinition"},
		"admissionPolicies.enabled=false":  {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
		"networkPolicies.enabled=false":    {"NetworkPolicy"},
		"recordings.createNamespace=false": {"Namespace"},
	} {
		some, err := rendered(t, namespace, set)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, id := range ids(decode(t, all)) {
			if kind, _, _ := strings.Cut(id, "/"); !slices.Contains(kinds, kind) {
				want = append(want, id)
			}
		}
		if got := ids(decode(t, some)); !slices.Equal(got, want) {
			t.Errorf("%s leaves %v, want %v", set, got, want)
		}
	}
	text, err := rendered(t, namespace, "crds.keep=false", "recordings.createNamespace=false")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "helm.sh/resource-policy") {
		t.Error("crds.keep=false has Helm keep the CRDs")
	}
}

// TestWithoutFixedIDs: clusters such as OpenShift assign the ids of users and groups themselves, and reject fixed ones.
func TestWithoutFixedIDs(t *testing.T) {
	for fixed, want := range map[string]bool{"true": true, "false": false} {
		text, err := rendered(t, namespace, "crds.enabled=false", "fixedIDs="+fixed, `live={"enabled":true}`, `split={"enabled":true}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"runAsUser:", "runAsGroup:", "fsGroup:"} {
			if got := strings.Contains(text, field); got != want {
				t.Errorf("fixedIDs=%s: %s is there: %t", fixed, field, got)
			}
		}
		if !strings.Contains(text, "runAsNonRoot: true") {
			t.Errorf("fixedIDs=%s lets containers run as root", fixed)
		}
	}
}

// TestSchemaKnowsEveryValue: the schema and values.yaml have the same keys.
func TestSchemaKnowsEveryValue(t *testing.T) {
	var values map[string]any
	var schema map[string]any
	for file, into := range map[string]any{"values.yaml": &values, "values.schema.json": &schema} {
		text, err := os.ReadFile(filepath.Join(chart, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	// It is the condition of a chart that has this one as a dependency, which Helm passes on.
	delete(schema["properties"].(map[string]any), "enabled")
	compareKeys(t, "", values, schema)
}

func compareKeys(t *testing.T, path string, values, schema map[string]any) {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return // such as labels, whose keys are the user's
	}
	if schema["additionalProperties"] != false {
		t.Errorf("the schema takes unknown values at %q", path)
	}
	for key, property := range properties {
		value, found := values[key]
		if !found && path+key != "global" {
			t.Errorf("values.yaml has no %s%s, which the schema has", path, key)
		}
		if within, ok := value.(map[string]any); ok {
			compareKeys(t, path+key+".", within, property.(map[string]any))
		}
	}
	for key := range values {
		if _, found := properties[key]; !found {
			t.Errorf("the schema has no %s%s, which values.yaml has", path, key)
		}
	}
}

// TestLint has Helm check the chart, as strictly as it can, with each installation's values.
func TestLint(t *testing.T) {
	for name, i := range installations {
		t.Run(name, func(t *testing.T) {
			args := []string{"lint", "--strict", "charts/meeting-recording-operator"}
			for _, set := range i.values {
				args = append(args, "--set-json="+set)
			}
			if out, err := command(t, nil, helm, args...); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
