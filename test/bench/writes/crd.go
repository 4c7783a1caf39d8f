// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// readCRD reads the CRD as it is installed.
func readCRD(path string) (*apiextensionsv1.CustomResourceDefinition, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &crd, nil
}

// inGroup returns the CRD as one of another group, changed.
func inGroup(crd *apiextensionsv1.CustomResourceDefinition, group string, change func(*apiextensionsv1.CustomResourceDefinitionVersion)) *apiextensionsv1.CustomResourceDefinition {
	other := crd.DeepCopy()
	other.Name = crd.Spec.Names.Plural + "." + group
	other.Spec.Group = group
	for i := range other.Spec.Versions {
		change(&other.Spec.Versions[i])
	}
	return other
}

// eachSchema visits a schema and all that is in it.
func eachSchema(schema *apiextensionsv1.JSONSchemaProps, visit func(*apiextensionsv1.JSONSchemaProps)) {
	visit(schema)
	for name, property := range schema.Properties {
		eachSchema(&property, visit)
		schema.Properties[name] = property
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		eachSchema(schema.Items.Schema, visit)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		eachSchema(schema.AdditionalProperties.Schema, visit)
	}
}

func withoutDescriptions(version *apiextensionsv1.CustomResourceDefinitionVersion) {
	eachSchema(version.Schema.OpenAPIV3Schema, func(s *apiextensionsv1.JSONSchemaProps) { s.Description = "" })
}

func withoutRules(version *apiextensionsv1.CustomResourceDefinitionVersion) {
	eachSchema(version.Schema.OpenAPIV3Schema, func(s *apiextensionsv1.JSONSchemaProps) { s.XValidations = nil })
}

func withoutSelectableFields(version *apiextensionsv1.CustomResourceDefinitionVersion) {
	version.SelectableFields = nil
}

// withoutSchema keeps the status subresource, and takes everything.
func withoutSchema(version *apiextensionsv1.CustomResourceDefinitionVersion) {
	all := true
	version.SelectableFields, version.AdditionalPrinterColumns = nil, nil
	version.Schema.OpenAPIV3Schema = &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &all}
}
