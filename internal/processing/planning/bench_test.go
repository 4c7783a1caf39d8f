// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"fmt"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// BenchmarkDecide is the decision on the outcome of one step, which every recording needs.
func BenchmarkDecide(b *testing.B) {
	in := input(recording(stopped, 0), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = active()
	in.Recording = stored(in.Recording, planning.Decide(in))
	in.Jobs[jobName("p", "a")] = succeeded()
	b.ReportAllocs()
	for b.Loop() {
		if planning.Decide(in).Processing.State != "Succeeded" {
			b.Fatal("it does not succeed")
		}
	}
}

// BenchmarkDecideGraph is a decision on 32 steps that each need the one before, half of which have ended.
func BenchmarkDecideGraph(b *testing.B) {
	steps := []string{"s0"}
	for i := 1; i < 32; i++ {
		steps = append(steps, fmt.Sprintf("s%d needs s%d", i, i-1))
	}
	in := input(recording(stopped, 0), graph("p", steps...))
	for i := range 16 {
		in.Jobs[jobName("p", fmt.Sprintf("s%d", i))] = succeeded()
	}
	in.Jobs[jobName("p", "s16")] = active()
	in.Recording = stored(in.Recording, planning.Decide(in))
	b.ReportAllocs()
	for b.Loop() {
		if planning.Decide(in).Processing.State != "Running" {
			b.Fatal("it does not run")
		}
	}
}
