// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command charts writes those parts of the Helm chart that follow from config/ and from the chart's values: the CRDs, the objects that no
// value changes, and the README. What it writes is committed; `make charts` runs it, and `make verify` fails on a difference.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", "../..", "the project's folder")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintf(os.Stderr, "charts: %v\n", err)
		os.Exit(1)
	}
}

func run(root string) error {
	chart := filepath.Join(root, "charts", "meeting-recording-operator")
	templates, err := fixedTemplates(filepath.Join(root, "config"))
	if err != nil {
		return err
	}
	for name, text := range templates {
		if err := os.WriteFile(filepath.Join(chart, "templates", name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := copyCRDs(filepath.Join(root, "config", "crd", "bases"), filepath.Join(chart, "files", "crds")); err != nil {
		return err
	}
	text, err := readme(chart, filepath.Join(root, "hack", "charts", "readme.md.tmpl"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(chart, "README.md"), text, 0o644)
}

// copyCRDs makes the folder to have exactly the CRDs of the folder from, byte for byte.
func copyCRDs(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no CRDs: run make manifests", from)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
