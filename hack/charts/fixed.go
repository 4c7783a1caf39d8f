// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	// namespace is where config/ installs the operator; the chart's release says where it does.
	namespace = "meeting-recording-system"
	// recordings is where config/ has recordings and Jobs; the chart has a value for it.
	recordings = "meeting-recordings"
	// labelsMark stands in an object's labels where the chart's own labels come.
	labelsMark = "zz.chart/labels"
)

// fixedFile is a template of objects that no value changes: they are there, or not.
type fixedFile struct {
	name string
	kind []string
	// condition is the template's expression under which they are there; empty: always.
	condition string
}

var fixedFiles = []fixedFile{
	{name: "rbac.yaml", kind: []string{"ServiceAccount", "Secret", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}},
	{name: "policies.yaml", kind: []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}, condition: ".Values.admissionPolicies.enabled"},
	{name: "network-policies.yaml", kind: []string{"NetworkPolicy"}, condition: ".Values.networkPolicies.enabled"},
	{name: "services.yaml", kind: []string{"Service"}},
	{name: "monitors.yaml", kind: []string{"ServiceMonitor"}, condition: ".Values.monitors.enabled"},
	{name: "alerts.yaml", kind: []string{"PrometheusRule"}, condition: ".Values.alerts.enabled"},
}

// byHand are the objects that values change, whose templates are written by hand, and what the chart has in another way: Helm makes the
// namespace, and crds.yaml and dashboard.yaml read copies of config/.
var byHand = []string{
	"Namespace/meeting-recording-system", "Namespace/meeting-recordings", "ConfigMap/meeting-recording-dashboard",
	"CustomResourceDefinition/meetingrecordings.recording.meetingops.dev", "CustomResourceDefinition/recordingpipelines.recording.meetingops.dev",
	"Deployment/meeting-recording-operator", "Deployment/meeting-recording-receiver", "Service/meeting-recording-webhooks",
	"Deployment/meeting-recording-events", "Deployment/meeting-recording-backfill", "HorizontalPodAutoscaler/meeting-recording-receiver", "PodDisruptionBudget/meeting-recording-receiver",
}

// fixedTemplates returns the templates' texts by their file names.
func fixedTemplates(config string) (map[string]string, error) {
	builds := map[string]map[string]object{}
	for _, name := range []string{"default", "split", "cluster", "live", "backfill", "observability"} {
		folder := filepath.Join(config, "overlays", name)
		if name == "default" {
			folder = filepath.Join(config, name)
		}
		objects, err := build(folder)
		if err != nil {
			return nil, err
		}
		builds[name] = objects
	}
	texts := map[string]string{}
	for _, id := range ids(slices.Collect(maps.Values(builds))...) {
		if slices.Contains(byHand, id) {
			continue
		}
		file, err := fileOf(id)
		if err != nil {
			return nil, err
		}
		text, err := variants(id, builds)
		if err != nil {
			return nil, err
		}
		texts[file] += text
	}
	for _, file := range fixedFiles {
		text := texts[file.name]
		if file.condition != "" {
			text = wrap(file.condition, text)
		}
		texts[file.name] = "{{- /* Generated from config/ by hack/charts: make charts. */}}\n" + text
	}
	return texts, nil
}

// fileOf returns the template that has the object.
func fileOf(id string) (string, error) {
	kind, _, _ := strings.Cut(id, "/")
	for _, file := range fixedFiles {
		if slices.Contains(file.kind, kind) {
			return file.name, nil
		}
	}
	return "", fmt.Errorf("config/ has %s, for which the chart has no template: name its kind in fixedFiles, or it in byHand and write one", id)
}

// variants is the template of an object, which can be another one, or none, where the receiver has Pods of its own.
func variants(id string, builds map[string]map[string]object) (string, error) {
	joint, inDefault := builds["default"][id]
	apart, inSplit := builds["split"][id]
	switch {
	case inDefault && inSplit && reflect.DeepEqual(joint, apart):
		return document(joint)
	case inDefault || inSplit:
		var texts []string
		for _, variant := range []struct {
			is        bool
			object    object
			condition string
		}{{inDefault, joint, "not .Values.split.enabled"}, {inSplit, apart, ".Values.split.enabled"}} {
			if !variant.is {
				continue
			}
			text, err := document(variant.object)
			if err != nil {
				return "", err
			}
			texts = append(texts, wrap(variant.condition, text))
		}
		return strings.Join(texts, ""), nil
	}
	for name, condition := range additions {
		addition, found := builds[name][id]
		if !found {
			continue
		}
		text, err := document(addition)
		if condition != "" {
			text = wrap(condition, text)
		}
		return text, err
	}
	return "", fmt.Errorf("no overlay has %s", id)
}

// additions are the overlays that only add objects, and under which condition the chart has these, beside that of the file.
var additions = map[string]string{
	"cluster":       "and .Values.cluster.enabled .Values.cluster.allNamespaces",
	"live":          ".Values.live.enabled",
	"backfill":      ".Values.backfill.enabled",
	"observability": "",
}

func wrap(condition, text string) string {
	return "{{- if " + condition + " }}\n" + text + "{{- end }}\n"
}

// document is the object as a document of a template: in the release's namespace, with the chart's labels.
func document(o object) (string, error) {
	labels, ok := o.metadata()["labels"].(map[string]any)
	if !ok {
		labels = map[string]any{}
		o.metadata()["labels"] = labels
	}
	labels[labelsMark] = ""
	text, err := yaml.Marshal(o)
	delete(labels, labelsMark)
	if err != nil {
		return "", err
	}
	return "---\n" + strings.NewReplacer(
		"{{", `{{ "{{" }}`, // an alert's, not the chart's
		"    "+labelsMark+": \"\"\n", "    {{- include \"operator.labels\" . | nindent 4 }}\n",
		namespace, "{{ .Release.Namespace }}",
		recordings, "{{ .Values.recordings.namespace }}",
	).Replace(string(text)), nil
}
