// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command apilint runs kube-api-linter (https://sigs.k8s.io/kube-api-linter) over Go API types, and prints what does not follow the
// Kubernetes API conventions. What is accepted all the same is listed here with the reason.
//
//	apilint DIRECTORY
package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
	"sigs.k8s.io/kube-api-linter/pkg/analysis/registry"
	"sigs.k8s.io/kube-api-linter/pkg/config"
	_ "sigs.k8s.io/kube-api-linter/pkg/registration"
)

// exception accepts the findings of a linter that contain the text.
type exception struct{ linter, text, reason string }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: apilint DIRECTORY")
		os.Exit(2)
	}
	found, err := lint(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "apilint:", err)
		os.Exit(2)
	}
	for _, finding := range found {
		fmt.Println(finding)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// lint returns the findings that no exception accepts, and the exceptions that accept nothing.
func lint(directory string) ([]string, error) {
	analyzers, err := registry.DefaultRegistry().InitializeLinters(config.Linters{}, settings)
	if err != nil {
		return nil, fmt.Errorf("initialize the linters: %w", err)
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax, Dir: directory}, "./...")
	if err != nil {
		return nil, fmt.Errorf("load the packages of %s: %w", directory, err)
	}
	if packages.PrintErrors(loaded) > 0 {
		return nil, fmt.Errorf("the packages of %s do not compile", directory)
	}
	graph, err := checker.Analyze(analyzers, loaded, nil)
	if err != nil {
		return nil, fmt.Errorf("analyze %s: %w", directory, err)
	}
	var found []string
	used := make([]bool, len(exceptions))
	for _, action := range graph.Roots {
		if action.Err != nil {
			return nil, fmt.Errorf("run %s: %w", action.Analyzer.Name, action.Err)
		}
		for _, diagnostic := range action.Diagnostics {
			if accepted := find(action.Analyzer.Name, diagnostic.Message); accepted >= 0 {
				used[accepted] = true
				continue
			}
			position := action.Package.Fset.Position(diagnostic.Pos)
			found = append(found, fmt.Sprintf("%s: %s: %s", position, action.Analyzer.Name, diagnostic.Message))
		}
	}
	for i, accepted := range exceptions {
		if !used[i] {
			found = append(found, fmt.Sprintf("remove the exception %s %q: nothing needs it", accepted.linter, accepted.text))
		}
	}
	return found, nil
}

func find(linter, message string) int {
	for i, accepted := range exceptions {
		if accepted.linter == linter && strings.Contains(message, accepted.text) {
			return i
		}
	}
	return -1
}
