// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// planted are the bugs by which the simulation is accepted.
var planted = []string{
	"reordered failing batch", "failure on the previous recording", "poisoned CloudEvent", "Job re-created after deletion", "unknown status field",
	"sweep ended by a 403", "lost wake-up", "stale Skipped", "clock ahead", "breaker fed by replays",
}

// TestMutantsApply: each mutant still changes the code that it was written for.
func TestMutantsApply(t *testing.T) {
	all, names := slices.Concat(receiver, manager), map[string]bool{}
	if len(all) < 60 {
		t.Errorf("%d mutants, want at least 60", len(all))
	}
	for _, m := range all {
		if names[m.name] {
			t.Errorf("two mutants are named %q", m.name)
		}
		names[m.name] = true
		path, content, err := m.source()
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), path, content, 0); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	for _, name := range planted {
		if !names[name] {
			t.Errorf("no mutant is named %q", name)
		}
	}
}
