// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

const (
	// maxPatterns is how large the patterns of one condition may be together, in instructions of their compiled form: (a?){1000} has
	// 4,000.
	maxPatterns = 1000
	// stepsPerUnit is how many instructions a pattern executes for one unit of cost: each takes up to 20 ns.
	stepsPerUnit = 5
	// classShare is how many ends of ranges in a class of characters count as an instruction: \pL has some 1,300.
	classShare = 16
)

// searches are the functions whose last argument but a limit is a pattern.
var searches = map[string]bool{"matches": true, "find": true, "findAll": true}

// patterns has how many instructions each pattern of a condition executes for each character of a text.
type patterns map[string]uint64

// patternsOf returns the patterns of a condition, and how large they are together. It is called before they are compiled, because some
// hundred characters can compile to gigabytes. Each must be a literal, so that its size is known.
func patternsOf(parsed *cel.Ast) (found patterns, total uint64, err error) {
	found = make(patterns)
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(expr ast.Expr) {
		if err != nil || expr.Kind() != ast.CallKind || !searches[expr.AsCall().FunctionName()] {
			return
		}
		text, ok := patternOf(expr.AsCall())
		if !ok {
			err = fmt.Errorf("has a %s whose pattern is not a string literal", expr.AsCall().FunctionName())
			return
		}
		if pattern, invalid := syntax.Parse(text, syntax.Perl); invalid == nil { // CEL rejects it, and says where
			found[text] = stepsOfPattern(pattern)
			total += sizeOfPattern(pattern)
		}
	}))
	if err == nil && total > maxPatterns {
		err = fmt.Errorf("has patterns that are too large together: use fewer repetitions (size %d, limit %d)", total, maxPatterns)
	}
	return found, total, err
}

// patternOf returns the pattern of a call; false if it is not a literal.
func patternOf(call ast.CallExpr) (string, bool) {
	at := 1
	if call.IsMemberFunction() {
		at = 0
	}
	if len(call.Args()) <= at || call.Args()[at].Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := call.Args()[at].AsLiteral().(types.String)
	return string(text), ok
}

// stepsOfPattern returns how many instructions a pattern may execute for each character. What stands between ^ and the first repetition is
// executed once.
func stepsOfPattern(pattern *syntax.Regexp) (steps uint64) {
	if pattern.Op != syntax.OpConcat || pattern.Sub[0].Op != syntax.OpBeginText {
		return sizeOfPattern(pattern)
	}
	once := []syntax.Op{syntax.OpBeginText, syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL}
	first := slices.IndexFunc(pattern.Sub, func(sub *syntax.Regexp) bool { return !slices.Contains(once, sub.Op) })
	for _, sub := range pattern.Sub[max(first, 0):] {
		steps += sizeOfPattern(sub)
	}
	return steps
}

// sizeOfPattern returns how many instructions a pattern compiles to, without expanding its repetitions.
func sizeOfPattern(pattern *syntax.Regexp) uint64 {
	var sum uint64
	for _, sub := range pattern.Sub {
		sum = min(sum+sizeOfPattern(sub), 1<<32)
	}
	switch pattern.Op {
	case syntax.OpLiteral:
		return uint64(len(pattern.Rune))
	case syntax.OpCharClass:
		return 1 + uint64(len(pattern.Rune))/classShare
	case syntax.OpConcat:
		return sum
	case syntax.OpAlternate:
		return sum + uint64(len(pattern.Sub)) - 1
	case syntax.OpCapture:
		return sum + 2
	case syntax.OpRepeat:
		return (sum + 1) * uint64(max(pattern.Min, pattern.Max, 1))
	}
	return sum + 1
}

// patternCost is what a search in a text may cost: each character is compared with each instruction, and a search for all matches may
// begin again at each character.
func patternCost(text, size, matches uint64) checker.CostEstimate {
	once := checker.SizeEstimate{Max: text}.MultiplyByCostFactor(float64(size) / stepsPerUnit)
	return once.Multiply(checker.CostEstimate{Min: 1, Max: matches}).Add(checker.FixedCostEstimate(1))
}

// estimateSearch returns what a search may cost; nil if the call is none.
func (e *estimator) estimateSearch(function string, target *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	if !searches[function] {
		return nil
	}
	all := args
	if target != nil {
		all = append([]checker.AstNode{*target}, args...)
	}
	literal, ok := all[1].Expr().AsLiteral().(types.String)
	if !ok {
		return nil // patternsOf has rejected it
	}
	text := all[0].ComputedSize()
	if text == nil {
		text = e.SizeEstimator.EstimateSize(all[0])
	}
	if text == nil {
		return &checker.CallEstimate{CostEstimate: checker.UnknownCostEstimate()}
	}
	matches := uint64(1)
	if function == "findAll" {
		matches = text.Max + 1
	}
	result := &checker.CallEstimate{CostEstimate: patternCost(text.Max, e.patterns[string(literal)], matches)}
	if function != "matches" {
		result.ResultSize = &checker.SizeEstimate{Max: text.Max}
	}
	return result
}

// searchCost is what a search did cost; nil if the call was none.
func (p patterns) searchCost(function string, args []ref.Val, result ref.Val) *uint64 {
	if !searches[function] || len(args) < 2 {
		return nil
	}
	text, isText := args[0].(types.String)
	pattern, isPattern := args[1].(types.String)
	if !isText || !isPattern {
		return nil
	}
	matches := uint64(1)
	if list, ok := result.(traits.Sizer); ok && function == "findAll" {
		matches += uint64(list.Size().(types.Int)) //nolint:gosec // a size is not negative
	}
	cost := patternCost(uint64(len(text)), p[string(pattern)], matches).Max
	return &cost
}
