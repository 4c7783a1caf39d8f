// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// base is a definition that has something for every rule.
const base = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, listKind: ThingList, plural: things, singular: thing, shortNames: [th], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      selectableFields: [{jsonPath: .spec.name}]
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.n, statusReplicasPath: .status.n}
      schema:
        openAPIV3Schema:
          type: object
          description: words
          properties:
            spec:
              type: object
              required: [name]
              x-kubernetes-validations: [{rule: self.n > 0, message: words}]
              properties:
                name: {type: string, minLength: 1, maxLength: 10, pattern: '^a', format: hostname}
                count: {type: integer, minimum: 1, maximum: 9, default: 3, multipleOf: 1}
                mode: {type: string, enum: [A, B]}
                free: {type: string, nullable: true}
                any: {type: object, x-kubernetes-preserve-unknown-fields: true}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                list:
                  type: array
                  minItems: 1
                  maxItems: 5
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [key]
                  items: {type: object, required: [key], properties: {key: {type: string}, value: {type: string}}}
                map: {type: object, maxProperties: 4, minProperties: 1, x-kubernetes-map-type: atomic, additionalProperties: {type: string, maxLength: 3}}
                whole: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
    - {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}
`

func parse(t *testing.T, text string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict([]byte(text), crd); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return crd
}

// Each rule, by a change of the text: what is replaced, by what, and the findings as "version path rule".
func TestRules(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing": {"words", "words", nil},
		// What may change.
		"description":           {"description: words", "description: others", nil},
		"message of a rule":     {"message: words", "message: others", nil},
		"optional field added":  {"name: {type", "more: {type: string}\n                name: {type", nil},
		"enum value added":      {"[A, B]", "[A, B, C]", nil},
		"enum gone":             {", enum: [A, B]", "", nil},
		"limits loosened":       {"minimum: 1, maximum: 9", "minimum: 0, maximum: 10", nil},
		"limits gone":           {"minLength: 1, maxLength: 10, ", "", nil},
		"pattern gone":          {", pattern: '^a'", "", nil},
		"required gone":         {"required: [name]", "required: []", nil},
		"rule gone":             {"[{rule: self.n > 0, message: words}]", "[]", nil},
		"nullable now":          {"mode: {type", "mode: {nullable: true, type", nil},
		"unknown fields now":    {"mode: {type: string", "mode: {x-kubernetes-preserve-unknown-fields: true, type: string", nil},
		"required with default": {"required: [name]", "required: [name, count]", nil},
		"short name added":      {"[th]", "[th, thi]", nil},
		"selectable added":      {"[{jsonPath: .spec.name}]", "[{jsonPath: .spec.name}, {jsonPath: .spec.mode}]", nil},
		"version added":         {"    - {name: v2", "    - {name: v3, served: true, storage: false}\n    - {name: v2", nil},
		// What may not: the definition.
		"definition":         {"name: things.example.com", "name: other.example.com", []string{" definition-removed"}},
		"scope":              {"Namespaced", "Cluster", []string{" scope-changed"}},
		"group":              {"group: example.com", "group: example.org", []string{" name-changed"}},
		"kind":               {"kind: Thing,", "kind: Thin,", []string{" name-changed"}},
		"list kind":          {"ThingList", "Things", []string{" name-changed"}},
		"plural":             {"plural: things", "plural: thingies", []string{" name-changed"}},
		"singular":           {"singular: thing", "singular: thingy", []string{" name-changed"}},
		"short name":         {"[th]", "[]", []string{" short-name-removed"}},
		"category":           {"[all]", "[]", []string{" category-removed"}},
		"conversion":         {"  scope:", "  conversion: {strategy: Webhook}\n  scope:", []string{" conversion-changed"}},
		"version":            {"{name: v2,", "{name: v3,", []string{"v2 version-removed"}},
		"version not served": {"{name: v2, served: true", "{name: v2, served: false", []string{"v2 version-not-served"}},
		"stored version":     {"- name: v1\n", "- name: v0\n", []string{" stored-version-removed", "v1 version-removed"}},
		"status":             {"status: {}", "", []string{"v1 status-subresource-changed"}},
		"scale":              {".status.n", ".status.m", []string{"v1 scale-subresource-changed"}},
		"selectable":         {"[{jsonPath: .spec.name}]", "[]", []string{"v1 selectable-field-removed"}},
		"schema":             {"storage: false, schema: {openAPIV3Schema: {type: object}}", "storage: false", []string{"v2 schema-removed"}},
		// The schema.
		"property":            {"mode: {type: string, enum: [A, B]}", "", []string{"v1 spec.mode property-removed"}},
		"property of items":   {", value: {type: string}", "", []string{"v1 spec.list[].value property-removed"}},
		"type":                {"mode: {type: string, enum: [A, B]}", "mode: {type: integer, enum: [A, B]}", []string{"v1 spec.mode type-changed"}},
		"int or string":       {"x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]", "type: string", []string{"v1 spec.port other-change", "v1 spec.port type-changed", "v1 spec.port type-changed"}},
		"format":              {", format: hostname", "", []string{"v1 spec.name format-changed"}},
		"nullable":            {", nullable: true", "", []string{"v1 spec.free nullable-removed"}},
		"unknown fields":      {"any: {type: object, x-kubernetes-preserve-unknown-fields: true}", "any: {type: object}", []string{"v1 spec.any unknown-fields-pruned"}},
		"default changed":     {"default: 3", "default: 4", []string{"v1 spec.count default-changed"}},
		"default gone":        {", default: 3", "", []string{"v1 spec.count default-changed"}},
		"default new":         {"mode: {type: string", "mode: {default: A, type: string", []string{"v1 spec.mode default-changed"}},
		"pattern":             {"'^a'", "'^b'", []string{"v1 spec.name pattern-changed"}},
		"pattern new":         {"mode: {type: string", "mode: {pattern: x, type: string", []string{"v1 spec.mode pattern-changed"}},
		"enum value":          {"[A, B]", "[A]", []string{"v1 spec.mode enum-value-removed"}},
		"enum new":            {"free: {type: string", "free: {enum: [a], type: string", []string{"v1 spec.free enum-added"}},
		"minimum":             {"minimum: 1", "minimum: 2", []string{"v1 spec.count limit-tightened"}},
		"maximum":             {"maximum: 9", "maximum: 8", []string{"v1 spec.count limit-tightened"}},
		"exclusive":           {"minimum: 1", "exclusiveMinimum: true, minimum: 1", []string{"v1 spec.count limit-tightened"}},
		"multiple":            {"multipleOf: 1", "multipleOf: 2", []string{"v1 spec.count limit-tightened"}},
		"minLength":           {"minLength: 1", "minLength: 2", []string{"v1 spec.name limit-tightened"}},
		"maxLength":           {"maxLength: 10", "maxLength: 9", []string{"v1 spec.name limit-tightened"}},
		"maxLength new":       {"mode: {type: string", "mode: {maxLength: 7, type: string", []string{"v1 spec.mode limit-tightened"}},
		"maxLength of values": {"maxLength: 3", "maxLength: 2", []string{"v1 spec.map{} limit-tightened"}},
		"minItems":            {"minItems: 1", "minItems: 2", []string{"v1 spec.list limit-tightened"}},
		"maxItems":            {"maxItems: 5", "maxItems: 4", []string{"v1 spec.list limit-tightened"}},
		"unique":              {"minItems: 1", "minItems: 1\n                  uniqueItems: true", []string{"v1 spec.list limit-tightened"}},
		"minProperties":       {"minProperties: 1", "minProperties: 2", []string{"v1 spec.map limit-tightened"}},
		"maxProperties":       {"maxProperties: 4", "maxProperties: 3", []string{"v1 spec.map limit-tightened"}},
		"list type":           {"x-kubernetes-list-type: map", "x-kubernetes-list-type: atomic", []string{"v1 spec.list list-type-changed"}},
		"list type new":       {"any: {type: object", "any: {x-kubernetes-list-type: set, type: object", []string{"v1 spec.any list-type-changed"}},
		"list map keys":       {"[key]\n                  items", "[key, value]\n                  items", []string{"v1 spec.list list-map-keys-changed"}},
		"map type":            {"x-kubernetes-map-type: atomic, ", "", []string{"v1 spec.map map-type-changed"}},
		"embedded":            {"x-kubernetes-embedded-resource: true, ", "", []string{"v1 spec.whole embedded-resource-changed"}},
		"items":               {"                  items: {type: object, required: [key], properties: {key: {type: string}, value: {type: string}}}\n", "", []string{"v1 spec.list[] items-removed"}},
		"values of a map":     {", additionalProperties: {type: string, maxLength: 3}", "", []string{"v1 spec.map{} additional-properties-removed"}},
		"required":            {"required: [name]", "required: [name, mode]", []string{"v1 spec.mode required-added"}},
		"required and new":    {"required: [name]\n", "required: [name, more]\n", []string{"v1 spec.more required-added"}},
		"rule new":            {"rule: self.n > 0, message: words}", "rule: self.n > 0, message: words}, {rule: self.n < 9}", []string{"v1 spec validation-added"}},
		"rule changed":        {"self.n > 0", "self.n > 1", []string{"v1 spec validation-added"}},
		"rule on creation":    {"{rule: self.n > 0,", "{rule: self.n > 0, optionalOldSelf: true,", []string{"v1 spec validation-added"}},
		"not judged":          {"mode: {type: string", "mode: {not: {pattern: x}, type: string", []string{"v1 spec.mode other-change"}},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(base, test.old) {
				t.Fatalf("the base has no %q", test.old)
			}
			changed := parse(t, strings.Replace(base, test.old, test.new, 1))
			var got []string
			for _, f := range compareAll([]*apiextensionsv1.CustomResourceDefinition{parse(t, base)}, []*apiextensionsv1.CustomResourceDefinition{changed}) {
				at := strings.TrimPrefix(f.Version+" "+f.Path, " ")
				got = append(got, strings.TrimSuffix(at, " ")+" "+f.Rule)
				if f.Detail == "" {
					t.Errorf("%s has no detail", f.Rule)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// What is stored in a version that a cluster's definition reports is not forgotten, though it is not the storage version.
func TestStoredVersions(t *testing.T) {
	old := parse(t, base)
	old.Status.StoredVersions = []string{"v0", "v1"}
	found := compareDefinitions(old, parse(t, base))
	if len(found) != 1 || found[0].Rule != "stored-version-removed" || !strings.HasPrefix(found[0].Detail, "v0") {
		t.Errorf("found %v, want that v0 is gone", found)
	}
}

func TestAccepted(t *testing.T) {
	f := finding{CRD: "things.example.com", Version: "v1", Path: "spec.mode", Rule: "enum-value-removed", Detail: `"B"`}
	accepted, err := readAccepted([]byte(`[{crd: things.example.com, version: v1, path: spec.mode, rule: enum-value-removed, reason: nobody had it}]`))
	if err != nil {
		t.Fatal(err)
	}
	if broken, stale := evaluate([]finding{f}, accepted); len(broken)+len(stale) != 0 {
		t.Errorf("what is accepted is found: %v, %v", broken, stale)
	}
	other := f
	other.Path = "spec.name"
	if broken, stale := evaluate([]finding{other}, accepted); len(broken) != 1 || len(stale) != 1 {
		t.Errorf("found %v, stale %v; want one of each", broken, stale)
	}
	for _, wrong := range []string{`[{crd: a, rule: b}]`, `[{crd: a, rule: b, reason: " "}]`, `[{crd: a, rule: b, reason: c, pth: d}]`, `{}`} {
		if _, err := readAccepted([]byte(wrong)); err == nil {
			t.Errorf("%s is read without an error", wrong)
		}
	}
}

// The command: what it answers, and what it says.
func TestRun(t *testing.T) {
	folder := func(text string) string {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, "crd.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	accepting := func(text string) string {
		file := filepath.Join(t.TempDir(), "accepted.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	narrower := strings.Replace(base, "[A, B]", "[A]", 1)
	const acceptance = `[{crd: things.example.com, version: v1, path: spec.mode, rule: enum-value-removed, reason: nobody had it}]`
	for name, test := range map[string]struct {
		released, now, accepted string
		code                    int
		says                    string
	}{
		"the same":         {base, base, "", 0, ""},
		"narrower":         {base, narrower, "", 1, `things.example.com v1 spec.mode: enum-value-removed: "B"`},
		"accepted":         {base, narrower, accepting(acceptance), 0, ""},
		"stale":            {base, base, accepting(acceptance), 1, "take it out"},
		"no reason":        {base, base, accepting(`[{crd: a, rule: b}]`), 2, "needs crd, rule and reason"},
		"no acceptances":   {base, base, filepath.Join(t.TempDir(), "none"), 2, "no such file"},
		"nothing released": {"", base, "", 2, "no definition in"},
		"nothing now":      {base, "", "", 2, "no definition in"},
		"an unknown field": {base, base + "  unheard: of\n", "", 2, "unheard"},
		"another kind":     {base, "kind: ConfigMap", "", 2, "not a CustomResourceDefinition"},
		"no YAML":          {base, "{", "", 2, "crd.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if code := run(folder(test.released), folder(test.now), test.accepted, &out); code != test.code {
				t.Errorf("exits with %d, want %d: %s", code, test.code, out.String())
			}
			if !strings.Contains(out.String(), test.says) || (test.says == "") != (out.Len() == 0) {
				t.Errorf("says %q, want %q", out.String(), test.says)
			}
		})
	}
}
