// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// finding is one change that breaks someone: objects that are stored, manifests that people keep, or programs that read or watch.
type finding struct {
	// CRD is the definition's name, such as meetingrecordings.recording.meetingops.dev.
	CRD string `json:"crd"`
	// Version is the version of the API; empty where the change is of the whole definition.
	Version string `json:"version,omitempty"`
	// Path is the field: names joined by dots, [] for the items of a list, {} for the values of a map; empty for the whole version.
	Path string `json:"path,omitempty"`
	// Rule is the name of the rule that is broken, such as property-removed.
	Rule string `json:"rule"`
	// Detail says what was and what is.
	Detail string `json:"-"`
}

func (f finding) String() string {
	at := f.CRD
	if f.Version != "" {
		at += " " + f.Version
	}
	if f.Path != "" {
		at += " " + f.Path
	}
	return fmt.Sprintf("%s: %s: %s", at, f.Rule, f.Detail)
}

// same says whether two findings are of the same rule at the same place.
func (f finding) same(other finding) bool {
	f.Detail, other.Detail = "", ""
	return f == other
}

func sorted(findings []finding) []finding {
	slices.SortFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.CRD, b.CRD), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Detail, b.Detail))
	})
	return findings
}
