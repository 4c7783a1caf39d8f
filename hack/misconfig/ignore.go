// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// ignored is a finding that is accepted, as Trivy's .trivyignore.yaml has it.
type ignored struct {
	ID string
	// Statement says why it is accepted.
	Statement string
	// Paths are patterns of the objects where it is, KIND-NAME; none: all.
	Paths []string

	found int
}

func readIgnored(file string) ([]*ignored, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the ignore file: %w", err)
	}
	var content struct{ Misconfigurations []*ignored }
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	for _, i := range content.Misconfigurations {
		if i.ID == "" || i.Statement == "" {
			return nil, fmt.Errorf("%s: %q needs an id, and a statement that says why it is accepted", file, i.ID)
		}
		for _, pattern := range i.Paths {
			if _, err := path.Match(pattern, ""); err != nil {
				return nil, fmt.Errorf("%s: %s: path %q: %w", file, i.ID, pattern, err)
			}
		}
	}
	return content.Misconfigurations, nil
}

// accepts reports whether the finding of a check in an object, KIND-NAME, is accepted.
func (i *ignored) accepts(hasID func(string) bool, object string) bool {
	return hasID(i.ID) && (len(i.Paths) == 0 || slices.ContainsFunc(i.Paths, func(pattern string) bool {
		matches, _ := path.Match(pattern, object) // which readIgnored checked
		return matches
	}))
}
