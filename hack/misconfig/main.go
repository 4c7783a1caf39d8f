// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Misconfig runs the Kubernetes checks that are embedded in Trivy on manifests, as `trivy config` does, of which it needs a tenth. It reads the
// files of a folder that end in .yaml, and fails on each finding that the ignore file, in Trivy's own format, has no statement about. Steps of
// RecordingPipelines are checked as the Jobs that they become.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scan"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes"
)

func main() {
	ignoreFile := flag.String("ignore", "", "`File` of the accepted findings, .trivyignore.yaml.")
	folder := flag.String("folder", "", "`Folder` of rendered manifests, one file for each way to install.")
	flag.Parse()
	if err := run(*folder, *ignoreFile); err != nil {
		fmt.Fprintln(os.Stderr, "misconfig:", err)
		os.Exit(1)
	}
}

func run(folder, ignoreFile string) error {
	accepted, err := readIgnored(ignoreFile)
	if err != nil {
		return err
	}
	manifests, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	if len(manifests) == 0 {
		return fmt.Errorf("no manifests in %s", folder)
	}
	objects := map[string]string{} // by the name of a file
	of := map[string][]string{}    // which manifests have it
	for _, manifest := range manifests {
		text, err := os.ReadFile(manifest)
		if err != nil {
			return err
		}
		title := strings.TrimSuffix(filepath.Base(manifest), ".yaml")
		if err := split(text, func(name, object string) {
			// Most objects are the same in every overlay, and need to be checked once.
			for variant := 1; ; variant++ {
				path := fmt.Sprintf("%s.%d.yaml", name, variant)
				if known, found := objects[path]; found && known != object {
					continue
				}
				objects[path] = object
				of[path] = append(of[path], title)
				return
			}
		}); err != nil {
			return fmt.Errorf("%s: %w", manifest, err)
		}
	}
	results, err := check(objects)
	if err != nil {
		return err
	}
	return report(results, accepted, of, len(objects), len(manifests))
}

func check(objects map[string]string) (scan.Results, error) {
	// The scanner formats its file system again and again, so this is not one in memory.
	folder, err := os.MkdirTemp("", "misconfig")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for name, object := range objects {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(object), 0o600); err != nil {
			return nil, err
		}
	}
	scanner := kubernetes.NewScanner(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true), rego.WithPolicyNamespaces(rego.BuiltinNamespaces()...))
	return scanner.ScanFS(context.Background(), os.DirFS(folder), ".")
}

// report prints the findings, and fails if there are some that are not accepted, or accepted ones that are not found.
func report(results scan.Results, accepted []*ignored, of map[string][]string, objects, manifests int) error {
	checks := map[string]bool{}
	var findings []string
	for _, result := range results {
		checks[result.Rule().ID] = true
		if result.Status() != scan.StatusFailed {
			continue
		}
		path := result.Range().GetFilename()
		object, _, _ := strings.Cut(filepath.Base(path), ".")
		if by := slices.IndexFunc(accepted, func(i *ignored) bool { return i.accepts(result.Rule().HasID, object) }); by >= 0 {
			accepted[by].found++
			continue
		}
		findings = append(findings, fmt.Sprintf("%s %s (%s): %s: %s", result.Rule().ID, path, strings.Join(of[path], ", "), result.Severity(), result.Description()))
	}
	slices.Sort(findings)
	for _, finding := range slices.Compact(findings) {
		fmt.Fprintln(os.Stderr, finding)
	}
	var unused []error
	for _, i := range accepted {
		if i.found == 0 {
			unused = append(unused, fmt.Errorf("%s is not found any more: remove it from the ignore file", i.ID))
		}
	}
	if err := errors.Join(unused...); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errors.New("fix what is found (above), or accept it in the ignore file with a statement that says why it is right")
	}
	_, err := fmt.Printf("misconfig: %d checks of %d objects in %d manifests; %d findings are accepted, each with its reason\n", len(checks), objects, manifests, len(accepted))
	return err
}
