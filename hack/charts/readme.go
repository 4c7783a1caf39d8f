// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// value is one of the chart's, as its README reports it.
type value struct {
	Key, Default, Description string
}

// readme renders the chart's README from the template file and the comments of values.yaml.
func readme(chart, file string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return nil, err
	}
	values, err := describe(text)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		KubeVersion string `yaml:"kubeVersion"`
	}
	if text, err = os.ReadFile(filepath.Join(chart, "Chart.yaml")); err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &metadata); err != nil {
		return nil, err
	}
	parsed, err := template.ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{"Chart": metadata, "Values": values})
	return out.Bytes(), err
}

// describe returns every value that has a comment, in the order of the file. It is an error if one has none.
func describe(text []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return walk("", document.Content[0])
}

func walk(prefix string, mapping *yaml.Node) ([]value, error) {
	var values []value
	for i := 0; i < len(mapping.Content); i += 2 {
		key, content := mapping.Content[i], mapping.Content[i+1]
		name := prefix + key.Value
		comment := strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(key.HeadComment, "# "), "\n# ", " "))
		if comment == "" {
			if content.Kind != yaml.MappingNode || len(content.Content) == 0 {
				return nil, fmt.Errorf("values.yaml: no comment says what %s is", name)
			}
			within, err := walk(name+".", content)
			if err != nil {
				return nil, err
			}
			values = append(values, within...)
			continue
		}
		var decoded any
		if err := content.Decode(&decoded); err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(decoded)
		if err != nil {
			return nil, err
		}
		values = append(values, value{Key: name, Default: string(encoded), Description: comment})
	}
	return values, nil
}
