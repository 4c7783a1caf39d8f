// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// ignored is a finding that is accepted, as Trivy's .trivyignore.yaml has it.
type ignored struct {
	ID string
	// Statement says why it is accepted.
	Statement string

	found int
}

func readIgnored(path string) ([]*ignored, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the ignore file: %w", err)
	}
	var file struct{ Misconfigurations []*ignored }
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, i := range file.Misconfigurations {
		if i.ID == "" || i.Statement == "" {
			return nil, fmt.Errorf("%s: %q needs an id, and a statement that says why it is accepted", path, i.ID)
		}
	}
	return file.Misconfigurations, nil
}
