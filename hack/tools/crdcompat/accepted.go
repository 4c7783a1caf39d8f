// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// acceptance is a finding that was checked by a person, who says why it breaks nobody, or nobody who was not told.
type acceptance struct {
	finding
	Reason string `json:"reason"`
}

// readAccepted reads a YAML list of acceptances. Each needs a reason, and fields that do not exist are errors.
func readAccepted(data []byte) ([]acceptance, error) {
	var accepted []acceptance
	if err := yaml.UnmarshalStrict(data, &accepted); err != nil {
		return nil, err
	}
	for i, a := range accepted {
		if a.CRD == "" || a.Rule == "" || strings.TrimSpace(a.Reason) == "" {
			return nil, fmt.Errorf("entry %d needs crd, rule and reason", i+1)
		}
	}
	return accepted, nil
}

// evaluate takes what is accepted out of the findings, and tells which acceptances are of nothing that was found.
func evaluate(found []finding, accepted []acceptance) (broken []finding, stale []acceptance) {
	for _, f := range found {
		if !slices.ContainsFunc(accepted, func(a acceptance) bool { return a.same(f) }) {
			broken = append(broken, f)
		}
	}
	for _, a := range accepted {
		if !slices.ContainsFunc(found, a.same) {
			stale = append(stale, a)
		}
	}
	return broken, stale
}
