// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command crdcompat compares CustomResourceDefinitions with those of the last release, and fails on every change that can break stored
// objects, manifests that people keep, or programs that read or watch: by the rules of crdify (sigs.k8s.io/crdify), and some for
// selectable fields, server-side apply and CEL.
//
//	crdcompat -released DIR -now DIR [-accepted FILE]
//
// It exits with 0 where nothing breaks, 1 where something does or an acceptance is stale, and 2 where files cannot be read.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	released := flag.String("released", "", "folder of the last release's definitions, *.yaml")
	now := flag.String("now", "", "folder of today's definitions, *.yaml")
	accepted := flag.String("accepted", "", "YAML file of findings that were accepted, each with crd, version, path, rule and reason")
	flag.Parse()
	os.Exit(run(*released, *now, *accepted, os.Stderr))
}

func run(released, now, acceptedFile string, out io.Writer) int {
	old, err := readDefinitions(released)
	if err != nil {
		return fail(out, err)
	}
	new, err := readDefinitions(now)
	if err != nil {
		return fail(out, err)
	}
	var accepted []acceptance
	if acceptedFile != "" {
		data, err := os.ReadFile(acceptedFile)
		if err != nil {
			return fail(out, err)
		}
		if accepted, err = readAccepted(data); err != nil {
			return fail(out, fmt.Errorf("%s: %w", acceptedFile, err))
		}
	}
	broken, stale := evaluate(compareAll(old, new), accepted)
	for _, f := range broken {
		_, _ = fmt.Fprintln(out, "crdcompat:", f)
	}
	for _, a := range stale {
		_, _ = fmt.Fprintf(out, "crdcompat: %s accepts what is not found: %s %s %s %s: take it out\n", acceptedFile, a.CRD, a.Version, a.Path, a.Rule)
	}
	if len(broken) > 0 {
		_, _ = fmt.Fprintln(out, "crdcompat: these break users of the last release: change them back, or accept each in", acceptedFile, "with the reason")
	}
	if len(broken)+len(stale) > 0 {
		return 1
	}
	return 0
}

func fail(out io.Writer, err error) int {
	_, _ = fmt.Fprintln(out, "crdcompat:", err)
	return 2
}

// readDefinitions reads every YAML file of a folder, each of which holds one definition. Fields that it does not know are errors: they
// could be rules that it does not check.
func readDefinitions(folder string) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no definition in %q", folder)
	}
	var definitions []*apiextensionsv1.CustomResourceDefinition
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if crd.Kind != "CustomResourceDefinition" || len(crd.Spec.Versions) == 0 {
			return nil, fmt.Errorf("%s: not a CustomResourceDefinition with versions", file)
		}
		definitions = append(definitions, crd)
	}
	return definitions, nil
}
