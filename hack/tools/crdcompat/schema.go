// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

type schema = apiextensionsv1.JSONSchemaProps

// comparison collects what breaks between two schemas. What may only be wider than before is allowed: a new optional field, another
// value of an enum, a limit that is loosened or gone.
type comparison struct {
	at    finding
	found []finding
}

func (c *comparison) report(path, rule, format string, args ...any) {
	broken := c.at
	broken.Path, broken.Rule, broken.Detail = path, rule, fmt.Sprintf(format, args...)
	c.found = append(c.found, broken)
}

// compare checks a field and all below it.
func (c *comparison) compare(path string, old, now *schema) {
	c.values(path, old, now)
	c.limits(path, old, now)
	c.lists(path, old, now)
	c.required(path, old, now)
	c.validations(path, old, now)
	c.rest(path, old, now)

	for _, name := range slices.Sorted(maps.Keys(old.Properties)) {
		was := old.Properties[name]
		is, ok := now.Properties[name]
		if !ok {
			c.report(join(path, name), "property-removed", "what is stored in it would be lost")
			continue
		}
		c.compare(join(path, name), &was, &is)
	}
	c.below(path+"[]", "items-removed", items(old), items(now))
	c.below(path+"{}", "additional-properties-removed", values(old), values(now))
}

// below checks the one schema of a list's items or of a map's values.
func (c *comparison) below(path, removed string, old, now *schema) {
	switch {
	case old == nil:
	case now == nil:
		c.report(path, removed, "what is stored in it would be lost")
	default:
		c.compare(path, old, now)
	}
}

// values checks what a field's value may be.
func (c *comparison) values(path string, old, now *schema) {
	if old.Type != now.Type {
		c.report(path, "type-changed", "was %q, is %q", old.Type, now.Type)
	}
	if old.XIntOrString != now.XIntOrString {
		c.report(path, "type-changed", "x-kubernetes-int-or-string was %t, is %t", old.XIntOrString, now.XIntOrString)
	}
	if old.Format != now.Format {
		c.report(path, "format-changed", "was %q, is %q", old.Format, now.Format)
	}
	if old.Nullable && !now.Nullable {
		c.report(path, "nullable-removed", "null was allowed")
	}
	if isTrue(old.XPreserveUnknownFields) && !isTrue(now.XPreserveUnknownFields) {
		c.report(path, "unknown-fields-pruned", "fields that the schema does not name were kept")
	}
	if text(old.Default) != text(now.Default) {
		c.report(path, "default-changed", "was %s, is %s", text(old.Default), text(now.Default))
	}
	if now.Pattern != "" && now.Pattern != old.Pattern {
		c.report(path, "pattern-changed", "was %q, is %q", old.Pattern, now.Pattern)
	}
	switch {
	case len(now.Enum) == 0:
	case len(old.Enum) == 0:
		c.report(path, "enum-added", "every value was allowed")
	default:
		for _, value := range missing(texts(old.Enum), texts(now.Enum)) {
			c.report(path, "enum-value-removed", "%s", value)
		}
	}
}

// limits checks numbers that bound a value: they may loosen only.
func (c *comparison) limits(path string, old, now *schema) {
	for _, limit := range []struct {
		name     string
		was, is  *float64
		isLowest bool
	}{
		{"maximum", old.Maximum, now.Maximum, false},
		{"maxLength", float(old.MaxLength), float(now.MaxLength), false},
		{"maxItems", float(old.MaxItems), float(now.MaxItems), false},
		{"maxProperties", float(old.MaxProperties), float(now.MaxProperties), false},
		{"minimum", old.Minimum, now.Minimum, true},
		{"minLength", float(old.MinLength), float(now.MinLength), true},
		{"minItems", float(old.MinItems), float(now.MinItems), true},
		{"minProperties", float(old.MinProperties), float(now.MinProperties), true},
	} {
		switch {
		case limit.is == nil:
		case limit.was == nil:
			c.report(path, "limit-tightened", "%s is new: %v", limit.name, *limit.is)
		case limit.isLowest && *limit.is > *limit.was, !limit.isLowest && *limit.is < *limit.was:
			c.report(path, "limit-tightened", "%s was %v, is %v", limit.name, *limit.was, *limit.is)
		}
	}
	for name, exclusive := range map[string][2]bool{
		"exclusiveMaximum": {old.ExclusiveMaximum, now.ExclusiveMaximum},
		"exclusiveMinimum": {old.ExclusiveMinimum, now.ExclusiveMinimum},
		"uniqueItems":      {old.UniqueItems, now.UniqueItems},
	} {
		if !exclusive[0] && exclusive[1] {
			c.report(path, "limit-tightened", "%s is new", name)
		}
	}
	if now.MultipleOf != nil && text(old.MultipleOf) != text(now.MultipleOf) {
		c.report(path, "limit-tightened", "multipleOf was %s, is %s", text(old.MultipleOf), text(now.MultipleOf))
	}
}

// lists checks what server-side apply and patches go by.
func (c *comparison) lists(path string, old, now *schema) {
	if was, is := deref(old.XListType, "atomic"), deref(now.XListType, "atomic"); was != is {
		c.report(path, "list-type-changed", "was %s, is %s", was, is)
	}
	if !slices.Equal(old.XListMapKeys, now.XListMapKeys) {
		c.report(path, "list-map-keys-changed", "were %v, are %v", old.XListMapKeys, now.XListMapKeys)
	}
	if was, is := deref(old.XMapType, "granular"), deref(now.XMapType, "granular"); was != is {
		c.report(path, "map-type-changed", "was %s, is %s", was, is)
	}
	if old.XEmbeddedResource != now.XEmbeddedResource {
		c.report(path, "embedded-resource-changed", "was %t, is %t", old.XEmbeddedResource, now.XEmbeddedResource)
	}
}

// required checks what an object must have. A field with a default is never missing.
func (c *comparison) required(path string, old, now *schema) {
	for _, name := range missing(now.Required, old.Required) {
		if field, ok := now.Properties[name]; ok && field.Default != nil {
			continue
		}
		c.report(join(path, name), "required-added", "objects without it were accepted")
	}
}

// validations checks rules in CEL by their text: which of two is stricter cannot be told.
func (c *comparison) validations(path string, old, now *schema) {
	for _, rule := range missing(rules(now), rules(old)) {
		c.report(path, "validation-added", "%s", rule)
	}
}

// rest reports every other difference, so that no keyword is left out in silence. Words for people may change.
func (c *comparison) rest(path string, old, now *schema) {
	if was, is := text(remainder(old)), text(remainder(now)); was != is {
		c.report(path, "other-change", "cannot be checked; was %s, is %s", was, is)
	}
}

// remainder is the schema without what the rules above check.
func remainder(of *schema) schema {
	return schema{ID: of.ID, Schema: of.Schema, Ref: of.Ref, AllOf: of.AllOf, OneOf: of.OneOf, AnyOf: of.AnyOf, Not: of.Not,
		PatternProperties: of.PatternProperties, Dependencies: of.Dependencies, AdditionalItems: of.AdditionalItems, Definitions: of.Definitions}
}

func items(of *schema) *schema {
	if of.Items == nil {
		return nil
	}
	return of.Items.Schema
}

func values(of *schema) *schema {
	if of.AdditionalProperties == nil {
		return nil
	}
	if of.AdditionalProperties.Schema == nil && of.AdditionalProperties.Allows {
		return &schema{}
	}
	return of.AdditionalProperties.Schema
}

func rules(of *schema) []string {
	var texts []string
	for _, validation := range of.XValidations {
		rule := validation.Rule
		if isTrue(validation.OptionalOldSelf) {
			rule += " (also without an old value)"
		}
		texts = append(texts, rule)
	}
	return texts
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func float(number *int64) *float64 {
	if number == nil {
		return nil
	}
	f := float64(*number)
	return &f
}

func isTrue(value *bool) bool { return value != nil && *value }

func deref(value *string, otherwise string) string {
	if value == nil {
		return otherwise
	}
	return *value
}

// text is the value in JSON, with the keys of objects in order, so that values that mean the same have the same text.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return string(encoded)
	}
	encoded, _ = json.Marshal(decoded) // what was just decoded can be encoded
	return string(encoded)
}

func texts(enum []apiextensionsv1.JSON) []string {
	list := make([]string, 0, len(enum))
	for _, value := range enum {
		list = append(list, text(value))
	}
	return list
}
