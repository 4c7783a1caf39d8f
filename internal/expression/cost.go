// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apiserver/pkg/cel/library"
)

// keptFactor is by how much more it costs to keep a list, a map or a text than to look at it: what is kept once can be referred
// to a hundred times at no cost in a list that is compared, or written, in one go.
const keptFactor = 10

// counter counts what a condition costs while it is evaluated: as Kubernetes does, but for functions to which CEL ascribes less
// than the work that they are. CEL takes two lists to be compared at the cost of their length, however much is in their elements,
// and a text to be replaced or formatted at the cost of what it was, not of what it becomes.
type counter struct {
	library.CostEstimator
	patterns patterns
}

// CallCost implements interpreter.ActualCostEstimator.
func (c *counter) CallCost(function, overload string, args []ref.Val, result ref.Val) *uint64 {
	if search := c.patterns.searchCost(function, args, result); search != nil {
		return search
	}
	cost := uint64(1)
	switch function {
	case operators.In:
		if _, isList := args[1].(traits.Lister); !isList {
			return c.CostEstimator.CallCost(function, overload, args, result)
		}
		cost += weight(args[0], MaxCost) + weight(args[1], MaxCost)
	case operators.Equals, operators.NotEquals, "flatten":
		if !containsAny(args) {
			return c.CostEstimator.CallCost(function, overload, args, result)
		}
		for _, arg := range args {
			cost += weight(arg, MaxCost)
		}
	case operators.Add:
		if _, isList := args[1].(traits.Lister); !isList {
			return c.CostEstimator.CallCost(function, overload, args, result)
		}
		cost += keptFactor * weight(args[1], MaxCost)
	case "cel.@mapInsert", "optional.of", "optional.ofNonZeroValue":
		cost += keptFactor * weight(args[len(args)-1], MaxCost)
	case "replace", "format", "join":
		for _, arg := range args {
			cost += weight(arg, MaxCost)
		}
		cost += weight(result, MaxCost)
	default:
		return c.CostEstimator.CallCost(function, overload, args, result)
	}
	return &cost
}

// pairwise counts what it costs to compare each element of one list with each of another, or of the same.
func pairwise(args []ref.Val, _ ref.Val) *uint64 {
	cost := uint64(1)
	for i, arg := range args {
		if other, ok := args[len(args)-1-i].(traits.Sizer); ok {
			cost += weight(arg, MaxCost) * uint64(other.Size().(types.Int)) //nolint:gosec // a size is not negative
		}
	}
	return &cost
}

// counting are the options that have a program count what it costs, and stop at MaxCost.
func counting(patterns patterns) []cel.ProgramOption {
	return []cel.ProgramOption{
		cel.CostLimit(MaxCost),
		cel.CostTracking(&counter{patterns: patterns}),
		cel.InterruptCheckFrequency(100),
		cel.CostTrackerOptions(
			interpreter.OverloadCostTracker("list_sets_contains_list", pairwise),
			interpreter.OverloadCostTracker("list_sets_equivalent_list", pairwise),
			interpreter.OverloadCostTracker("list_sets_intersects_list", pairwise),
			interpreter.OverloadCostTracker("list_distinct", pairwise),
		),
	}
}

// containsAny says whether one of the values is a list or a map.
func containsAny(values []ref.Val) bool {
	for _, value := range values {
		switch value := value.(type) {
		case traits.Lister, traits.Mapper:
			return true
		case *types.Optional:
			if value.HasValue() && containsAny([]ref.Val{value.GetValue()}) {
				return true
			}
		}
	}
	return false
}

// weight counts the characters and the numbers in a value, however deep. It stops counting at about the limit.
func weight(value ref.Val, limit uint64) uint64 {
	total := uint64(1)
	add := func(part ref.Val) bool {
		total += weight(part, limit-min(total, limit))
		return total < limit
	}
	switch value := value.(type) {
	case types.String:
		total += uint64(len(value))
	case types.Bytes:
		total += uint64(len(value))
	case *types.Optional:
		if value.HasValue() {
			add(value.GetValue())
		}
	case traits.Mapper:
		for keys := value.Iterator(); keys.HasNext() == types.True; {
			key := keys.Next()
			if !add(key) || !add(value.Get(key)) {
				break
			}
		}
	case traits.Lister:
		for items := value.Iterator(); items.HasNext() == types.True && add(items.Next()); {
			continue
		}
	}
	return total
}
