// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// object is what of a manifest's object matters here.
type object struct {
	Kind     string
	Metadata struct{ Namespace, Name string }
	Spec     struct {
		Steps []struct {
			Name     string
			Template map[string]any
		}
	}
}

// split calls each for every object of a manifest, with a name for a file. The steps of a pipeline follow it as Jobs.
func split(manifest []byte, each func(name, object string)) error {
	decoder := yaml.NewDecoder(bytes.NewReader(manifest))
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		var known object
		if err := document.Decode(&known); err != nil {
			return err
		}
		if known.Kind == "" {
			continue // an empty document
		}
		text, err := yaml.Marshal(&document)
		if err != nil {
			return err
		}
		each(known.Kind+"-"+known.Metadata.Name, string(text))
		if known.Kind != "RecordingPipeline" {
			continue
		}
		for _, step := range known.Spec.Steps {
			job := map[string]any{"apiVersion": "batch/v1", "kind": "Job", "spec": step.Template["spec"],
				"metadata": map[string]any{"namespace": known.Metadata.Namespace, "name": known.Metadata.Name + "-" + step.Name}}
			text, err := yaml.Marshal(job)
			if err != nil {
				return err
			}
			each(fmt.Sprintf("Job-%s-%s", known.Metadata.Name, step.Name), string(text))
		}
	}
}
