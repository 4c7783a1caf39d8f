// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// compareAll finds what breaks between the definitions of the last release and those of now, by name. A new definition breaks nothing.
func compareAll(released, now []*apiextensionsv1.CustomResourceDefinition) []finding {
	var found []finding
	for _, old := range released {
		i := slices.IndexFunc(now, func(crd *apiextensionsv1.CustomResourceDefinition) bool { return crd.Name == old.Name })
		if i < 0 {
			found = append(found, finding{CRD: old.Name, Rule: "definition-removed", Detail: "every object of it would go"})
			continue
		}
		found = append(found, compareDefinitions(old, now[i])...)
	}
	return sorted(found)
}

func compareDefinitions(old, now *apiextensionsv1.CustomResourceDefinition) []finding {
	var found []finding
	report := func(rule, format string, args ...any) {
		found = append(found, finding{CRD: old.Name, Rule: rule, Detail: fmt.Sprintf(format, args...)})
	}
	if old.Spec.Scope != now.Spec.Scope {
		report("scope-changed", "was %s, is %s", old.Spec.Scope, now.Spec.Scope)
	}
	was, is := old.Spec.Names, now.Spec.Names
	for _, name := range []struct{ of, was, is string }{
		{"group", old.Spec.Group, now.Spec.Group}, {"plural", was.Plural, is.Plural}, {"singular", was.Singular, is.Singular},
		{"kind", was.Kind, is.Kind}, {"listKind", was.ListKind, is.ListKind},
	} {
		if name.was != name.is {
			report("name-changed", "%s was %s, is %s", name.of, name.was, name.is)
		}
	}
	for _, name := range missing(was.ShortNames, is.ShortNames) {
		report("short-name-removed", "%s", name)
	}
	for _, name := range missing(was.Categories, is.Categories) {
		report("category-removed", "%s", name)
	}
	if conversion(old) != conversion(now) {
		report("conversion-changed", "was %s, is %s", conversion(old), conversion(now))
	}
	for _, version := range storedVersions(old) {
		if indexOf(now, version) < 0 {
			report("stored-version-removed", "%s: objects may be stored in it", version)
		}
	}
	for i := range old.Spec.Versions {
		version := &old.Spec.Versions[i]
		j := indexOf(now, version.Name)
		if j < 0 {
			found = append(found, finding{CRD: old.Name, Version: version.Name, Rule: "version-removed", Detail: "clients ask for it"})
			continue
		}
		found = append(found, compareVersions(old.Name, version, &now.Spec.Versions[j])...)
	}
	return found
}

func compareVersions(crd string, old, now *apiextensionsv1.CustomResourceDefinitionVersion) []finding {
	var found []finding
	report := func(rule, detail string) {
		found = append(found, finding{CRD: crd, Version: old.Name, Rule: rule, Detail: detail})
	}
	if old.Served && !now.Served {
		report("version-not-served", "clients ask for it")
	}
	was, is := subresources(old), subresources(now)
	if (was.Status == nil) != (is.Status == nil) {
		report("status-subresource-changed", "whether the status is written apart from the rest")
	}
	if was.Scale != nil && (is.Scale == nil || text(was.Scale) != text(is.Scale)) {
		report("scale-subresource-changed", "was "+text(was.Scale)+", is "+text(is.Scale))
	}
	for _, field := range missing(selectable(old), selectable(now)) {
		report("selectable-field-removed", field)
	}
	if old.Schema == nil || old.Schema.OpenAPIV3Schema == nil {
		return found
	}
	if now.Schema == nil || now.Schema.OpenAPIV3Schema == nil {
		report("schema-removed", "fields would be lost")
		return found
	}
	schemas := comparison{at: finding{CRD: crd, Version: old.Name}}
	schemas.compare("", old.Schema.OpenAPIV3Schema, now.Schema.OpenAPIV3Schema)
	return append(found, schemas.found...)
}

func indexOf(crd *apiextensionsv1.CustomResourceDefinition, version string) int {
	return slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == version })
}

// storedVersions are those in which objects may be stored: those of the status where the definition was read from a cluster.
func storedVersions(crd *apiextensionsv1.CustomResourceDefinition) []string {
	versions := slices.Clone(crd.Status.StoredVersions)
	for _, version := range crd.Spec.Versions {
		if version.Storage && !slices.Contains(versions, version.Name) {
			versions = append(versions, version.Name)
		}
	}
	return versions
}

func conversion(crd *apiextensionsv1.CustomResourceDefinition) apiextensionsv1.ConversionStrategyType {
	if crd.Spec.Conversion == nil || crd.Spec.Conversion.Strategy == "" {
		return apiextensionsv1.NoneConverter
	}
	return crd.Spec.Conversion.Strategy
}

func subresources(version *apiextensionsv1.CustomResourceDefinitionVersion) apiextensionsv1.CustomResourceSubresources {
	if version.Subresources == nil {
		return apiextensionsv1.CustomResourceSubresources{}
	}
	return *version.Subresources
}

func selectable(version *apiextensionsv1.CustomResourceDefinitionVersion) []string {
	var paths []string
	for _, field := range version.SelectableFields {
		paths = append(paths, field.JSONPath)
	}
	return paths
}

// missing lists what only the first list has.
func missing(old, now []string) []string {
	var gone []string
	for _, item := range old {
		if !slices.Contains(now, item) {
			gone = append(gone, item)
		}
	}
	return gone
}
