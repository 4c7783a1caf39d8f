// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// object is one object of a Kubernetes API, as JSON has it.
type object map[string]any

// id is what no two objects of an installation have in common: kind and name.
func (o object) id() string { return o.kind() + "/" + o.name() }

func (o object) kind() string { return o["kind"].(string) }

func (o object) name() string { return o.metadata()["name"].(string) }

func (o object) metadata() map[string]any { return o["metadata"].(map[string]any) }

// build returns the objects that kustomize makes of a folder, by their ids.
func build(folder string) (map[string]object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", folder, err)
	}
	objects := map[string]object{}
	for _, resource := range resources.Resources() {
		content, err := resource.Map()
		if err != nil {
			return nil, fmt.Errorf("building %s: %w", folder, err)
		}
		o := object(content)
		if _, twice := objects[o.id()]; twice {
			return nil, fmt.Errorf("building %s: there are two of %s", folder, o.id())
		}
		objects[o.id()] = o
	}
	return objects, nil
}

// ids are the ids of all objects, sorted, each once.
func ids(builds ...map[string]object) []string {
	all := map[string]bool{}
	for _, objects := range builds {
		for id := range objects {
			all[id] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
