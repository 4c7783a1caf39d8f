// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
)

// Target is what a figure should reach.
type Target struct {
	// Bound is the least that it should be, or the most.
	Bound float64 `json:"bound"`
	Least bool    `json:"least,omitempty"`
	// Ratio says that it is about the ratio, not about the figure itself.
	Ratio bool `json:"ratio,omitempty"`
}

func atLeast(ratio float64) *Target   { return &Target{Bound: ratio, Least: true, Ratio: true} }
func atMost(ratio float64) *Target    { return &Target{Bound: ratio, Ratio: true} }
func noMoreThan(most float64) *Target { return &Target{Bound: most} }

func (t *Target) String() string {
	if t == nil {
		return ""
	}
	sign, unit := "≤", ""
	if t.Least {
		sign = "≥"
	}
	if t.Ratio {
		unit = "x"
	}
	return fmt.Sprintf("%s %g%s", sign, t.Bound, unit)
}

// Verdict says whether a target is reached.
type Verdict string

// The verdicts.
const (
	None   Verdict = ""       // there is no target
	Met    Verdict = "met"    //
	Near   Verdict = "near"   // missed by no more than a tenth
	Missed Verdict = "MISSED" // missed by more
)

// tolerance is how far a figure may be from its target for the run not to fail.
const tolerance = 0.1

func (t *Target) evaluate(value float64) Verdict {
	switch {
	case t == nil:
		return None
	case math.IsNaN(value) || math.IsInf(value, 0):
		return Missed
	case t.Least && value >= t.Bound, !t.Least && value <= t.Bound:
		return Met
	case t.Least && value >= t.Bound*(1-tolerance), !t.Least && value <= t.Bound*(1+tolerance):
		return Near
	}
	return Missed
}

// Row is one figure. Limit is what Ours is compared with; where there is nothing to compare it with, it is nil, and so is Ratio.
type Row struct {
	Table  string   `json:"table"`
	Figure string   `json:"figure"`
	Limit  *float64 `json:"limit,omitempty"`
	Ours   float64  `json:"ours"`
	Ratio  *float64 `json:"ratio,omitempty"`
	Target *Target  `json:"target,omitempty"`
	Result Verdict  `json:"verdict,omitempty"`
}

// alone is a figure that is compared with nothing but its target.
func alone(table, figure string, ours float64, target *Target) Row {
	return Row{Table: table, Figure: figure, Ours: ours, Target: target, Result: target.evaluate(ours)}
}

// beside is a figure with that of the limit.
func beside(table, figure string, limit, ours float64, target *Target) Row {
	ratio := ours / limit
	row := Row{Table: table, Figure: figure, Limit: &limit, Ours: ours, Target: target}
	if limit != 0 {
		row.Ratio = &ratio
	}
	row.Result = target.evaluate(ours)
	if target != nil && target.Ratio {
		row.Result = target.evaluate(ratio)
	}
	return row
}

// AllMet reports whether no target is missed by more than a tenth.
func AllMet(rows []Row) bool {
	for i := range rows {
		if rows[i].Result == Missed {
			return false
		}
	}
	return true
}
