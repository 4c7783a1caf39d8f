// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// kind is one resource that the server has.
type kind struct {
	schema.GroupVersion
	kind, resource string
	isCluster      bool
	hasStatus      bool
	// hasGeneration means that the spec's changes are counted.
	hasGeneration bool
	// crd is nil for Kubernetes' own.
	crd *crd
	// fields are the paths that a field selector may name, beside the name and the namespace.
	fields map[string][]string
}

// crd is the schema of a custom resource. Its parts are validated one by one, so that a write validates only what it changes.
type crd struct {
	structural *structuralschema.Structural
	// frame accepts anything as a part.
	frame validation.SchemaValidator
	parts []part
}

// part is the spec, the status, or a member of it, without those members that are parts themselves.
type part struct {
	path      []string
	validator validation.SchemaValidator
	// items, if not nil, is for each item of a list.
	items validation.SchemaValidator
}

// validate checks a value, as far as it is not the one before.
func (p part) validate(value, before any) (failures field.ErrorList) {
	if value == nil || reflect.DeepEqual(value, before) {
		return nil
	}
	path := field.NewPath(p.path[0], p.path[1:]...)
	failures = validation.ValidateCustomResource(path, value, p.validator)
	items, isList := value.([]any)
	if p.items == nil || !isList {
		return failures
	}
	same, _ := before.([]any)
	for i, one := range items {
		if i >= len(same) || !reflect.DeepEqual(one, same[i]) {
			failures = append(failures, validation.ValidateCustomResource(path.Index(i), one, p.items)...)
		}
	}
	return failures
}

func (k *kind) apiVersion() string { return k.String() }

func (k *kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.Group, Resource: k.resource}
}

// complete adds defaults to what is to be stored, and drops what the schema does not know.
func (k *kind) complete(object Object) {
	switch {
	case k.crd != nil:
		pruning.Prune(object, k.crd.structural, true)
		defaulting.Default(object, k.crd.structural)
	case k.resource == "jobs" && at(object, "spec", "selector") == nil: // a new one, which no other version shares
		completeJob(object)
	}
}

// completeJob adds what the operator reads of a Job and does not write.
func completeJob(job Object) {
	spec, uid := child(job, "spec"), text(job, "metadata", "uid")
	for member, value := range map[string]any{
		"parallelism": int64(1), "completions": int64(1), "backoffLimit": int64(6), "completionMode": "NonIndexed", "suspend": false,
		"podReplacementPolicy": "TerminatingOrFailed", "manualSelector": false,
	} {
		if _, has := spec[member]; !has {
			spec[member] = value
		}
	}
	ours := Object{"batch.kubernetes.io/controller-uid": uid}
	spec["selector"] = Object{"matchLabels": ours}
	metadata := child(child(spec, "template"), "metadata")
	labels := child(metadata, "labels")
	for member, value := range map[string]any{
		"controller-uid": uid, "job-name": text(job, "metadata", "name"),
		"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": text(job, "metadata", "name"),
	} {
		labels[member] = value
	}
	if _, has := job["status"]; !has {
		job["status"] = Object{}
	}
}

// kinds returns what the operator uses. The CRDs are read once.
var kinds = sync.OnceValue(func() map[string]*kind {
	all := map[string]*kind{}
	for _, k := range []*kind{
		{GroupVersion: schema.GroupVersion{Version: "v1"}, kind: "Namespace", resource: "namespaces", isCluster: true},
		{GroupVersion: schema.GroupVersion{Version: "v1"}, kind: "Pod", resource: "pods", hasStatus: true},
		{GroupVersion: schema.GroupVersion{Group: "batch", Version: "v1"}, kind: "Job", resource: "jobs", hasStatus: true, hasGeneration: true},
		{GroupVersion: schema.GroupVersion{Group: "events.k8s.io", Version: "v1"}, kind: "Event", resource: "events"},
		{GroupVersion: schema.GroupVersion{Group: "coordination.k8s.io", Version: "v1"}, kind: "Lease", resource: "leases"},
	} {
		all[k.resource] = k
	}
	for _, plural := range []string{"meetingrecordings", "recordingpipelines"} {
		k, err := readCRD(plural)
		if err != nil {
			panic(err) // it is a file of the project
		}
		all[plural] = k
	}
	return all
})

func readCRD(plural string) (*kind, error) {
	raw, err := os.ReadFile(harness.Path("config", "crd", "bases", "recording.meetingops.dev_"+plural+".yaml"))
	if err != nil {
		return nil, err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(raw, &definition); err != nil {
		return nil, fmt.Errorf("decode the CRD %s: %w", plural, err)
	}
	version := definition.Spec.Versions[0]
	k := &kind{
		GroupVersion: schema.GroupVersion{Group: definition.Spec.Group, Version: version.Name},
		kind:         definition.Spec.Names.Kind, resource: plural, hasStatus: true, hasGeneration: true, fields: map[string][]string{},
	}
	for _, field := range version.SelectableFields {
		k.fields[field.JSONPath[1:]] = splitPath(field.JSONPath[1:])
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		return nil, err
	}
	k.crd = &crd{}
	if k.crd.structural, err = structuralschema.NewStructural(&internal); err != nil {
		return nil, err
	}
	frame := internal.DeepCopy()
	if err := errors.Join(k.crd.add(frame, 0, "spec"), k.crd.add(frame, 2, "status")); err != nil {
		return nil, err
	}
	k.crd.frame, _, err = validation.NewSchemaValidator(frame)
	return k, err
}

// add makes a property a part, and its members down to a depth, and has its parent accept anything in its place.
func (c *crd) add(parent *apiextensions.JSONSchemaProps, depth int, path ...string) error {
	name := path[len(path)-1]
	property := parent.Properties[name]
	parent.Properties[name] = apiextensions.JSONSchemaProps{}
	added := part{path: path}
	var err error
	if depth > 0 {
		for _, member := range slices.Sorted(maps.Keys(property.Properties)) {
			err = errors.Join(err, c.add(&property, depth-1, append(slices.Clone(path), member)...))
		}
	}
	if property.Items != nil && property.Items.Schema != nil {
		var itemsError error
		added.items, _, itemsError = validation.NewSchemaValidator(property.Items.Schema)
		property.Items = &apiextensions.JSONSchemaPropsOrArray{Schema: &apiextensions.JSONSchemaProps{}}
		err = errors.Join(err, itemsError)
	}
	validator, _, validatorError := validation.NewSchemaValidator(&property)
	added.validator = validator
	c.parts = append(c.parts, added)
	return errors.Join(err, validatorError)
}
