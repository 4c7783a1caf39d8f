// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command charts writes those parts of the Helm chart that follow from config/ and from the chart's values: the objects that no value
// changes, the README, and copies of the CRDs and the dashboard in files/. All but files/ is committed; `make charts` runs it, and `make
// verify` fails on a difference.
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
	if err := copyFiles(filepath.Join(root, "config"), filepath.Join(chart, "files")); err != nil {
		return err
	}
	text, err := readme(chart, filepath.Join(root, "hack", "charts", "readme.md.tmpl"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(chart, "README.md"), text, 0o644)
}

// copyFiles has the folder files of the chart hold the CRDs and the dashboard of config/, byte for byte. It is not committed.
func copyFiles(config, files string) error {
	if err := os.RemoveAll(files); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(files, "crds"), os.DirFS(filepath.Join(config, "crd", "bases"))); err != nil {
		return fmt.Errorf("copy the CRDs (make manifests generates them): %w", err)
	}
	dashboard, err := os.ReadFile(filepath.Join(config, "observability", "dashboard.json"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(files, "dashboard.json"), dashboard, 0o644)
}
